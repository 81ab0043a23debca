// The commands that look after sessions and keys, as an operator runs them beside a running server.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { headerTransport, SessionManager } from "sessile";
import { sqliteStore } from "sessile/sqlite";
import { temporaryFolder } from "sessile-test-support/folder";
import { startRedis } from "sessile-test-support/redis-server";
import { COMMANDS } from "#dist/cli/commands.js";
import { PasswordHasher } from "#dist/identity/users/password-hash.js";
import { makeUserFile, openUserFile } from "#dist/identity/users/user-file.js";
import { UserStore } from "#dist/identity/users/user-store.js";
import { login, PASSWORD } from "../sign-in/sign-in-app.ts";
import { profile, signIn } from "../support/client.ts";
import { type ServerProcess, startServer } from "../support/server-process.ts";
import { freshStore } from "../support/stores.ts";
import { cli } from "./cli.ts";

async function started(t: TestContext, args: readonly string[]): Promise<ServerProcess> {
  const server = await startServer(args);
  t.after(() => server.end("SIGKILL"));
  return server;
}

const SID = /[0-9A-Za-z]{22}/;

for (const kind of ["sqlite", "redis"] as const) {
  test(`L2: sessions are listed, shown and revoked beside a running server on ${kind}`, async (t) => {
    const store = await freshStore(kind);
    t.after(store.close);
    const server = await started(t, ["--store", store.option, "--device", "family"]);
    const tokens = [await signIn(server.url), await signIn(server.url), await signIn(server.url)];
    const run = (...args: string[]) => cli([...args, "--store", store.option]);
    const { sessions } = JSON.parse((await run("sessions", "list", "--json")).stdout) as {
      sessions: { sid: string }[];
    };
    assert.equal(sessions.length, 3);
    const sid = (tokens[0] as string).slice(4, 26);
    assert.ok(sessions.some((session) => session.sid === sid));
    const table = await run("sessions", "list");
    for (const token of tokens) assert.ok(!table.stdout.includes(token) && table.stdout.includes(token.slice(4, 26)));
    const shown = await run("sessions", "show", sid, "--data", "--json");
    assert.equal((JSON.parse(shown.stdout) as { data: { username: string } }).data.username, "john_doe");
    assert.doesNotMatch((await run("sessions", "show", sid)).stdout, /john_doe/, "data only when asked");
    assert.deepEqual(await run("sessions", "revoke", sid), { code: 0, stdout: "Ended 1 session.\n", stderr: "" });
    assert.equal((await profile(server.url, tokens[0] as string)).status, 401);
    assert.equal((await run("sessions", "revoke", sid)).code, 1);
    assert.equal((await run("sessions", "show", sid)).code, 1);
    const stats = JSON.parse((await run("stats", "--count", "--json")).stdout) as Record<string, unknown>;
    assert.deepEqual([stats["kind"], stats["live"], stats["signed_in_users"]], [kind, 2, 1]);
    assert.deepEqual([stats["records"], stats["is_estimate"]], [2, false]);
    assert.equal((await run("sessions", "revoke", "--user", "1")).stdout, "Ended 2 sessions.\n");
    for (const token of tokens) assert.equal((await profile(server.url, token)).status, 401);
    assert.equal((await run("sweep")).stdout, "Removed 0 expired sessions.\n");
  });
}

test("a name given as an id is called a name, and a list of no sessions exits as a revocation of none does", async (t) => {
  const store = await freshStore("sqlite");
  t.after(store.close);
  const users = join(temporaryFolder(), "users.db");
  makeUserFile(users);
  const file = openUserFile(users, { synchronous: "NORMAL" });
  t.after(() => file.close());
  const people = new UserStore(file);
  const hash = await new PasswordHasher({ ln: 10 }).hash(Buffer.from(PASSWORD));
  for (const name of ["bob", "carol"]) people.add(name, hash);
  const server = await started(t, ["--store", store.option, "--users", users]);
  assert.equal((await login(server.url, "bob", PASSWORD)).status, 200);
  const run = (...args: string[]) => cli(["sessions", ...args, "--store", store.option, "--users", users]);
  for (const command of ["list", "revoke"]) {
    const mistaken = await run(command, "--user", "bob");
    assert.equal(mistaken.code, 1);
    assert.equal(
      mistaken.stderr,
      "sessile: there are no live sessions of the user with the id bob. bob is a name: use --name bob.\n",
    );
    const none = await run(command, "--name", "carol");
    assert.deepEqual([none.code, none.stderr], [1, "sessile: there are no live sessions of carol.\n"]);
    const unknown = await run(command, "--user", "nemo");
    assert.deepEqual(
      [unknown.code, unknown.stderr],
      [1, "sessile: there are no live sessions of the user with the id nemo.\n"],
    );
    assert.equal((await run(command, "--name", "nemo")).code, 2);
  }
  assert.match((await run("list")).stdout, /^SID +USER +NAME +BEGAN.*\n\w{22} +\d+ {2}bob {2}/);
  assert.equal((await run("list")).code, 0);
  const { stdout } = await run("list", "--name", "bob", "--json");
  const [session] = (JSON.parse(stdout) as { sessions: { sid: string; user_name: string }[] }).sessions;
  assert.equal(session?.user_name, "bob");
  const shown = await run("show", session?.sid as string);
  assert.match(shown.stdout, /^name +bob$/m);
  assert.match(shown.stdout, /^ends +[-\d]+ [:\d]+, used or not$/m, "one deadline where both are the same");
  assert.deepEqual(await run("revoke", "--name", "bob"), { code: 0, stdout: "Ended 1 session.\n", stderr: "" });
});

