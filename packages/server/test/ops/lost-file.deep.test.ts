// The files of the sessions and of the users, removed or exchanged under a running server.

import assert from "node:assert/strict";
import { copyFileSync, renameSync, rmSync, truncateSync } from "node:fs";
import { test } from "node:test";
import { waitUntil } from "sessile-test-support/wait-until";
import { KeyStore } from "#dist/identity/keys/key-store.js";
import { UserStore } from "#dist/identity/users/user-store.js";
import { startAdminServer } from "../admin/admin-server.ts";
import { PASSWORD } from "../sign-in/sign-in-app.ts";
import { call, profile, signIn, signOut } from "../support/client.ts";
import { runCli, startServer } from "../support/server-process.ts";
import { freshStore } from "../support/stores.ts";

const ACCIDENTS: Readonly<Record<string, (path: string) => void>> = {
  removed: (path) => {
    for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix);
  },
  exchanged: (path) => {
    copyFileSync(path, `${path}.other`);
    renameSync(`${path}.other`, path);
  },
  emptied: (path) => truncateSync(path),
};
const REASON = /was (?:removed or exchanged|emptied) since it was opened/;

for (const [what, befall] of Object.entries(ACCIDENTS)) {
  test(`when the SQLite file is ${what}, nothing more is acknowledged, the server is not ready, and the log says why`, async (t) => {
    const { option } = await freshStore("sqlite");
    const server = await startServer(["--store", option]);
    t.after(() => server.end("SIGKILL"));
    const token = await signIn(server.url);
    befall(option.slice("sqlite:".length));
    assert.equal((await call(server.url, "POST", "/login")).status, 503);
    assert.equal((await signOut(server.url, token)).status, 503);
    await waitUntil("it is not ready", async () => (await call(server.url, "GET", "/health/ready")).status === 503);
    assert.equal((await profile(server.url, token)).status, 503);
    assert.equal((await call(server.url, "GET", "/health/live")).status, 200);
    const { stdout, stderr } = server.output();
    assert.match(stdout + stderr, REASON);
  });
}

for (const [what, befall] of Object.entries(ACCIDENTS)) {
  test(`when the file of the users is ${what}, sign-ins and keys are refused and the server is not ready, but sessions go on`, async (t) => {
    const server = await startAdminServer(["--store", "memory"]);
    t.after(() => server.end("SIGKILL"));
    const { key = "" } = new KeyStore(server.file).add("proxy", ["users:read"]) ?? {};
    const login = () => call(server.url, "POST", "/login", {}, { username: "alice", password: PASSWORD });
    const { session_token: token } = (await login()).body as { session_token: string };
    const list = () => call(server.url, "GET", "/sessions?user_id=1", { "X-API-Key": key });
    assert.equal((await list()).status, 200);
    befall(server.path);
    await waitUntil("it is not ready", async () => {
      const { status, body } = await call(server.url, "GET", "/health/ready");
      return status === 503 && (body as { detail: string }).detail === "Users unavailable";
    });
    assert.equal((await login()).status, 503);
    await waitUntil("the key is not looked up", async () => (await list()).status === 503);
    assert.equal((await profile(server.url, token)).status, 200);
    assert.equal((await signOut(server.url, token)).status, 200);
    assert.equal((await call(server.url, "GET", "/health/live")).status, 200);
    const failures = server
      .output()
      .stderr.split("\n")
      .filter((line) => line.includes('"event":"storeFailed"'));
    assert.ok(failures.some((line) => REASON.test(line) && line.includes("users.db`")));
    assert.throws(() => new UserStore(server.file).add("mallory", "hash"));
    server.file.close();
  });
}

test("the server says in one line at its start that another program has locked the file of the users", async (t) => {
  const server = await startAdminServer(["--store", "memory"]);
  await server.end("SIGKILL");
  server.file.exec("BEGIN IMMEDIATE");
  t.after(() => server.file.close());
  const { code, stderr } = await runCli(["--store", "memory", "--users", server.path, "--port", "0"]);
  assert.equal(code, 2);
  assert.match(stderr, /^sessile: The file of users [^\n]* another program has locked it[^\n]*\n$/);
});

test("a command says in one line that the file of the users, or its log, was emptied under the server", async (t) => {
  for (const [suffix, reason] of [
    ["", /cannot be opened: it is empty, although its log/],
    ["-wal", /^sessile: The file of users [^\n]*\.\n$/],
  ] as const) {
    const server = await startAdminServer(["--store", "memory"]);
    t.after(() => server.end("SIGKILL"));
    truncateSync(server.path + suffix);
    const { code, stderr } = await runCli(["users", "disable", "alice", "--users", server.path]);
    if (suffix === "" || code !== 0) assert.match(stderr, reason);
    assert.doesNotMatch(stderr, /\n {4}at /, "no stack");
    server.file.close();
  }
});
