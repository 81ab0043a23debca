// D9 with two servers that share their users and not their sessions: what ends, ends in both stores.

import assert from "node:assert/strict";
import { test } from "node:test";
import { testClock } from "sessile/testing";
import { Endings } from "#dist/identity/users/endings.js";
import { openUserFile } from "#dist/identity/users/user-file.js";
import { profile } from "../support/client.ts";
import { freshUserFile, login, NO_DELAYS, PASSWORD, post, type SignInApp, startSignIn } from "./sign-in-app.ts";

const HOUR = 3_600_000;

async function tokenOf({ url }: SignInApp): Promise<string> {
  return (await login(url, "alice", PASSWORD)).body.session_token ?? assert.fail("not signed in");
}

async function statuses(apps: readonly SignInApp[], tokens: readonly string[]): Promise<number[]> {
  return Promise.all(apps.map(async ({ url }, i) => (await profile(url, tokens[i] ?? "")).status));
}

test("D9: a user who is disabled, removed or given a new password is signed out at both, whichever server looks first", async (t) => {
  for (const change of ["disable", "remove", "passwd"] as const) {
    const [path, clock] = [freshUserFile(), testClock()];
    const apps = [
      await startSignIn(t, { path, clock, rules: NO_DELAYS }),
      await startSignIn(t, { path, clock, rules: NO_DELAYS }),
    ];
    const tokens = await Promise.all(apps.map(tokenOf));
    const [{ users }] = apps as [SignInApp];
    const alice = users.find("alice") ?? assert.fail();
    if (change === "passwd") users.changePassword(alice, alice.password);
    else users[change](alice);
    assert.equal(users.endings.storesOf(alice.id).length, 2);
    for (const app of apps) {
      await app.service().ender.start();
      app.service().ender.stop(false);
    }
    assert.deepEqual(await statuses(apps, tokens), [401, 401], change);
    assert.deepEqual(users.endings.storesOf(alice.id), []);
  }
});

test("D9: a new password that a user sets at one server ends the sessions at the other, and not the new one", async (t) => {
  const [path, clock] = [freshUserFile(), testClock()];
  const [here, there] = [await startSignIn(t, { path, clock }), await startSignIn(t, { path, clock })];
  const tokens = [await tokenOf(here), await tokenOf(there)];
  const body = { current_password: PASSWORD, new_password: `${PASSWORD} 2` };
  const changed = await post(here.url, "/password", body, { "X-Session-Token": tokens[0] ?? "" });
  assert.equal(changed.status, 200);
  await there.service().ender.start();
  await here.service().ender.start();
  assert.deepEqual(await statuses([here, there], tokens), [401, 401]);
  assert.equal((await profile(here.url, changed.body.session_token ?? "")).status, 200);
});

function endings() {
  const clock = testClock();
  const file = openUserFile(freshUserFile(), { synchronous: "NORMAL" });
  return { endings: new Endings(file, clock.now), clock };
}

test("D9: an ending from before the first server waits for it, whatever its store", () => {
  const { endings: all } = endings();
  all.add(7);
  assert.deepEqual(all.storesOf(7), [""]);
  all.see({ name: "a", lifetime: HOUR });
  assert.deepEqual(all.storesOf(7), ["a"]);
  all.see({ name: "a", lifetime: HOUR });
  assert.equal(all.due("a").length, 1, "seen again it gets nothing twice");
});

test("D9: a store that comes under another name inherits what still waits, and not what was done", () => {
  const { endings: all } = endings();
  all.see({ name: "a", lifetime: HOUR });
  all.finish(all.add(1, { store: "a", dueAt: 0 }));
  all.add(2);
  all.see({ name: "b", lifetime: HOUR });
  assert.deepEqual(
    all.due("b").map(({ userId }) => userId),
    [2],
  );
});

test("D9: a store is forgotten when no session in it can live any more, and no sooner", () => {
  const { endings: all, clock } = endings();
  all.see({ name: "a", lifetime: HOUR });
  all.see({ name: "a", lifetime: 1000 });
  all.see({ name: "b", lifetime: HOUR });
  all.add(7);
  clock.advance(2 * HOUR);
  all.see({ name: "b", lifetime: HOUR });
  assert.deepEqual(all.storesOf(7), ["a", "b"]);
  clock.advance(1);
  all.see({ name: "b", lifetime: HOUR });
  assert.deepEqual(all.storesOf(7), ["b"]);
});

test("D9: no server waits for the memory of a process that stopped in order", async (t) => {
  const [path, clock] = [freshUserFile(), testClock()];
  const apps = [await startSignIn(t, { path, clock }), await startSignIn(t, { path, clock })];
  const [{ users }, second] = apps as [SignInApp, SignInApp];
  second.service().ender.stop(true);
  const alice = users.find("alice") ?? assert.fail();
  users.disable(alice);
  assert.equal(users.endings.storesOf(alice.id).length, 1);
});