test("where no user has a name, the list of sessions has no column for it", async (t) => {
  const store = await freshStore("sqlite");
  t.after(store.close);
  const server = await started(t, ["--store", store.option, "--idle-timeout", "10m"]);
  await signIn(server.url);
  const list = await cli(["sessions", "list", "--store", store.option]);
  assert.match(list.stdout, /^SID +USER +BEGAN/);
  const [sid = ""] = SID.exec(list.stdout) ?? [];
  const shown = await cli(["sessions", "show", sid, "--store", store.option, "--idle-timeout", "10m"]);
  assert.match(shown.stdout, /^ends +[-\d]+ [:\d]+ if it is not used, [-\d]+ [:\d]+ in any case$/m);
});

test("lifetimes of a session's own are listed and shown, to a command that is told how long sessions may last", async (t) => {
  const store = await freshStore("sqlite");
  t.after(store.close);
  const sessions = sqliteStore({ path: store.option.slice("sqlite:".length) });
  t.after(() => sessions.close());
  const [month, minute] = [2_592_000_000, 60_000];
  const manager = new SessionManager({
    ...{ store: sessions, transports: [headerTransport()], sweepInterval: 0 },
    longest: { absolute: month, idle: month },
  });
  const { session, commit } = await manager.open({ method: "GET", path: "/", header: () => undefined });
  await session.signIn("ann", { absoluteTimeout: month, idleTimeout: 20 * minute, persistent: false });
  await commit(200, { get: () => undefined, set: () => {}, append: () => {} });
  const run = (...args: string[]) =>
    cli(["sessions", ...args, "--store", store.option, "--longest-session", "30d", "--json"]);
  const [listed] = JSON.parse((await run("list")).stdout).sessions;
  assert.deepEqual([listed.idle_timeout, listed.persistent], [1200, false]);
  assert.equal(Date.parse(listed.absolute_expires_at) - Date.parse(listed.created_at), month);
  const { version, rotated_at, ...shown } = JSON.parse((await run("show", listed.sid)).stdout);
  assert.deepEqual(shown, listed);
  const { stdout } = await cli(["sessions", "show", listed.sid, "--store", store.option]);
  assert.match(stdout, /^cookie +forgotten when the browser is closed$/m);
});

test("all sessions are walked page by page, one JSON object a line", async (t) => {
  const store = await freshStore("sqlite");
  const server = await started(t, ["--store", store.option]);
  const tokens = await Promise.all(Array.from({ length: 7 }, () => signIn(server.url)));
  const run = (...args: string[]) => cli(["sessions", "list", "--limit", "3", "--store", store.option, ...args]);
  const lines = (await run("--all", "--json")).stdout.trimEnd().split("\n");
  const sids = lines.map((line) => (JSON.parse(line) as { sid: string }).sid);
  assert.deepEqual(sids.sort(), tokens.map((token) => token.slice(4, 26)).sort());
  const { stdout } = await run();
  const [, cursor = ""] = /There is more: --after (\S+)\n/.exec(stdout) ?? [];
  assert.match(cursor, SID);
  assert.equal((await run("--after", cursor)).code, 0);
  assert.match((await run("--after", "nonsense")).stderr, /^sessile: `after` must be/);
});

