// M1: clients that send a byte at a time do not delay others, and are cut off when their time is over. With
// SESSILE_REAL_LIMITS=1 the server has its real limits, and the test takes 35 seconds instead of 3.

import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "sessile-test-support/folder";
import { makeUserFile } from "#dist/identity/users/user-file.js";
import { profile, signIn } from "../support/client.ts";
import { listenersOf } from "../support/listeners.ts";
import { closed, openSocket } from "../support/raw.ts";
import { startServer, startTunedServer } from "../support/server-process.ts";

const HOW_MANY = 500;
const isReal = process.env["SESSILE_REAL_LIMITS"] === "1";
const PAUSE = isReal ? 1000 : 100;
/** When the server gives up, by its limits: they are looked at every so often. */
const BOUND = isReal ? { headers: 10_000 + 5000, body: 30_000 + 5000 } : { headers: 1000 + 100, body: 2000 + 100 };

const PATHS: Readonly<Record<string, string>> = { metrics: "/metrics" };

interface SlowClient {
  readonly lived: number;
  readonly answer: string;
}

/** Sends `beginning`, then a byte every so often, until the server ends it. */
async function slowClient(url: string, beginning: string): Promise<SlowClient> {
  const start = performance.now();
  const socket: Socket = openSocket(url);
  let answer = "";
  socket.setEncoding("latin1").on("data", (text) => {
    answer += text;
  });
  socket.write(beginning);
  const timer = setInterval(() => socket.write("x"), PAUSE);
  await closed(socket);
  clearInterval(timer);
  return { lived: performance.now() - start, answer };
}

test("M1: a client that sends requests and never reads the answers is cut off", { skip: isReal }, async (t) => {
  const store = join(temporaryFolder(), "s.db");
  makeUserFile(store.replace(/db$/, "users.db"));
  const listeners = ["--admin", "--admin-listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0"];
  const server = await startTunedServer(["--store", `sqlite:${store}`, "--log-level", "silent", ...listeners]);
  t.after(() => server.end("SIGKILL"));
  await Promise.all(Object.entries(listenersOf(server)).map(([name, url]) => sendForEver(url, PATHS[name] ?? "/")));
  assert.equal(await server.end(), 0);
});

/** Until the server ends it. */
async function sendForEver(url: string, path: string): Promise<void> {
  const socket = openSocket(url).pause();
  // The server reads whole requests only: one that came in part would be cut off by the time for requests.
  const request = `${`GET ${path} HTTP/1.1\r\nHost: x\r\nX: `.padEnd(60, "x")}\r\n\r\n`.repeat(1024);
  const isOver = closed(socket);
  const timer = setInterval(() => socket.writableLength < 1_000_000 && socket.write(request), 1);
  await isOver;
  clearInterval(timer);
}

test(`M1: ${HOW_MANY} slow headers and ${HOW_MANY} slow bodies are cut off while others are served`, async (t) => {
  const args = ["--store", "memory", "--log-level", "silent"];
  const server = isReal ? await startServer(args) : await startTunedServer(args);
  t.after(() => server.end("SIGKILL"));
  const token = await signIn(server.url);
  const crowd = (beginning: string): Promise<SlowClient[]> =>
    Promise.all(Array.from({ length: HOW_MANY }, () => slowClient(server.url, beginning)));
  let isOver = false;
  const slow = Promise.all([
    crowd("GET /profile HTTP/1.1\r\nHost: x\r\nX-A: "),
    crowd("POST /logout HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 10000\r\n\r\n"),
  ]).finally(() => {
    isOver = true;
  });
  const times: number[] = [];
  while (!isOver) {
    const start = performance.now();
    assert.equal((await profile(server.url, token)).status, 200);
    times.push(performance.now() - start);
  }
  const [headers, bodies] = await slow;
  const answers = [...headers, ...bodies].map(({ answer }) => answer.split("\r\n", 1)[0]);
  // A byte that crosses the answer makes it a reset.
  for (const answer of new Set(answers)) assert.ok(answer === "HTTP/1.1 408 Request Timeout" || answer === "", answer);
  times.sort((a, b) => a - b);
  const at = (share: number): string => (times[Math.floor((times.length - 1) * share)] as number).toFixed(1);
  const longest = (clients: SlowClient[]): string => Math.max(...clients.map(({ lived }) => lived)).toFixed(0);
  t.diagnostic(
    `another client meanwhile: ${times.length} answers, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, most ${at(1)} ms`,
  );
  t.diagnostic(
    `slow headers lived at most ${longest(headers)} ms, slow bodies ${longest(bodies)} ms; bounds ${BOUND.headers} and ${BOUND.body} ms`,
  );
  assert.equal((await profile(server.url, token)).status, 200);
  assert.equal(await server.end(), 0);
});
