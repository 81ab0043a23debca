// `sessile users`, as an operator runs it, and what a running server makes of it, on every store.

import assert from "node:assert/strict";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "sessile-test-support/folder";
import { AuditLog } from "#dist/console/audit-log.js";
import { openUserFile } from "#dist/identity/users/user-file.js";
import { cli, type Ran } from "../cli/cli.ts";
import { login, PASSWORD, post } from "../sign-in/sign-in-app.ts";
import { profile } from "../support/client.ts";
import { runCli, startServer } from "../support/server-process.ts";
import { freshStore, KINDS } from "../support/stores.ts";

const folder = temporaryFolder();

/** Runs `sessile users` with `input` piped in. */
async function users(args: readonly string[], input = ""): Promise<Ran> {
  const ran = await cli(["users", ...args], {}, input);
  assert.doesNotMatch(ran.stdout + ran.stderr, /correct horse|\$scrypt/, "nothing of a password or its hash is shown");
  return ran;
}

test("users are added, listed, disabled, enabled and removed; every mistake is one line, exit code 2 and no change", async () => {
  const path = join(folder, "users.db");
  const run = (args: string, input?: string): Promise<Ran> => users([...args.split(" "), "--users", path], input);
  const fails = async (args: string, expected: RegExp, input?: string): Promise<void> => {
    const { code, stdout, stderr } = await run(args, input);
    assert.deepEqual([code, stdout], [2, ""], args);
    assert.match(stderr, expected);
    assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
  };
  await fails("list", /There is no file of users/);
  assert.equal(existsSync(path), false, "looking makes no file");
  assert.deepEqual(await run("add Alice", `${PASSWORD}\n`), { code: 0, stdout: "Added alice.\n", stderr: "" });
  assert.equal(statSync(path).mode & 0o777, 0o600);
  await fails("add ALICE", /There is a user alice already/, `${PASSWORD}\n`);
  await fails("add bob", /at least 15 characters/, "short\n");
  await fails("add bob", /The password is among those that are tried first/, "bobbobbobbobbob\n");
  await fails("passwd alice", /The password is among those that are tried first/, "123456789012345\n");
  await fails("add bob", /no password on standard input/);
  await fails("add bob --password x", /--password/);
  await fails("add", /takes one NAME; it is missing/);
  await fails("add bob extra", /takes one NAME; got 2/);
  await fails("list alice", /takes no further words/);
  await fails("passwd bob", /There is no user bob/, PASSWORD);
  await fails("frobnicate alice", /Unknown command "users frobnicate"/);
  await fails("disable alice --json", /--json/);
  await fails("add a\u001b[2J", /A name has 1 to 64/, PASSWORD);
  assert.match(
    (await run("disable alice")).stdout,
    /^Disabled alice\. No server answered; the sessions end when one starts\.\n$/,
  );
  const [shown] = JSON.parse((await run("list --json")).stdout) as Record<string, unknown>[];
  assert.deepEqual(Object.keys(shown ?? {}), ["id", "name", "disabled", "admin", "created_at", "valid_since"]);
  assert.equal(shown?.["disabled"], true);
  assert.match((await run("list")).stdout, /alice {2}disabled/);
  assert.equal((await run("enable alice")).stdout, "Enabled alice.\n");
  assert.match((await run("remove alice")).stdout, /^Removed alice\./);
  assert.equal((await run("list")).stdout, "There are no users.\n");
});

