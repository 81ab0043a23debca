// ASVS 7.5.2: a stranger at an open browser cannot sign its owner out elsewhere, by whichever route the browser's
// cookie is sent.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { bearerTransport, cookieTransport, headerTransport, SessionManager } from "sessile";
import { sqliteStore } from "sessile/sqlite";
import { mintSession, testClock } from "sessile/testing";
import { temporaryFolder } from "sessile-test-support/folder";
import { makeUserFile, openUserFile } from "#dist/identity/users/user-file.js";
import { startApp } from "../support/app.ts";
import { call } from "../support/client.ts";
import { startServer } from "../support/server-process.ts";

const WHICH = [{ others: true }, { all: true }, { sid: "0".repeat(22) }];

test("with a cookie, ending sessions elsewhere wants a sign-in within five minutes, whatever else the request holds", async (t) => {
  const clock = testClock();
  const transports = [cookieTransport(), headerTransport(), bearerTransport()];
  const app = await startApp({ manager: { transports, clock: clock.now } });
  t.after(() => app.close());
  const { token } = await app.mint("anna");
  const cookie = { cookie: `__Host-session=${token}` };
  const end = async (headers: Record<string, string>, which: object) =>
    (await call(app.url, "POST", "/me/sessions/end", headers, which)).status;
  assert.equal(await end(cookie, { others: true }), 200);
  clock.advance(5 * 60_000 + 1);
  await app.mint("anna");
  for (const more of [{}, { "X-Session-Token": token }, { Authorization: `Bearer ${token}` }]) {
    for (const which of WHICH) {
      const { status, body } = await call(app.url, "POST", "/me/sessions/end", { ...cookie, ...more }, which);
      assert.deepEqual([status, body], [403, { detail: "Sign in again to do this." }], JSON.stringify([more, which]));
    }
  }
  for (const nonsense of ["null", "undefined", "x"])
    assert.ok((await end({ ...cookie, "X-Session-Token": nonsense }, { all: true })) >= 400, nonsense);
  assert.equal((await app.manager.list("anna")).sessions.length, 2);
  assert.equal(await end({ "X-Session-Token": token }, { others: true }), 200, "a program has the token in its hands");
  assert.equal((await call(app.url, "POST", "/logout", cookie)).status, 200);
});

test("the server that `--cookie` starts has the rule on both of its routes, and a sign-out has not", async (t) => {
  const folder = temporaryFolder();
  const [path, users] = [join(folder, "s.db"), join(folder, "users.db")];
  makeUserFile(users);
  openUserFile(users, { synchronous: "NORMAL" }).close();
  const tenMinutesAgo = (): number => Date.now() - 600_000;
  const store = sqliteStore({ path });
  const manager = new SessionManager({ store, transports: [headerTransport()], clock: tenMinutesAgo });
  const sessions = [await mintSession(manager, "anna"), await mintSession(manager, "anna")];
  await manager.close();
  const pages = ["--account", "--cookie", "__Host-session"];
  const server = await startServer(["--store", `sqlite:${path}`, "--users", users, ...pages, "--log-level", "silent"]);
  t.after(() => server.end("SIGKILL"));
  const cookie = `__Host-session=${sessions[0]?.token}`;
  for (const prefix of ["", "/account/api"])
    for (const which of WHICH) {
      const { status } = await call(server.url, "POST", `${prefix}/me/sessions/end`, { cookie }, which);
      assert.equal(status, 403, JSON.stringify([prefix, which]));
    }
  const header = { "X-Session-Token": sessions[1]?.token ?? "" };
  assert.equal((await call(server.url, "GET", "/profile", header)).status, 200);
  assert.equal((await call(server.url, "POST", "/logout", { cookie })).status, 200);
});
