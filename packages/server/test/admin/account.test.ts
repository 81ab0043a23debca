// L3, L1: the users' own page, by cookie: they see and end their own sessions, and prove who they are before they end one.

import assert from "node:assert/strict";
import { after, test } from "node:test";
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

test("L3: somebody else's session is not found, and goes on", async () => {
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
