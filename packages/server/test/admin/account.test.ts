// L3, L1: the users' own page, by cookie: they see and end their own sessions, and prove who they are before they end
// one.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { memoryStore } from "sessile";
import { testClock } from "sessile/testing";
import { PASSWORD } from "../sign-in/sign-in-app.ts";
import { call, profile } from "../support/client.ts";
import { PageClient, startAdminApp } from "./admin-app.ts";

const app = await startAdminApp({ after });

async function signedIn(username: string): Promise<PageClient> {
  const client = new PageClient(app.url, "/account/api");
  assert.equal((await client.ask("POST", "/sign-in", { username, password: PASSWORD })).status, 200);
  return client;
}

async function tokenOf(username: string): Promise<string> {
  return (await app.mint(String(app.user(username).id))).token;
}

test("L3: a user sees all sessions, by cookie and by token, this one marked, and can end the others", async () => {
  const [here, there] = [await signedIn("alice"), await signedIn("alice")];
  const token = await tokenOf("alice");
  const { sessions } = (await here.ask("GET", "/me/sessions")).body;
  assert.equal(sessions.length, 3);
  assert.equal(sessions.filter(({ current }: { current: boolean }) => current).length, 1);
  assert.deepEqual((await here.ask("POST", "/me/sessions/end", { others: true })).body, { ended: 2 });
  assert.equal((await there.ask("GET", "/me")).status, 401);
  assert.equal((await profile(app.url, token)).status, 401);
  assert.equal((await here.ask("GET", "/me")).status, 200);
});

test("L3: another user's session is not found, and goes on", async () => {
  const [alice, bob] = [await signedIn("alice"), await signedIn("bob")];
  const [own] = (await bob.ask("GET", "/me/sessions")).body.sessions;
  assert.equal((await alice.ask("POST", "/me/sessions/end", { sid: own.sid })).status, 404);
  assert.equal((await bob.ask("GET", "/me")).status, 200);
});

test("L1, H9, B4: the cookie of this page is no token elsewhere, and other credentials are none here", async () => {
  const client = await signedIn("alice");
  const token = await tokenOf("alice");
  assert.equal((await call(app.url, "GET", "/profile", { cookie: client.cookie })).status, 401);
  assert.equal((await call(app.url, "GET", "/account/api/me", { "X-Session-Token": token })).status, 401);
  assert.equal(
    (await client.ask("GET", "/me", undefined, { "sec-fetch-site": "cross-site" })).status,
    200,
    "reading is no act",
  );
  assert.equal(
    (await client.ask("POST", "/me/sessions/end", { others: true }, { "sec-fetch-site": "cross-site" })).status,
    403,
  );
});

test("L3: a new password ends all other sessions, keeps this one by a new cookie, and no body holds a token", async () => {
  const [here, there] = [await signedIn("ruth"), await signedIn("ruth")];
  const before = here.cookie;
  const body = { current_password: PASSWORD, new_password: "seven quiet lanterns by the canal" };
  const wrong = await here.ask("POST", "/password", { ...body, current_password: "wrong" });
  assert.deepEqual([wrong.status, wrong.body], [403, { detail: "Incorrect password" }]);
  const short = await here.ask("POST", "/password", { ...body, new_password: "short" });
  assert.equal(short.status, 422);
  assert.equal((await here.ask("POST", "/password", body, { "sec-fetch-site": "cross-site" })).status, 403);
  assert.equal((await there.ask("GET", "/me")).status, 200, "until then nothing has changed");
  const set = await here.ask("POST", "/password", body);
  assert.deepEqual([set.status, set.body], [200, { session_token: null }]);
  assert.notEqual(here.cookie, before);
  assert.equal((await here.ask("GET", "/me")).status, 200);
  assert.equal((await there.ask("GET", "/me")).status, 401);
  assert.equal((await new PageClient(app.url, "/account/api").ask("POST", "/password", body)).status, 401);
});

test("who is signed in is told without a 401, on both pages, and never to the wrong one", async () => {
  const [alice, admin] = [await signedIn("alice"), await app.operator()];
  const ask = async (client: PageClient): Promise<string | null> => {
    const { status, body } = await client.ask("GET", "/who");
    assert.equal(status, 200);
    return body.person?.name ?? null;
  };
  assert.equal(await ask(alice), "alice");
  assert.equal(await ask(admin), "root");
  for (const api of ["/account/api", "/admin/api"]) assert.equal(await ask(new PageClient(app.url, api)), null);
  app.users.setAdmin(app.user("root"), false);
  assert.equal(await ask(admin), null, "the right is gone");
  app.users.setAdmin(app.user("root"), true);
});