test("keys are made, shown once, rotated, listed without what opens anything, and revoked", async () => {
  const path = join(temporaryFolder(), "users.db");
  const run = (...args: string[]) => cli(["keys", ...args, "--users", path]);
  const made = await run("add", "shop", "--scope", "sessions:create,sessions:read");
  assert.match(made.stdout, /^sak_[0-9a-f]{80}\n$/);
  assert.match(made.stderr, /not shown again/);
  assert.match((await run("add", "shop", "--scope", "sessions:read")).stderr, /There is a key shop already/);
  assert.match(
    (await run("add", "x", "--scope", "everything")).stderr,
    /Unknown scope "everything"\. The scopes are: sessions:create/,
  );
  assert.match((await run("add", "x")).stderr, /--scope is needed/);
  const rotated = await run("rotate", "shop", "--grace", "1h");
  assert.notEqual(rotated.stdout, made.stdout);
  const { stdout } = await run("list", "--json");
  const [listed] = JSON.parse(stdout) as { name: string; scopes: string[]; previous_until: string | null }[];
  assert.deepEqual([listed?.name, listed?.scopes], ["shop", ["sessions:create", "sessions:read"]]);
  assert.ok(Date.parse(listed?.previous_until ?? "") > Date.now());
  for (const { stdout: key } of [made, rotated]) assert.ok(!stdout.includes(key.trim().slice(20)));
  const revoked = await run("revoke", "shop");
  assert.deepEqual([revoked.code, revoked.stderr], [0, ""]);
  assert.equal(
    revoked.stdout,
    "Revoked shop. Servers with this file of users refuse it from now on; none needs a restart.\n",
  );
  assert.equal((await run("revoke", "shop")).code, 2);
});

