// Failed starts of the server: one clear line, an exit code, no stack.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "sessile-test-support/folder";
import { runCli, startServer } from "./support/server-process.ts";

const folder = temporaryFolder();
const CLI = fileURLToPath(new URL("../dist/cli.js", import.meta.url));

async function fails(args: string[], expected: RegExp, env: Record<string, string> = {}): Promise<void> {
  const { code, stdout, stderr } = await runCli(["serve", ...args], { SESSILE_PORT: "0", ...env });
  assert.notEqual(code, 0);
  assert.equal(stdout, "");
  assert.match(stderr, expected);
  assert.equal(stderr.trimEnd().split("\n").length, 1, `one line, got: ${stderr}`);
  assert.doesNotMatch(stderr, /\bat .*:\d+:\d+/, "no stack");
}

test("an unknown option is named", () => fails(["--prot", "1"], /--prot/));
test("an unknown command is named", async () => {
  const { code, stderr } = await runCli(["sevre"]);
  assert.equal(code, 2);
  assert.match(stderr, /^sessile: Unknown command "sevre"\. Did you mean serve\?/);
});
test("a stray argument is named", () => fails(["sqlite"], /sqlite/));
test("an option without its value is named", () => fails(["--store"], /--store/));
test("a bad duration says what a duration looks like", () =>
  fails(["--idle-timeout", "soon"], /--idle-timeout must be a duration .*30m.*got "soon"/));
test("a duration of nothing is refused", () => fails(["--absolute-timeout", "0s"], /--absolute-timeout/));
test("a longest session that is shorter than the others is refused, with their length", () =>
  fails(["--longest-session", "30m"], /--longest-session must be at least --absolute-timeout, which is 1h; got "30m"/));
test("a bad duration in the environment is refused", () =>
  fails([], /--idle-timeout/, { SESSILE_IDLE_TIMEOUT: "1 hour" }));
test("a bad port says what a port is", async () => {
  for (const port of ["x", "-1", "65536", "1.5", ""]) await fails([`--port=${port}`], /--port must be a number/);
});
test("an unknown store says which there are", () =>
  fails(["--store", "mysql://x"], /memory, sqlite:PATH, postgres:.* or redis:/));
test("an unknown log level is refused", () => fails(["--log-level", "loud"], /--log-level must be one of/));
test("a choice that there is not is refused, with those there are", async () => {
  await fails(["--log-address", "full"], /--log-address must be one of off, network; got "full"/);
  await fails(["--device", "full"], /--device must be one of off, family; got "full"/);
});
test("K5, O3: proxies are trusted by name only: nobody, or all the world, is refused", async () => {
  for (const networks of ["true", "*", "0.0.0.0/0", "::/0", "10.0.0.0/33", "127.0.0.1,,::1", "proxy.example"])
    await fails(["--trust-proxy", networks], /--trust-proxy must be a list of addresses or networks/);
});
test("a delay that is no duration is refused", () => fails(["--stop-delay", "-1s"], /--stop-delay/));
test("a password in a store URL is never printed", () =>
  fails(["--store", "redis://user:hunter2@127.0.0.1:1/0"], /^(?!.*hunter2).*cannot be reached/));
test("an unreachable Redis is named", () =>
  fails(["--store", "redis://127.0.0.1:1/0"], /redis:\/\/127\.0\.0\.1:1\/0 cannot be reached: ECONNREFUSED/));
test("a SQLite path in a folder that does not exist is named", () =>
  fails(["--store", `sqlite:${folder}/no/such/x.db`], /no\/such\/x\.db/));
test("a folder as SQLite path is refused", () => fails(["--store", `sqlite:${folder}`], new RegExp(folder)));
test("a file that is no database is refused and left alone", () => {
  const path = join(folder, "notes.txt");
  writeFileSync(path, "these are my notes, not a database\n".repeat(100));
  return fails(["--store", `sqlite:${path}`], /notes\.txt/);
});
test("a folder that cannot be written is named", () => {
  // Root may write into any folder of a disk, but not into the kernel's.
  const locked = process.getuid?.() === 0 ? "/sys" : join(folder, "locked");
  if (locked !== "/sys") mkdirSync(locked, { mode: 0o500 });
  return fails(["--store", `sqlite:${locked}/x.db`], new RegExp(`${locked}/x\\.db.*may not`));
});

test("a port in use is named", async () => {
  const blocker = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => blocker.once("listening", resolve));
  const { port } = blocker.address() as { port: number };
  try {
    await fails(["--store", "memory", "--port", String(port)], new RegExp(`Port ${port} on 127\\.0\\.0\\.1 is in use`));
  } finally {
    blocker.close();
  }
});

test("the demo sign-in listens on loopback only, unless told otherwise", async () => {
  for (const host of ["0.0.0.0", "::", "192.0.2.1"])
    await fails(["--store", "memory", "--host", host], /loopback only/);
  const server = await startServer(["--store", "memory", "--host", "0.0.0.0", "--demo"]);
  assert.equal(await server.end(), 0);
});

test("options win over the environment", async () => {
  const server = await startServer(["--idle-timeout", "5m"], {
    SESSILE_STORE: "memory",
    SESSILE_IDLE_TIMEOUT: "7m",
    SESSILE_ABSOLUTE_TIMEOUT: "2d",
    SESSILE_LONGEST_SESSION: "30d",
  });
  assert.match(
    server.output().stdout,
    /store +memory\n[\s\S]*lifetime +even an active user must sign in again after 2d [^\n]*\n +and an idle one after 5m [^\n]*\n +one who asks to stay signed in stays so for up to 30d /,
  );
  await server.end();
});

for (const args of [[], ["--cookie", "__Host-session"]]) {
  test(`the lines of the banner sign in, show who it is and sign out: serve ${args.join(" ")}`, async (t) => {
    if (spawnSync("curl", ["--version"]).status !== 0) return t.skip("there is no curl here");
    const server = await startServer(["--store", "memory", ...args]);
    const { stdout } = server.output();
    assert.match(stdout, new RegExp(`^ +docs +${server.url}/docs$`, "m"));
    const [, lines = ""] = stdout.split("Try it:\n");
    const ran = spawnSync("sh", ["-c", lines], { encoding: "utf8" });
    assert.equal(ran.stdout, '{"username":"john_doe","user_id":1}{"message":"Logged out successfully"}', ran.stderr);
    await server.end();
  });
}

test("a Node.js that cannot load the command is told so in one line, with the one to install", () => {
  const fake = 'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"18.20.4"})';
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", fake, CLI, "serve"], {
    encoding: "utf8",
  });
  assert.deepEqual([status, stdout], [2, ""]);
  assert.match(stderr, /^sessile: this is Node\.js 18\.20\.4, and sessile needs 22\.13 or later\. Install [^\n]*\n$/);
});

test("the help names every option and its variable", async () => {
  const { code, stdout } = await runCli(["serve", "--help"]);
  assert.equal(code, 0);
  const names = ["store", "port", "host", "idle-timeout", "absolute-timeout", "longest-session", "demo", "log-level"];
  for (const name of [...names, "log-address", "device", "trust-proxy", "stop-delay"]) {
    assert.ok(stdout.includes(`--${name}`) && stdout.includes(`SESSILE_${name.toUpperCase().replaceAll("-", "_")}`));
  }
});

test("M6: SIGTERM and SIGINT end the server with 0", async () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    const server = await startServer(["--store", "memory"]);
    assert.equal(await server.end(signal), 0);
  }
});