test("signing out ends this session alone, and the browser forgets it", async () => {
  const [here, there] = [await signedIn("bob"), await signedIn("bob")];
  assert.equal((await here.ask("POST", "/sign-out")).status, 200);
  assert.equal(here.cookie, "");
  assert.equal((await there.ask("GET", "/me")).status, 200);
});

test("ASVS 7.5.2, L3: ending sessions elsewhere wants the password again after five minutes; signing out here does not", async () => {
  const [here, there] = [await signedIn("alice"), await signedIn("alice")];
  app.sessionClock.advance(5 * 60_000);
  const { status, body } = await here.ask("POST", "/me/sessions/end", { others: true });
  assert.deepEqual([status, body], [403, { detail: "Sign in again to do this." }]);
  assert.equal((await there.ask("GET", "/me")).status, 200);
  assert.equal((await here.ask("POST", "/confirm", { password: PASSWORD })).status, 200);
  assert.ok((await here.ask("POST", "/me/sessions/end", { others: true })).body.ended >= 1);
  app.sessionClock.advance(5 * 60_000);
  assert.equal((await here.ask("POST", "/sign-out")).status, 200);
});

test("D10: giving the password again keeps the session and gives it a new token; wrong passwords count as failed sign-ins", async () => {
  const here = await signedIn("bob");
  const own = async () => (await here.ask("GET", "/me/sessions")).body.sessions as { sid: string; current: boolean }[];
  const before = await own();
  const token = here.cookie;
  app.sessionClock.advance(5 * 60_000);
  assert.equal((await here.ask("POST", "/confirm", { password: "wrong" })).status, 403);
  assert.equal(here.cookie, token);
  assert.equal((await here.ask("POST", "/confirm", { password: PASSWORD })).status, 200);
  assert.notEqual(here.cookie, token);
  const after = await own();
  const sidsOf = (sessions: typeof after) => sessions.map(({ sid, current }) => [sid, current]);
  assert.deepEqual(sidsOf(after), sidsOf(before));
  const { actor, sid, method } = app.events().findLast(({ event }) => event === "elevated") ?? {};
  assert.deepEqual(
    [actor, sid, method],
    [`user:${app.user("bob").id}`, before.find(({ current }) => current)?.sid, "password"],
  );
  const thief = new PageClient(app.url, "/account/api");
  thief.cookie = token;
  assert.equal((await thief.ask("POST", "/me/sessions/end", { others: true })).status, 403);
  let status = 403;
  for (let tries = 0; tries < 30 && status === 403; tries++)
    status = (await here.ask("POST", "/confirm", { password: "wrong" })).status;
  assert.equal(status, 429);
});

test("a sign-in that asks to be kept is, also when the password is given again, and only where the page may offer it", async () => {
  const month = 30 * 86_400_000;
  const keeping = await startAdminApp({ after }, memoryStore(), testClock(), { keepFor: month });
  const client = new PageClient(keeping.url, "/account/api");
  assert.deepEqual((await client.ask("GET", "/who")).body, { person: null, keepFor: month });
  const cookieOf = async (path: string, body: object): Promise<string> =>
    (await client.ask("POST", path, body)).headers.get("set-cookie") ?? "";
  for (const [keep, attribute] of [
    [true, /; Max-Age=2592000;/],
    [false, /^(?!.*Max-Age)/],
  ] as const) {
    const credentials = { username: "alice", password: PASSWORD };
    assert.match(await cookieOf("/sign-in", { ...credentials, keep_signed_in: keep }), attribute);
    assert.match(await cookieOf("/confirm", { password: PASSWORD }), attribute);
  }
  assert.equal((await new PageClient(app.url, "/account/api").ask("GET", "/who")).body.keepFor, null);
  const admin = new PageClient(keeping.url, "/admin/api");
  assert.equal((await admin.ask("GET", "/who")).body.keepFor, null);
  const body = { username: "root", password: PASSWORD, keep_signed_in: true };
  const { headers } = await admin.ask("POST", "/sign-in", body);
  assert.match(headers.get("set-cookie") ?? "", /; Max-Age=28800;/, "as of every administrator");
});
