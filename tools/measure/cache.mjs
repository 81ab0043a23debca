// `npm run measure -- cache`: how long a process with a cache still accepts a session that ended elsewhere, over real
// HTTP and a real Redis: while all is well, while Redis is frozen, and while the network to it is. Arguments: the
// number of measurements of the first case, and of the others.

import { createServer, connect as dial } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { startRedis } from "sessile-test-support/redis-server";
import { startApp } from "./cache/app.mjs";
import { Client } from "./cache/client.mjs";

const MAX_STALENESS = 1000;
const ROUNDS = Number(process.argv[2] ?? 1000);
const FROZEN_ROUNDS = Number(process.argv[3] ?? 20);

const redis = await startRedis();
const proxy = await startProxy(redis.port);
const [a, b, far, plain] = await Promise.all([
  startApp(redis.port, MAX_STALENESS),
  startApp(redis.port, MAX_STALENESS),
  startApp(proxy.port, MAX_STALENESS),
  startApp(redis.port, null),
]);
try {
  print(`${ROUNDS} sign-outs, all connected: the first refusal came after the acknowledgement`, await connected());
  print(`${FROZEN_ROUNDS} times Redis frozen: still accepted`, await repeat(FROZEN_ROUNDS, () => frozen(redis)));
  print(
    `${FROZEN_ROUNDS} times no network, signed out elsewhere meanwhile: still accepted after the acknowledgement`,
    await repeat(FROZEN_ROUNDS, cutOff),
  );
  print("10,000 requests one after the other, answered from a copy", await speed(b));
  print("10,000 requests one after the other, without a cache", await speed(plain));
} finally {
  for (const app of [a, b, far, plain]) app.close();
  await redis.close();
  proxy.close();
}

/**
 * Requests to `b` go on all the time; the first refused one was under way when the sign-out was answered, or sent
 * later.
 */
async function connected() {
  const [first, second] = [new Client(a.port), new Client(b.port)];
  const [refused, late] = [[], { rounds: 0, longest: 0 }];
  for (let round = 0; round < ROUNDS; round++) {
    const token = await first.signIn();
    await warm(second, token);
    const polled = lastAccepted(second, token).then((accepted) => ({ accepted, refusedAt: performance.now() }));
    await first.signOut(token);
    const acknowledgedAt = performance.now();
    const { accepted, refusedAt } = await polled;
    if (accepted > acknowledgedAt) late.rounds++;
    late.longest = Math.max(late.longest, accepted - acknowledgedAt);
    refused.push(Math.max(refusedAt - acknowledgedAt, 0));
  }
  console.log(
    `requests sent after the acknowledgement and accepted: in ${late.rounds} of ${ROUNDS} rounds, at most ${ms(late.longest)} later`,
  );
  return refused;
}

/** The time from the moment Redis stops until the last accepted request was sent. */
async function frozen(server) {
  const client = new Client(b.port);
  const token = await client.signIn();
  await warm(client, token);
  await pause(Math.random() * 300);
  server.pause();
  const frozenAt = performance.now();
  const accepted = await lastAccepted(client, token);
  server.resume();
  await untilWell(client, token);
  return accepted - frozenAt;
}

/**
 * The time from the acknowledgement of a sign-out at `a`, which `far` cannot receive, to the last request that `far`
 * accepts.
 */
async function cutOff() {
  const [first, second] = [new Client(a.port), new Client(far.port)];
  const token = await first.signIn();
  await warm(second, token);
  await pause(Math.random() * 300);
  proxy.freeze();
  await first.signOut(token);
  const acknowledgedAt = performance.now();
  const accepted = await lastAccepted(second, token);
  proxy.thaw();
  await untilWell(second, token);
  return accepted - acknowledgedAt;
}

/** When the last accepted request was sent. */
async function lastAccepted(client, token) {
  for (let accepted = 0; ; ) {
    const sentAt = performance.now();
    if ((await client.status(token)) !== 200) return accepted;
    accepted = sentAt;
  }
}

/** Several reads in a row from a copy. */
async function warm(client, token) {
  const hits = async () => (await client.figures()).hits;
  for (const before = await hits(); (await hits()) < before + 5; ) await client.status(token);
}

async function untilWell(client, token) {
  while ((await client.status(token)) === 503) await pause(20);
  while (!(await client.figures()).isCoherent) await pause(20);
}

async function speed(app) {
  const client = new Client(app.port);
  const token = await client.signIn();
  for (let i = 0; i < 1000; i++) await client.status(token);
  const times = [];
  for (let i = 0; i < 10_000; i++) {
    const start = performance.now();
    await client.status(token);
    times.push(performance.now() - start);
  }
  return times;
}

async function repeat(times, run) {
  const values = [];
  for (let i = 0; i < times; i++) values.push(await run());
  return values;
}

function print(what, values) {
  const sorted = values.toSorted((x, y) => x - y);
  const at = (part) => ms(sorted[Math.min(Math.floor(sorted.length * part), sorted.length - 1)]);
  console.log(`${what}: median ${at(0.5)}, p99 ${at(0.99)}, longest ${ms(sorted.at(-1))}`);
}

function ms(value) {
  return `${value.toFixed(2)} ms`;
}

/** A proxy between an application and Redis; while it is frozen, connections stay open and nothing passes. */
async function startProxy(port) {
  const sockets = new Set();
  let isFrozen = false;
  const server = createServer((near) => {
    const end = dial(port, "127.0.0.1");
    for (const [from, to] of [
      [near, end],
      [end, near],
    ]) {
      sockets.add(from);
      from
        .setNoDelay()
        .on("error", () => {})
        .on("close", () => {
          sockets.delete(from);
          to.destroy();
        });
      from.pipe(to);
      if (isFrozen) from.pause();
    }
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return {
    port: server.address().port,
    freeze() {
      isFrozen = true;
      for (const socket of sockets) socket.pause();
    },
    thaw() {
      isFrozen = false;
      for (const socket of sockets) socket.resume();
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