test("the memory store, and a file that is not there, are refused with what to do", async () => {
  for (const command of [["sessions", "list"], ["sweep"], ["stats"]]) {
    const memory = await cli([...command, "--store", "memory"]);
    assert.deepEqual([memory.code, memory.stdout], [2, ""]);
    assert.match(memory.stderr, /inside the server's own process/);
    const missing = await cli([...command, "--store", "sqlite:/no/such.db"]);
    assert.match(missing.stderr, /There is no store sqlite:\/no\/such\.db\. Give the one of the server/);
  }
});

test("doctor finds what is not as it should be, and says so with its exit code", async (t) => {
  const folder = temporaryFolder();
  const store = `sqlite:${join(folder, "s.db")}`;
  const fresh = await cli(["doctor", "--store", store]);
  assert.equal(fresh.code, 0);
  assert.doesNotMatch(fresh.stdout, /warns|fails/, "nothing is wrong before the first start");
  assert.match((await cli(["doctor", "--store", store, "--host", "0.0.0.0"])).stdout, /^warns {2}users /m);
  const nowhere = await cli(["doctor", "--store", "sqlite:/no/such/s.db"]);
  assert.equal(nowhere.code, 1);
  assert.match(nowhere.stdout, /^fails {2}store .*there is no folder \/no\/such/m);
  await started(t, ["--store", store]);
  const healthy = await cli(["doctor", "--store", store]);
  assert.equal(healthy.code, 0, healthy.stdout);
  assert.match(healthy.stdout, /^ok {5}promises .*survives a crash and a power loss/m);
  chmodSync(join(folder, "s.db"), 0o644);
  const open = await cli(["doctor", "--store", store]);
  assert.equal(open.code, 1);
  assert.match(open.stdout, /^fails {2}permissions .*chmod 600/m);
  const redis = await freshStore("redis");
  const findings = JSON.parse((await cli(["doctor", "--json", "--store", redis.option])).stdout) as {
    about: string;
    text: string;
  }[];
  assert.ok(findings.some(({ about, text }) => about === "clock" && /ms from the clock of Redis/.test(text)));
  await redis.close();
  assert.equal((await cli(["doctor", "--store", redis.option])).code, 1);
});

test("doctor suggests reindex where a user's list has lost a session, and reindex enters it", async (t) => {
  const redis = await startRedis();
  t.after(() => redis.close());
  const server = await started(t, ["--store", redis.url]);
  await signIn(server.url);
  const [index] = (await redis.ask("KEYS", "sessile:u:*")) as [string];
  await redis.ask("DEL", index);
  const sick = await cli(["doctor", "--store", redis.url]);
  assert.match(sick.stdout, /^warns +store +1 of 1 sessions that were looked at is missing .*`sessile reindex`/m);
  assert.equal((await cli(["reindex", "--store", redis.url])).stdout, "Entered 1 session.\n");
  assert.equal((await cli(["reindex", "--store", redis.url])).stdout, "Entered 0 sessions.\n");
  assert.doesNotMatch((await cli(["doctor", "--store", redis.url])).stdout, /missing/);
});

test("settings come from option, environment, file and default, in this order, and none of them is misread", async () => {
  const path = join(temporaryFolder(), "sessile.json");
  const check = (env: Record<string, string> = {}, ...args: string[]) =>
    cli(["config", "check", "--config", path, ...args], env);
  writeFileSync(
    path,
    JSON.stringify({ port: 1, "idle-timeout": "1m", "trust-proxy": ["127.0.0.1", "::1"], demo: false }),
  );
  const { code, stdout } = await check({ SESSILE_PORT: "2", SESSILE_HOST: "::1" }, "--port", "3");
  assert.equal(code, 0);
  for (const row of [
    /^port +3 +option$/m,
    /^host +::1 +environment$/m,
    /^idle-timeout +1m +file$/m,
    /^device +off +default$/m,
  ])
    assert.match(stdout, row);
  assert.match(stdout, /^trust-proxy +127\.0\.0\.1,::1 +file$/m);
  for (const [text, expected] of [
    ["{", /must hold one JSON object/],
    ["[]", /must hold one JSON object/],
    ['{"prot": 1}', /unknown setting "prot"\. Did you mean port\?/],
    ['{"x": 1}', /unknown setting "x"\. The settings are: store,/],
    ['{"port": null}', /"port" must be text, a number/],
    ['{"port": "x"}', /--port must be a number/],
    ['{"store": "redis://u:hunter2@h/x"}', /^(?!.*hunter2)/s],
  ] as const) {
    writeFileSync(path, text);
    const refused = await check();
    assert.equal(refused.code, text.includes("hunter2") ? 0 : 2, text);
    assert.match(refused.stdout + refused.stderr, expected);
  }
  const missing = await cli(["config", "check", "--config", "/no/such.json"]);
  assert.match(missing.stderr, /cannot be read: ENOENT/);
});

test("every command has help with examples, and completion for every shell knows it", async () => {
  const scripts = await Promise.all(["bash", "zsh", "fish"].map((shell) => cli(["completion", shell])));
  const [all, ...helps] = await Promise.all(
    [["--help"], ...COMMANDS.map(({ name }) => [...name.split(" "), "--help"])].map((args) => cli(args)),
  );
  COMMANDS.forEach(({ name, examples }, i) => {
    assert.ok(all?.stdout.includes(name));
    for (const example of examples) assert.ok(helps[i]?.stdout.includes(example), name);
    for (const { stdout } of scripts) for (const word of name.split(" ")) assert.ok(stdout.includes(word), name);
  });
  assert.equal((await cli(["completion", "tcsh"])).code, 2);
});

test("bash accepts its completion and completes commands, their second words and their options", async (t) => {
  if (spawnSync("bash", ["-c", "true"]).status !== 0) return t.skip("there is no bash here");
  const { stdout: script } = await cli(["completion", "bash"]);
  const complete = (...words: string[]) => {
    const list = words.map((word) => `'${word}'`).join(" ");
    const ask = `COMP_WORDS=(sessile ${list}); COMP_CWORD=${words.length}; _sessile; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return spawnSync("bash", ["-c", `${script}\n${ask}`], { encoding: "utf8" })
      .stdout.trim()
      .split("\n");
  };
  assert.deepEqual(complete("sess"), ["sessions"]);
  assert.deepEqual(complete("sessions", "re"), ["revoke"]);
  assert.deepEqual(complete("keys", "add", "shop", "--sc"), ["--scope"]);
  assert.ok(complete("serve", "--").includes("--stop-delay"));
});

test("help is found however it is asked for, and so is the release", async () => {
  const [all, one] = [(await cli(["--help"])).stdout, (await cli(["users", "add", "--help"])).stdout];
  for (const args of [["-h"], ["help"]]) assert.equal((await cli(args)).stdout, all);
  for (const args of [
    ["help", "users", "add"],
    ["users", "add", "-h"],
  ])
    assert.equal((await cli(args)).stdout, one);
  assert.match((await cli(["help", "users"])).stdout, /^Usage: sessile users COMMAND/);
  assert.match((await cli(["--version"])).stdout, /^\d+\.\d+\.\d+\n$/);
});

test("an import that was not understood makes no store, and neither does a look at it", async () => {
  const path = join(temporaryFolder(), "none.db");
  for (const args of [[], ["--from", "memcached", "--source", "x", "--user", "u"]])
    assert.equal((await cli(["import", ...args, "--store", `sqlite:${path}`])).code, 2);
  assert.match((await cli(["doctor", "--store", `sqlite:${path}`])).stdout, /is not there yet/);
  assert.equal(existsSync(path), false);
});
