// Hostile user ids of applications: each can be listed and revoked exactly, everywhere, without effect on other users.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import fc from "fast-check";
import { byDepth } from "sessile-test-support/depth";
import { AS_STORED, openStore } from "#dist/store/open-store.js";
import { freshStore, KINDS } from "../support/stores.ts";
import { Harness } from "./harness.ts";
import { nastyData, nastyText, nastyUserId } from "./nasty.ts";

/** The same for a day, so that a failure can be looked at again: `SESSILE_SEED` sets it. */
const SEED = Number(process.env["SESSILE_SEED"] ?? Math.floor(Date.now() / 86_400_000));
const ROUNDS = byDepth(1, 15, 3000);

const FIXED = [
  "..",
  ".",
  "x/../victim",
  "/",
  "a?except=1",
  "%2e%2e",
  "__proto__",
  "\0",
  " ",
  "\u202eroot",
  "é".repeat(128),
];

const userIds = fc.uniqueArray(fc.oneof(nastyUserId(), fc.constantFrom(...FIXED)), { minLength: 2, maxLength: 5 });
const label = nastyText(200).map((text) => text.toWellFormed());

for (const kind of KINDS) {
  describe(`hostile user ids, devices and data, on ${kind}`, async () => {
    const fresh = await freshStore(kind);
    const { store, close } = await openStore({ store: fresh.option, ...AS_STORED });
    const harness = await Harness.start({ after }, store);
    after(async () => {
      await close();
      await fresh.close();
    });

    test(`each is listed and revoked exactly, by API and on the admin page, and no other user, on ${kind}`, async (context) => {
      context.diagnostic(`SESSILE_SEED=${SEED}, ${ROUNDS} rounds`);
      const property = fc.asyncProperty(userIds, label, nastyData(), (ids, device, data) =>
        round(harness, [...FIXED.slice(0, 2), ...ids], { device, data }),
      );
      await fc.assert(property, { seed: SEED, numRuns: ROUNDS });
    });
  });
}

async function round(harness: Harness, ids: readonly string[], more: { device: string; data: object }): Promise<void> {
  const users = [...new Set(ids)];
  await harness.begin("bystander");
  for (const userId of users) {
    const data = { ...more.data, note: more.device };
    const { token } = await harness.begin(userId, { ...more, data });
    for (let i = 0; i < 3; i++) await harness.begin(userId);
    await isTold(harness, token, [userId, more.device]);
  }
  await harness.check();
  for (const userId of users) await look(harness, userId);
  for (const userId of users) await misspell(harness, userId);
  await harness.check();
  for (const userId of users) await endStepByStep(harness, userId);
  await harness.checkHealth();
}

/** A proxy is told exactly this user and this note. */
async function isTold(harness: Harness, token: string, expected: readonly string[]): Promise<void> {
  const { status, headers } = await fetch(`${harness.app.url}/verify`, { headers: { "x-session-token": token } });
  assert.equal(status, 200);
  const told = ["x-user-id", "x-note"].map((name) => decodeURIComponent(headers.get(name) ?? ""));
  assert.deepEqual(told, expected);
}

/** Everything that shows a user or a session shows this one. */
async function look(harness: Harness, userId: string): Promise<void> {
  const { operator } = harness;
  const sids = harness.sidsOf(userId).sort();
  const query = new URLSearchParams({ user_id: userId });
  const listed = (await harness.api("GET", `/sessions?${query}`)).body.sessions;
  assert.deepEqual(listed.map(({ sid }: { sid: string }) => sid).sort(), sids);
  for (const { user_id } of listed) assert.equal(user_id, userId);
  const shown = (await operator.ask("GET", `/user?${new URLSearchParams({ userId })}`)).body;
  assert.deepEqual([shown.userId, shown.sessions.length], [userId, sids.length]);
  const session = (await operator.ask("GET", `/session?sid=${sids[0]}`)).body;
  assert.deepEqual([session.userId, session.ofUser], [userId, sids.length]);
  for (const path of [`/find?${new URLSearchParams({ q: userId })}`, "/overview", "/sessions"])
    assert.ok((await operator.ask("GET", path)).status < 500, path);
  assert.equal((await operator.ask("POST", "/show-data", { sid: sids[0] })).status, 200);
  assert.equal((await fetch(`${harness.app.url}/admin/user?${new URLSearchParams({ id: userId })}`)).status, 200);
}

