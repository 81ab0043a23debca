// L2, L4, L5, L7: what the admin page shows of sessions, how it finds them, and how it ends them, on every store.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { fullRecord, sampleRecord } from "sessile/testing";
import { AS_STORED, openStore } from "#dist/store/open-store.js";
import { call, profile } from "../support/client.ts";
import { freshStore, KINDS } from "../support/stores.ts";
import { type AdminApp, startAdminApp } from "./admin-app.ts";

const ROW = ["sid", "userId", "userName", "device", "createdAt", "lastSeenAt", "expiresAt"];

for (const kind of KINDS) {
  describe(kind, async () => {
    const fresh = await freshStore(kind);
    const { store, close } = await openStore({ store: fresh.option, ...AS_STORED });
    const app = await startAdminApp({ after }, store);
    after(async () => {
      await close();
      await fresh.close();
    });
    const operator = await app.operator();
    const alice = String(app.user("alice").id);

    test(`L2: nothing that the admin page is told holds a token, a digest or a value of the data, on ${kind}`, async () => {
      const { sid, token } = await app.mint(alice);
      const record = await app.store.load(sid);
      const secrets = [
        token,
        token.slice(26, 70),
        record?.secretDigest as string,
        operator.cookie.split("=")[1] as string,
      ];
      const paths = [
        "/me",
        "/overview",
        "/sessions",
        "/audit",
        `/user?userId=${alice}`,
        `/session?sid=${sid}`,
        `/find?q=${sid}`,
      ];
      for (const path of paths) {
        const { status, body, headers } = await operator.ask("GET", path);
        assert.equal(status, 200, path);
        assert.equal(headers.get("cache-control"), "no-store", path);
        for (const secret of secrets) assert.ok(!JSON.stringify(body).includes(secret), path);
      }
      const [shown] = (await operator.ask("GET", `/user?userId=${alice}`)).body.sessions;
      assert.deepEqual(Object.keys(shown), ROW);
    });

    test(`a session's own idle timeout is shown, on ${kind}`, async () => {
      const record = sampleRecord({ userId: "71", idleTimeout: 600_000 });
      await app.store.create(record);
      const { body } = await operator.ask("GET", `/session?sid=${record.sid}`);
      assert.equal(body.idleTimeout, 600_000);
    });

    test(`L2: of the data the keys are shown, and the values only on request, on ${kind}`, async () => {
      const data = JSON.stringify({ note: "a secret", list: [1], nothing: null });
      const record = sampleRecord({ userId: "70", data });
      const { sid } = record;
      await app.store.create(record);
      const shown = (await operator.ask("GET", `/session?sid=${sid}`)).body;
      assert.deepEqual(shown.keys, [
        { name: "note", type: "string", size: 10 },
        { name: "list", type: "list", size: 3 },
        { name: "nothing", type: "null", size: 4 },
      ]);
      assert.ok(!JSON.stringify(shown).includes("a secret"));
      const { status, body, headers } = await operator.ask("POST", "/show-data", { sid });
      assert.deepEqual([status, body], [200, { data: JSON.parse(data) }]);
      assert.equal(headers.get("cache-control"), "no-store");
      const { entries } = (await operator.ask("GET", "/audit?limit=1")).body;
      assert.deepEqual([entries[0].action, entries[0].target, entries[0].actor], ["showData", sid, "root"]);
    });

    test(`L4: one, a user's others, a user's all: each ends at once, says how many, and leaves all others, on ${kind}`, async () => {
      const mine = [await app.mint("40"), await app.mint("40"), await app.mint("40"), await app.mint("40")];
      const other = await app.mint("41");
      const alive = async () =>
        Promise.all([...mine, other].map(async ({ token }) => (await profile(app.url, token)).status === 200));
      assert.deepEqual((await operator.ask("POST", "/end-session", { sid: mine[0]?.sid })).body, { ended: 1 });
      assert.deepEqual(await alive(), [false, true, true, true, true]);
      assert.equal((await operator.ask("POST", "/end-session", { sid: mine[0]?.sid })).status, 404);
      assert.deepEqual((await operator.ask("POST", "/end-user", { userId: "40", except: mine[1]?.sid })).body, {
        ended: 2,
      });
      assert.deepEqual(await alive(), [false, true, false, false, true]);
      assert.deepEqual((await operator.ask("POST", "/end-user", { userId: "40", all: true })).body, { ended: 1 });
      assert.deepEqual(await alive(), [false, false, false, false, true]);
    });

    test(`L4: all sessions end, of users and of visitors, and the administrator stays, on ${kind}`, async () => {
      const sessions = await Promise.all(["50", "51", "51"].map((userId) => app.mint(userId)));
      const visitor = fullRecord({
        userId: null,
        expiresAt: Date.now() + 60_000,
        absoluteExpiresAt: Date.now() + 60_000,
      });
      await app.store.create(visitor);
      const { status } = await operator.ask("POST", "/end-everyone", { everyone: true });
      assert.equal(status, 202);
      await untilDone(operator);
      for (const { token } of sessions) assert.equal((await profile(app.url, token)).status, 401);
      assert.equal(await app.store.load(visitor.sid), null);
      assert.deepEqual((await operator.ask("GET", "/sessions")).body.sessions, []);
      assert.equal((await operator.ask("GET", "/me")).status, 200);
      const { entries } = (await operator.ask("GET", "/audit?limit=1")).body;
      assert.equal(entries[0].action, "endEveryone");
      assert.ok(entries[0].ended >= 4);
    });

    test(`L5: pages hold each session once, by last use within a page, and a filter leaves nothing out, on ${kind}`, async () => {
      const minted = new Set<string>();
      for (let user = 100; user < 225; user++) minted.add((await app.mint(String(user))).sid);
      for (const filter of ["", "&kind=users", "&used=%3C5"]) {
        const seen: string[] = [];
        let next: string | null = "";
        while (next !== null) {
          const { body } = await operator.ask("GET", `/sessions?limit=50${filter}${next && `&after=${next}`}`);
          const used = body.sessions.map(({ lastSeenAt }: { lastSeenAt: number }) => lastSeenAt);
          assert.deepEqual(
            used,
            used.toSorted((a: number, b: number) => b - a),
          );
          seen.push(...body.sessions.map(({ sid }: { sid: string }) => sid));
          next = body.next;
        }
        if (kind !== "redis") assert.equal(new Set(seen).size, seen.length); // which may show one twice
        for (const sid of minted) assert.ok(seen.includes(sid));
      }
      assert.deepEqual((await operator.ask("GET", "/sessions?kind=anonymous")).body.sessions, []);
      assert.deepEqual((await operator.ask("GET", "/sessions?device=Firefox")).body.sessions, []);
    });

    test(`L5: limits, cursors and filters out of range are refused, on ${kind}`, async () => {
      for (const query of ["limit=0", "limit=101", "limit=1e9", "after=x&after=y", "used=5", "used=<x", "kind=all"])
        assert.equal((await operator.ask("GET", `/sessions?${query}`)).status, 422, query);
      assert.equal((await operator.ask("GET", "/sessions?after=*")).status, 400);
      for (const query of ["limit=101", "before=0", "before=x"])
        assert.equal((await operator.ask("GET", `/audit?${query}`)).status, 422, query);
      assert.equal((await operator.ask("GET", "/find?q=")).status, 422);
    });

    test(`L7: what ended or is over by its deadline is in no list and has no page, on ${kind}`, async () => {
      const past = Date.now() - 1;
      const over = fullRecord({
        userId: "60",
        createdAt: past - 10,
        lastSeenAt: past - 10,
        expiresAt: past,
        absoluteExpiresAt: past,
      });
      await app.store.create(over);
      const ended = await app.mint("60");
      await app.manager.revoke(ended.sid);
      assert.deepEqual((await operator.ask("GET", "/user?userId=60")).body.sessions, []);
      const { sessions } = (await operator.ask("GET", "/sessions?limit=100")).body;
      for (const { sid } of [over, ended]) {
        assert.ok(!sessions.some((each: { sid: string }) => each.sid === sid));
        assert.equal((await operator.ask("GET", `/session?sid=${sid}`)).status, 404);
        assert.deepEqual((await operator.ask("GET", `/find?q=${sid}`)).body, { kind: "nothing" });
      }
    });

    test(`a search finds sessions by sid, and users by name in any case, by id, and by the sessions of an unknown id, on ${kind}`, async () => {
      const { sid } = await app.mint("an id of another program");
      const find = async (text: string) => (await operator.ask("GET", `/find?q=${encodeURIComponent(text)}`)).body;
      assert.deepEqual(await find(` ${sid} `), { kind: "session", sid });
      assert.deepEqual(await find("ALICE"), { kind: "user", userId: alice });
      assert.deepEqual(await find(alice), { kind: "user", userId: alice });
      assert.deepEqual(await find("an id of another program"), { kind: "user", userId: "an id of another program" });
      assert.deepEqual(await find("nobody"), { kind: "nothing" });
    });
  });
}

