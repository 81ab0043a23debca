// `npm run measure -- migration [SESSIONS]`: moves that many sessions (1,000,000) from SQLite to Redis under a server
// whose clients keep signing in and out, then asks for every one of their tokens. Prints time and memory; fails when
// one is lost or revived.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { sqliteStore } from "sessile/sqlite";
import { sampleRecord } from "sessile/testing";
import { startRedis } from "sessile-test-support/redis-server";
import { inRoot } from "../ready/repository.mjs";

const CLI = inRoot("packages/server/dist/cli.js");
const CLIENTS = 4;
const HOUR = 3_600_000;

async function measure(sessions) {
  const folder = mkdtempSync(join(tmpdir(), "sessile-migration-"));
  const redis = await startRedis();
  try {
    await migrate(sessions, `sqlite:${join(folder, "s.db")}`, `${redis.url}/0`, redis);
  } finally {
    await redis.close();
    rmSync(folder, { recursive: true });
  }
}

async function migrate(sessions, from, to, redis) {
  say(`${process.version}, SQLite ${process.versions.sqlite}; ${sessions} sessions`);
  await timed("seeding", () => seed(from.slice("sqlite:".length), sessions));
  const old = await serve(from);
  const crowd = new Crowd(old.url);
  crowd.start();
  const live = await timed("live passes", () => runCli(["migrate", "--from", from, "--to", to]));
  const before = crowd.figures();
  await crowd.stop();
  await old.end();
  const stopped = performance.now();
  const final = await runCli(["migrate", "--from", from, "--to", to, "--final", "--json"]);
  const moved = await serve(to);
  const outage = performance.now() - stopped;
  say(`final pass and start       ${(outage / 1000).toFixed(1)} s without a server`);
  const { same, missing, revived, different } = JSON.parse(final.stdout);
  say(`compared                   ${same} the same, ${missing} missing, ${revived} revived, ${different} different`);
  say(`memory of migrate          ${live.peak} MiB live, ${final.peak} MiB final`);
  say(`memory of Redis            ${/used_memory_human:(\S+)/.exec(String(await redis.ask("INFO", "memory")))?.[1]}`);
  say(
    `clients meanwhile          ${before.signedIn} sign-ins, ${before.signedOut} sign-outs, ${crowd.failed} failed requests`,
  );
  const wrong = await crowd.check(moved.url);
  await moved.end();
  say(
    `asked for each token       ${crowd.live.size} signed in, ${crowd.out.size} signed out: ${wrong.lost} lost, ${wrong.revived} revived, ${wrong.busy} asked again after a 503`,
  );
  if (wrong.lost + wrong.revived + missing + revived + different > 0 || final.code !== 0) process.exitCode = 1;
}

/** Clients that sign in, read and sign out, and remember which tokens must be valid. */
class Crowd {
  live = new Set();
  out = new Set();
  failed = 0;
  #url;
  #isOn = true;
  #loops = [];

  constructor(url) {
    this.#url = url;
  }

  start() {
    this.#loops = Array.from({ length: CLIENTS }, () => this.#loop());
  }

  async stop() {
    this.#isOn = false;
    await Promise.all(this.#loops);
  }

  figures() {
    return { signedIn: this.live.size + this.out.size, signedOut: this.out.size };
  }

  async #loop() {
    while (this.#isOn) {
      const { body } = await call(this.#url, "POST", "/login");
      if (body?.session_token) this.live.add(body.session_token);
      else this.failed++;
      if (Math.random() < 0.6) await this.#signOutOne();
      await wait(5);
    }
  }

  /** A token under way is in neither set: until the answer arrives, both results are right. */
  async #signOutOne() {
    const tokens = [...this.live];
    if (tokens.length === 0) return;
    const token = tokens[Math.floor(Math.random() * tokens.length)];
    this.live.delete(token);
    const { status } = await call(this.#url, "POST", "/logout", token);
    if (status === 200) this.out.add(token);
    else this.failed++;
  }

  async check(url) {
    const wrong = { lost: 0, revived: 0, busy: 0 };
    for (const token of this.live) if ((await statusOf(url, token, wrong)) !== 200) wrong.lost++;
    for (const token of this.out) if ((await statusOf(url, token, wrong)) !== 401) wrong.revived++;
    return wrong;
  }
}

/**
 * A store that is too busy answers neither "signed in" nor "signed out", but 503: the request is repeated and counted.
 */
async function statusOf(url, token, wrong) {
  for (let attempt = 0; ; attempt++) {
    const { status } = await call(url, "GET", "/profile", token);
    if (status !== 503 || attempt === 20) return status;
    wrong.busy++;
    await wait(100);
  }
}

async function call(url, method, path, token) {
  const response = await fetch(url + path, { method, headers: token ? { "X-Session-Token": token } : {} });
  return { status: response.status, body: await response.json().catch(() => null) };
}

async function seed(path, sessions) {
  const store = sqliteStore({ path, synchronous: "NORMAL" });
  const data = JSON.stringify({ username: "somebody", cart: ["a-12", "b-34"], theme: "dark" });
  const end = Date.now() + 24 * HOUR;
  for (let done = 0; done < sessions; done += 5000) {
    const batch = Array.from({ length: Math.min(5000, sessions - done) }, (_, i) =>
      sampleRecord({ userId: `user-${(done + i) >> 1}`, data, expiresAt: end, absoluteExpiresAt: end }),
    );
    await Promise.all(batch.map((record) => store.create(record)));
  }
  await store.close();
}

async function serve(store) {
  const args = [CLI, "serve", "--port", "0", "--log-level", "silent", "--store", store];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  // Leaving the loop must not close the stream: the server has more lines to print.
  for await (const part of child.stdout.setEncoding("utf8").iterator({ destroyOnReturn: false })) {
    text += part;
    const [, url] = /serves sessions on (\S+)\n/.exec(text) ?? [];
    if (url) return { url, end: () => ended(child) };
  }
  throw new Error(`the server did not start: ${text}`);
}

async function ended(child) {
  child.kill("SIGTERM");
  await once(child, "exit");
}

/** Runs a command to its end; `peak` is its largest memory, where the system reports it (Linux). */
async function runCli(args) {
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  let [stdout, peak] = ["", 0];
  child.stdout.setEncoding("utf8").on("data", (part) => (stdout += part));
  const looking = setInterval(() => (peak = Math.max(peak, memoryOf(child.pid))), 250);
  const [code] = await once(child, "close");
  clearInterval(looking);
  if (code !== 0) say(`sessile ${args.join(" ")} ended with ${code}: ${stdout}`);
  return { code, stdout, peak };
}

function memoryOf(pid) {
  try {
    return Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024);
  } catch {
    return 0;
  }
}

async function timed(name, work) {
  const start = performance.now();
  const value = await work();
  say(`${name.padEnd(26)} ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return value;
}

function say(text) {
  process.stdout.write(`${text}\n`);
}

await measure(Number(process.argv[2] ?? 1_000_000));