/** Requests of a client that builds paths from ids, or loses a part of its body: nothing ends. */
async function misspell(harness: Harness, userId: string): Promise<void> {
  const { operator } = harness;
  const [sid = ""] = harness.sidsOf(userId);
  const encoded = encodeURIComponent(userId);
  for (const path of [
    `/users/${encoded}/sessions`,
    `/users/${encoded}/sessions/${sid}`,
    `/sessions/${encoded}`,
    `/me/sessions/${encoded}`,
    `/admin/api/users/${encoded}/sessions`,
    `/admin/api/users/${encoded}/sessions?except=${sid}`,
    `/admin/api/sessions/${encoded}`,
    "/admin/api/sessions",
  ])
    for (const method of ["DELETE", "POST"]) {
      const { status } = await harness.api(method, path, undefined, {
        cookie: operator.cookie,
        "sec-fetch-site": "same-origin",
      });
      assert.ok(status >= 400 && status < 500, `${method} ${path} was answered ${status}`);
    }
  for (const [path, body] of [
    ["/sessions/end", { user_id: userId }],
    ["/sessions/end", { user_id: userId, sid: undefined }],
    ["/sessions/end", { user_id: userId, all: false }],
    ["/sessions/end", { user_id: userId, sid: "", all: true }],
    ["/sessions/end", { sid }],
    ["/sessions/end", { all: true }],
    [`/sessions/end?user_id=${encoded}`, { all: true }],
    [`/sessions/end?user_id=${encoded}`, { user_id: userId, all: true }],
  ] as const)
    assert.equal((await harness.api("POST", path, body)).status, 422, JSON.stringify([path, body]));
  for (const [path, body] of [
    ["/end-user", { userId }],
    ["/end-user", { userId, except: undefined }],
    ["/end-user", { userId, except: sid, all: true }],
    ["/end-user", { all: true }],
    [`/end-user?userId=${encoded}`, { userId, all: true }],
    ["/end-session", {}],
    ["/end-session", { userId }],
    ["/end-everyone", {}],
    ["/end-everyone", { everyone: false }],
    ["/end-everyone", { everyone: true, userId }],
    [`/end-everyone?userId=${encoded}`, { everyone: true }],
  ] as const)
    assert.equal((await operator.ask("POST", path, body)).status, 422, JSON.stringify([path, body]));
}

/** One session by API, the others but one on the page, then all: each time exactly those. */
async function endStepByStep(harness: Harness, userId: string): Promise<void> {
  const { operator } = harness;
  const [first = "", second = "", ...rest] = harness.sidsOf(userId);
  const [foreign] = harness.sidsOf("bystander");
  assert.equal((await harness.api("POST", "/sessions/end", { user_id: userId, sid: foreign })).status, 404);
  assert.deepEqual((await harness.api("POST", "/sessions/end", { user_id: userId, sid: first })).body, { ended: 1 });
  harness.ended(userId, [first]);
  await harness.check();
  assert.deepEqual((await operator.ask("POST", "/end-user", { userId, except: second })).body, { ended: rest.length });
  harness.ended(userId, rest);
  await harness.check();
  const { entries } = (await operator.ask("GET", "/audit?limit=1")).body;
  assert.deepEqual([entries[0].action, entries[0].target], ["endOthers", userId]);
  assert.deepEqual((await harness.api("POST", "/sessions/end", { user_id: userId, all: true })).body, { ended: 1 });
  harness.ended(userId, [second]);
  await harness.check();
}