test("L1: only users whom the operator grants it may use the admin page, and the audit has the grant", async () => {
  const path = join(folder, "admins.db");
  const run = (args: string, input?: string): Promise<Ran> => users([...args.split(" "), "--users", path], input);
  const admins = async (): Promise<unknown[]> => {
    const shown = JSON.parse((await run("list --json")).stdout) as Record<string, unknown>[];
    return shown.filter(({ admin }) => admin === true).map(({ name }) => name);
  };
  await run("add alice", PASSWORD);
  assert.deepEqual(await admins(), []);
  assert.match((await run("add carol --admin", PASSWORD)).stdout, /^Added carol, who may use the admin page\.\n$/);
  await run("grant alice");
  assert.deepEqual(await admins(), ["alice", "carol"]);
  assert.match((await run("list")).stdout, /^carol {2}enabled {2}\d{4}-\d\d-\d\d {2}admin$/m);
  await run("withdraw carol");
  await run("remove alice");
  await run("add alice", PASSWORD);
  assert.deepEqual(await admins(), [], "a new user of the same name is another one");
  assert.match((await run("grant bob")).stderr, /There is no user bob/);
  assert.match((await run("disable alice --admin")).stderr, /--admin/);
  const file = openUserFile(path, { synchronous: "FULL" });
  const told = new AuditLog(file).page(10).map(({ actor, action, target }) => `${actor}: ${action} ${target}`);
  file.close();
  assert.deepEqual(
    told,
    [
      ...["addUser alice", "remove alice", "withdraw carol", "grant alice"],
      ...["grant carol", "addUser carol", "addUser alice"],
    ].map((each) => `command line: ${each}`),
  );
});

test("L6: the audit has what the command line does to users and keys, and no more than that", async () => {
  const path = join(folder, "audited.db");
  const run = (args: string): Promise<Ran> => users([...args.split(" "), "--users", path], PASSWORD);
  for (const line of ["add alice", "passwd alice", "disable alice", "enable alice", "remove alice"])
    assert.equal((await run(line)).code, 0, line);
  for (const line of ["add alice --nonsense", "passwd nemo", "remove nemo", "list"]) await run(line);
  const keys = ["add shop --scope sessions:read", "add shop --scope sessions:read", "rotate shop", "revoke shop"];
  for (const line of keys) await cli(["keys", ...line.split(" "), "--users", path]);
  const file = openUserFile(path, { synchronous: "FULL" });
  const told = new AuditLog(file).page(20).reverse();
  file.close();
  assert.deepEqual(
    told.map(({ action, target, outcome }) => `${action} ${target} ${outcome}`),
    [
      ...["addUser alice done", "setPassword alice done", "disable alice done", "enable alice done"],
      ...["remove alice done", "addKey shop done", "addKey shop failed", "rotateKey shop done", "revokeKey shop done"],
    ],
  );
  assert.ok(told.every(({ actor }) => actor === "command line"));
});

test("the help has every command, every option and examples", async () => {
  for (const args of [[], ["--help"]]) {
    const { code, stdout } = await users(args);
    assert.equal(code, 0);
    for (const word of ["add NAME", "passwd NAME", "disable", "enable", "grant", "withdraw", "remove", "list"])
      assert.ok(stdout.includes(`users ${word}`), word);
  }
  const { code, stdout } = await users(["add", "--help"]);
  assert.equal(code, 0);
  for (const word of ["--admin", "--users", "--store", "--help", "Examples:"]) assert.ok(stdout.includes(word), word);
});

test("a file whose store is none needs --users, and an unusable one is named", async () => {
  assert.match((await users(["list", "--store", "memory"])).stderr, /say where the users are with --users/);
  assert.match(
    (await users(["add", "bob", "--users", `${folder}/no/such.db`], PASSWORD)).stderr,
    /cannot open `.*no\/such\.db`: its directory does not exist; make it first/,
  );
});