async function untilDone(operator: Awaited<ReturnType<AdminApp["operator"]>>): Promise<void> {
  while ((await operator.ask("GET", "/everyone")).body.isRunning);
}

test("P1: while the store is down the page is told so, the administrator stays signed in, and all is well afterwards", async () => {
  const app = await startAdminApp({ after });
  const operator = await app.operator();
  await app.mint("1");
  app.store.fail();
  for (const [method, path, body] of [
    ["GET", "/sessions"],
    ["GET", "/user?userId=1"],
    ["GET", "/find?q=alice"],
    ["POST", "/end-user", { userId: "1", all: true }],
  ] as const) {
    const { status, headers } = await operator.ask(method, path, body);
    assert.deepEqual([status, headers.get("retry-after")], path === "/find?q=alice" ? [200, null] : [503, "1"], path);
  }
  for (const path of ["/me", "/overview", "/audit"]) assert.equal((await operator.ask("GET", path)).status, 200, path);
  await operator.ask("POST", "/end-everyone", { everyone: true });
  while ((await operator.ask("GET", "/everyone")).body.isRunning);
  assert.equal((await operator.ask("GET", "/everyone")).body.hasFailed, true);
  app.store.recover();
  assert.equal((await operator.ask("GET", "/sessions")).body.sessions.length, 1);
});

test("M3: a path of the admin page refuses the methods it does not have", async () => {
  const app = await startAdminApp({ after });
  for (const [path, allow] of [
    ["/admin", "GET, HEAD"],
    ["/admin/api/sign-in", "POST"],
    ["/admin/api/sessions", "GET, HEAD"],
    ["/admin/api/end-everyone", "POST"],
  ] as const) {
    const { status, headers } = await call(app.url, "PUT", path);
    assert.deepEqual([status, headers.get("allow")], [405, allow]);
  }
});
