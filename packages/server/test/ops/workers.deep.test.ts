// `--workers`: several processes on one port, one of which may end at any time.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { temporaryFolder } from "sessile-test-support/folder";
import { waitUntil } from "sessile-test-support/wait-until";
import { KeyStore } from "#dist/identity/keys/key-store.js";
import { PasswordHasher } from "#dist/identity/users/password-hash.js";
import { makeUserFile, openUserFile } from "#dist/identity/users/user-file.js";
import { UserStore } from "#dist/identity/users/user-store.js";
import { login } from "../sign-in/sign-in-app.ts";
import { call, profile, signIn, signOut } from "../support/client.ts";
import { runCli, type ServerProcess, startServer } from "../support/server-process.ts";
import { freshStore } from "../support/stores.ts";

const canSeeProcesses = process.platform === "linux" ? false : "needs /proc to find the workers";

async function start(t: TestContext, ...args: readonly string[]): Promise<ServerProcess> {
  const server = await startServer([...args, "--workers", "2"]);
  t.after(() => server.end("SIGKILL"));
  return server;
}

function workersOf({ pid }: ServerProcess): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return children.trim().split(" ").filter(Boolean).map(Number);
}

test("the memory store is refused, with the reason", async () => {
  const { code, stderr } = await runCli(["serve", "--workers", "2", "--store", "memory"]);
  assert.equal(code, 2);
  assert.match(stderr, /each of them would know only the sessions that began in it\. Use sqlite:PATH/);
});

test("what every worker would refuse is said once", async () => {
  const { code, stdout, stderr } = await runCli(["serve", "--workers", "3", "--store", "redis://127.0.0.1:1/0"]);
  assert.deepEqual([code, stdout], [2, ""]);
  assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
  assert.match(stderr, /cannot be reached/);
});

test("M6: a worker that is killed is replaced, no session is lost, and all stop in order", {
  skip: canSeeProcesses,
}, async (t) => {
  const store = await freshStore("sqlite");
  const server = await start(t, "--store", store.option);
  assert.match(server.output().stdout, /^ {2}workers +2$/m);
  const tokens = await Promise.all(Array.from({ length: 20 }, () => signIn(server.url)));
  const [victim, survivor] = workersOf(server) as [number, number];
  process.kill(victim, "SIGKILL");
  await waitUntil("another worker takes its place", async () => {
    const now = workersOf(server);
    return now.length === 2 && !now.includes(victim) && now.includes(survivor);
  });
  assert.match(server.output().stderr, /"worker":\d,"code":"SIGKILL".*another one takes its place/);
  for (const token of tokens) assert.equal((await profile(server.url, token)).status, 200);
  const before = workersOf(server);
  const ends = tokens.map((token) => signOut(server.url, token));
  assert.ok((await Promise.all(ends)).every(({ status }) => status === 200));
  assert.equal(await server.end("SIGTERM"), 0);
  for (const pid of before) assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
  const again = await start(t, "--store", store.option);
  for (const token of tokens) assert.equal((await profile(again.url, token)).status, 401);
});

test("workers end with the process that started them", { skip: canSeeProcesses }, async (t) => {
  const store = await freshStore("sqlite");
  const server = await start(t, "--store", store.option);
  const pids = workersOf(server);
  await server.end("SIGKILL");
  await waitUntil("they are gone", async () => pids.every((pid) => !isRunning(pid)));
});

test("K4: attempts are counted together, whichever worker hears them", async (t) => {
  const store = await freshStore("sqlite");
  const path = join(temporaryFolder(), "users.db");
  makeUserFile(path);
  const file = openUserFile(path, { synchronous: "FULL" });
  new UserStore(file).add("alice", await new PasswordHasher().hash(Buffer.from("correct horse battery staple")));
  file.close();
  const server = await start(t, "--store", store.option, "--users", path);
  const tries = Array.from({ length: 12 }, () => login(server.url, "alice", "wrong password!!"));
  const statuses = (await Promise.all(tries)).map(({ status }) => status);
  assert.equal(statuses.filter((status) => status === 401).length, 5, `five free tries in all: ${statuses}`);
});

test("no two requests have the same name in the log, whichever worker they came to", async (t) => {
  const store = await freshStore("sqlite");
  const server = await start(t, "--store", store.option, "--log-level", "debug");
  const headers = { Connection: "close" }; // each comes to the next worker
  for (let i = 0; i < 6; i++) await call(server.url, "GET", "/profile", headers);
  await server.end("SIGTERM");
  const lines = server
    .output()
    .stderr.split("\n")
    .filter((line) => line.includes('"path":"/profile"'));
  const names = lines.map((line) => (JSON.parse(line) as { reqId: string }).reqId);
  assert.equal(names.length, 6);
  assert.equal(new Set(names).size, 6, names.join());
  assert.equal(new Set(names.map((name) => name.replace(/\d+$/, ""))).size, 2, "both had some");
});

test("the figures are those of all workers, wherever they are asked for, and what one counted goes on after its end", {
  skip: canSeeProcesses,
}, async (t) => {
  const store = await freshStore("sqlite");
  const path = join(temporaryFolder(), "users.db");
  makeUserFile(path);
  const file = openUserFile(path, { synchronous: "FULL" });
  const { key } = new KeyStore(file).add("app", ["sessions:create", "metrics:read"]) ?? assert.fail();
  file.close();
  const server = await start(t, "--store", store.option, "--users", path, "--metrics", "127.0.0.1:0");
  const own = /metrics {5}(http:\S+)/.exec(server.output().stdout)?.[1] ?? assert.fail(server.output().stdout);
  const headers = { "X-API-Key": key, Connection: "close" }; // each comes to the next worker
  const begin = async (): Promise<void> => {
    const body = JSON.stringify({ user_id: "ann" });
    const more = { ...headers, "Content-Type": "application/json" };
    assert.equal((await fetch(`${server.url}/sessions`, { method: "POST", headers: more, body })).status, 201);
  };
  const read = async (url = own): Promise<(figure: string) => number> => {
    const text = await (await fetch(url, { headers })).text();
    return (figure) =>
      Number(
        text
          .split("\n")
          .find((line) => line.startsWith(`${figure} `))
          ?.slice(figure.length),
      );
  };
  for (let i = 0; i < 6; i++) await begin();
  for (const url of [own, `${server.url}/metrics`, `${server.url}/metrics`]) {
    const figure = await read(url);
    assert.equal(figure("sessile_sessions_created_total"), 6);
    assert.equal(figure('sessile_http_requests_total{status="201"}'), 6);
    assert.equal(figure('sessile_store_duration_seconds_count{operation="create"}'), 6);
    assert.equal(figure('sessile_sessions{store="sqlite"}'), 6, "both see the same store");
    assert.equal(figure("sessile_store_up"), 1);
  }
  const [victim] = workersOf(server) as [number];
  process.kill(victim, "SIGKILL");
  await waitUntil("another worker takes its place", async () => {
    const now = workersOf(server);
    return now.length === 2 && !now.includes(victim);
  });
  assert.equal((await read())("sessile_sessions_created_total"), 6);
  await begin();
  assert.equal((await read())("sessile_sessions_created_total"), 7);
  assert.equal(await server.end("SIGTERM"), 0);
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