for (const kind of KINDS) {
  test(`D9: disabling, a new password and removal end the sessions of a running server on ${kind}`, async () => {
    const store = await freshStore(kind);
    const path = join(temporaryFolder(), "users.db");
    await users(["add", "alice", "--users", path], PASSWORD);
    const server = await startServer(["--store", store.option, "--users", path]);
    const change = async (args: readonly string[], input?: string): Promise<void> => {
      const { code, stdout } = await users([...args, "--users", path], input);
      assert.equal(code, 0);
      assert.match(stdout, /All sessions have ended\.\n$/);
    };
    const tokenOf = async (password = PASSWORD): Promise<string> => {
      const { status, body } = await login(server.url, "alice", password);
      assert.equal(status, 200);
      return body.session_token as string;
    };
    const tokens = [await tokenOf(), await tokenOf()];
    await change(["passwd", "alice"], `${PASSWORD} 2`);
    for (const token of tokens) assert.equal((await profile(server.url, token)).status, 401);
    const token = await tokenOf(`${PASSWORD} 2`);
    await change(["disable", "alice"]);
    assert.equal((await profile(server.url, token)).status, 401);
    assert.equal((await login(server.url, "alice", `${PASSWORD} 2`)).status, 401);
    await users(["enable", "alice", "--users", path]);
    const last = await tokenOf(`${PASSWORD} 2`);
    await change(["remove", "alice"]);
    assert.equal((await profile(server.url, last)).status, 401);
    assert.equal(await server.end(), 0);
    assert.doesNotMatch(JSON.stringify(server.output()), /correct horse/);
    await store.close();
  });
}

test("D9: who is disabled while no server runs is signed out before the next one serves", async () => {
  const store = await freshStore("sqlite");
  await users(["add", "alice", "--store", store.option], PASSWORD);
  const first = await startServer(["--store", store.option]);
  const token = (await login(first.url, "alice", PASSWORD)).body.session_token as string;
  await first.end("SIGKILL");
  await users(["disable", "alice", "--store", store.option]);
  const second = await startServer(["--store", store.option]);
  assert.equal((await profile(second.url, token)).status, 401);
  await second.end();
});

test("K4: failures survive the crash of the server", async () => {
  const path = join(temporaryFolder(), "users.db");
  await users(["add", "alice", "--users", path], PASSWORD);
  let server = await startServer(["--store", "memory", "--users", path]);
  for (let i = 0; i < 8; i++) await login(server.url, "alice", "wrong password!!");
  await server.end("SIGKILL");
  server = await startServer(["--store", "memory", "--users", path]);
  const answers = [];
  for (let i = 0; i < 3; i++) answers.push(await login(server.url, "alice", "wrong password!!"));
  assert.ok(
    answers.some(({ status }) => status === 429),
    "without the file there would be five free tries again",
  );
  await users(["passwd", "alice", "--users", path], `${PASSWORD} 2`);
  assert.equal((await login(server.url, "alice", `${PASSWORD} 2`)).status, 200, "the operator vouches for the account");
  await server.end();
});

test("K7: with users there is no demo sign-in, any address will do, and sessions of the demo have ended", async () => {
  const store = await freshStore("sqlite");
  const demo = await startServer(["--store", store.option]);
  const { body } = await post(demo.url, "/login", {});
  const token = body.session_token as string;
  assert.equal((await profile(demo.url, token)).status, 200);
  await demo.end();
  await users(["add", "alice", "--store", store.option], PASSWORD);
  const server = await startServer(["--store", store.option, "--host", "0.0.0.0"]);
  const url = server.url.replace("0.0.0.0", "127.0.0.1");
  assert.match(server.output().stdout, /sign-in +the users in .*sessile\.users\.db/);
  assert.equal((await profile(url, token)).status, 401, "john_doe is signed out");
  assert.equal((await fetch(`${url}/login`, { method: "POST" })).status, 422);
  assert.equal((await login(url, "john_doe", "")).status, 401);
  assert.equal((await login(url, "alice", PASSWORD)).status, 200);
  await server.end();
});

test("K7: a missing file of users, and users together with the demo, are refused at the start", async () => {
  const path = join(temporaryFolder(), "users.db");
  const serve = (...args: string[]) => runCli(["serve", "--port", "0", "--store", "memory", "--users", path, ...args]);
  assert.match((await serve()).stderr, /^sessile: There is no file of users .*sessile users add/);
  await users(["add", "alice", "--users", path], PASSWORD);
  const both = await serve("--demo");
  assert.deepEqual([both.code, both.stdout], [2, ""]);
  assert.match(both.stderr, /--demo would sign every client in/);
});
