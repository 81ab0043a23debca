// D9: a new password, and what becomes of the sessions, in every order of events.

import assert from "node:assert/strict";
import { test } from "node:test";
import { profile } from "../support/client.ts";
import { login, PASSWORD, post, type Reply, type SignInApp, startSignIn } from "./sign-in-app.ts";

const NEW = "another fine passphrase";

async function tokenOf(app: SignInApp, password = PASSWORD): Promise<string> {
  const { body } = await login(app.url, "alice", password);
  return body.session_token as string;
}

function change(app: SignInApp, token: string, current: string, next: string): Promise<Reply> {
  const headers = { "X-Session-Token": token, "X-Forwarded-For": "192.0.2.1" };
  return post(app.url, "/password", { current_password: current, new_password: next }, headers);
}

const dueAt = (app: SignInApp) => app.users.endings.due(app.service().storeName);

test("D9: a new password ends all sessions of the user, the one that asked too, and begins a new one", async (t) => {
  const app = await startSignIn(t);
  const tokens = [await tokenOf(app), await tokenOf(app), await tokenOf(app), await tokenOf(app), await tokenOf(app)];
  const other = await app.mint("7");
  const { status, body } = await change(app, tokens[2] as string, PASSWORD, NEW);
  assert.deepEqual([status, Object.keys(body)], [200, ["session_token"]]);
  for (const token of tokens) assert.equal((await profile(app.url, token)).status, 401);
  assert.equal((await profile(app.url, body.session_token as string)).status, 200);
  assert.equal((await profile(app.url, other.headers["X-Session-Token"] ?? other.token)).status, 200, "others stay");
  assert.equal((await login(app.url, "alice", PASSWORD)).status, 401);
  assert.equal((await login(app.url, "alice", NEW)).status, 200);
  assert.deepEqual(dueAt(app), [], "nothing is left to do");
  assert.doesNotMatch(app.log(), new RegExp(`${PASSWORD}|${NEW}`));
  assert.ok(app.events().some(({ event }) => event === "passwordChanged"));
});

test("D9: without the current password, without a session, or with a bad new one nothing changes", async (t) => {
  const app = await startSignIn(t);
  const token = await tokenOf(app);
  for (const [session, current, next, status] of [
    [token, "wrong password!!", NEW, 403],
    ["nonsense", PASSWORD, NEW, 401],
    [token, PASSWORD, "too short", 422],
    [token, PASSWORD, "x".repeat(4097), 422],
    [token, PASSWORD, "\ud800".repeat(20), 422],
    [token, PASSWORD, "alicealicealice", 422],
    [token, PASSWORD, "123456789012345", 422],
  ] as const) {
    const answer = await change(app, session, current, next);
    assert.equal(answer.status, status);
    assert.doesNotMatch(JSON.stringify(answer.body), /too short|xxxx/);
  }
  assert.equal((await profile(app.url, token)).status, 200);
  assert.equal((await login(app.url, "alice", PASSWORD)).status, 200);
});

test("K4: guesses of the current password count as failed sign-ins", async (t) => {
  const app = await startSignIn(t);
  const token = await tokenOf(app);
  const statuses = [];
  for (let i = 0; i < 8; i++) statuses.push((await change(app, token, "wrong password!!", NEW)).status);
  assert.deepEqual(statuses, [403, 403, 403, 403, 403, 429, 429, 429]);
});

test("D9: when the store fails after the change, the sessions end as soon as it is back, at the latest at the next start", async (t) => {
  const app = await startSignIn(t);
  const tokens = [await tokenOf(app), await tokenOf(app)];
  app.store.fail("deleteByUser");
  assert.equal((await change(app, tokens[0] as string, PASSWORD, NEW)).status, 503);
  assert.equal((await profile(app.url, tokens[1] as string)).status, 200, "it could not be ended yet");
  assert.deepEqual(dueAt(app), [], "others leave it to the one at work");
  app.store.recover();
  app.clock.advance(30_000);
  const due = dueAt(app);
  assert.equal(due.length, 1, "then anybody finishes it");
  await app.service().ender.start();
  for (const token of tokens) assert.equal((await profile(app.url, token)).status, 401);
  assert.deepEqual(dueAt(app), []);
  assert.equal((await login(app.url, "alice", NEW)).status, 200);
});

test("D9: a user who is disabled, removed or given a new password while the hash is computed gets no session", async (t) => {
  for (const act of [
    (app: SignInApp, user: NonNullable<ReturnType<SignInApp["users"]["find"]>>) => app.users.disable(user),
    (app: SignInApp, user: NonNullable<ReturnType<SignInApp["users"]["find"]>>) => app.users.remove(user),
    (app: SignInApp, user: NonNullable<ReturnType<SignInApp["users"]["find"]>>) =>
      void app.users.changePassword(user, user.password),
  ]) {
    const { promise: hashing, resolve: isHashing } = Promise.withResolvers<void>();
    const { promise: hold, resolve: release } = Promise.withResolvers<void>();
    const app = await startSignIn(t, {
      beforeHash: () => {
        isHashing();
        return hold;
      },
    });
    const user = app.users.find("alice");
    assert.ok(user);
    const answer = login(app.url, "alice", PASSWORD);
    await hashing;
    act(app, user);
    for (const ending of dueAt(app)) await app.service().ender.end(ending);
    release();
    const { status, body } = await answer;
    assert.deepEqual([status, body], [401, { detail: "Incorrect username or password" }]);
    assert.equal((await app.manager.list(String(user.id))).sessions.length, 0);
  }
});

test("D9: of two new passwords at the same moment one is set, and the other is told", async (t) => {
  const app = await startSignIn(t);
  const [first, second] = [await tokenOf(app), await tokenOf(app)];
  const answers = await Promise.all([
    change(app, first, PASSWORD, `${NEW} 1`),
    change(app, second, PASSWORD, `${NEW} 2`),
  ]);
  const winners = answers.filter(({ status }) => status === 200);
  assert.equal(winners.length, 1);
  assert.ok(answers.every(({ status }) => [200, 401, 403, 409].includes(status)));
  const winner = answers.indexOf(winners[0] as Reply) + 1;
  assert.equal((await login(app.url, "alice", `${NEW} ${winner}`)).status, 200);
});
