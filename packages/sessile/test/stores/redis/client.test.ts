// Which clients are recognised, and how each is spoken to.

import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { createClient, createClientPool, createCluster, createSentinel } from "@redis/client";
import { Cluster, Redis } from "ioredis";
import { type RedisClient, redisStore } from "sessile/redis";
import { sampleRecord } from "sessile/testing";
import { portOf } from "#dist/stores/redis/clients/port-of.js";

const KEY = "sessile:s:x";
const GET = ["GET", KEY];
/** The options that an ioredis `Cluster` needs. */
const ONCE = { retryDelayOnFailover: 0, retryDelayOnClusterDown: 0 };

test("each kind of client is sent a command in its own way, always to the primary", async () => {
  const calls: unknown[][] = [];
  const note = async (...args: unknown[]) => calls.push(args);
  const clients = [
    { isReady: true, sendCommand: note },
    { isReady: true, slots: [], sendCommand: note },
    { isReady: true, getSentinelNode: () => {}, sendCommand: note },
    { status: "ready", options: { autoResendUnfulfilledCommands: false }, call: note, get: note },
  ] as unknown as RedisClient[];
  for (const client of clients) await portOf(client, 10_000).send(KEY, GET);
  await portOf(clients[3] as RedisClient, 10_000).send(KEY, ["DEL", KEY]);
  const words = calls.map((call) => call.filter((word) => typeof word !== "object" || Array.isArray(word)));
  assert.deepEqual(words, [[GET], [KEY, false, GET], [false, GET], [KEY], ["DEL", KEY]]);
});

test("what ioredis was given fails at once when the connection closes: ioredis itself would never answer it", async () => {
  const options = { autoResendUnfulfilledCommands: false };
  const never = () => new Promise(() => {});
  const client = Object.assign(new EventEmitter(), { status: "ready", options, call: never, get: never });
  const port = portOf(client as unknown as RedisClient, 10_000);
  const underWay = [port.send(KEY, GET), port.send(KEY, ["DEL", KEY])];
  client.emit("close");
  for (const reply of underWay) await assert.rejects(reply, /Connection is closed/);
});

test("P3: what waits inside a client of @redis/client is taken back at the deadline, and a Sentinel's is let in once", async () => {
  const signals: AbortSignal[] = [];
  const sendCommand = async (...args: unknown[]) => {
    const { abortSignal, timeout, typeMapping } = args.at(-1) as Record<string, unknown>;
    assert.deepEqual({ timeout, typeMapping }, { timeout: undefined, typeMapping: {} });
    signals.push(abortSignal as AbortSignal);
  };
  const [plain, sentinel] = [
    { isReady: true, sendCommand },
    { isReady: true, getSentinelNode: () => {}, sendCommand },
  ] as unknown as [RedisClient, RedisClient];
  for (const deadline of [60_000, 10])
    for (const client of [plain, sentinel]) await portOf(client, deadline).send(KEY, GET);
  const [first, second, ...short] = signals as [AbortSignal, AbortSignal, AbortSignal, AbortSignal];
  assert.deepEqual([first.aborted, first.aborted], [false, false]);
  assert.deepEqual([second.aborted, second.aborted], [false, true]);
  await Promise.all(short.map((signal) => new Promise((resolve) => signal.addEventListener("abort", resolve))));
  assert.equal(short[0].aborted, true);
});

test("P3: every real client that is not connected is recognised, and every call fails at once", async () => {
  const node = [
    createClient(),
    createClientPool(),
    createCluster({ rootNodes: [{ url: "redis://127.0.0.1:1" }] }),
    createSentinel({ name: "primary", sentinelRootNodes: [{ host: "127.0.0.1", port: 1 }] }),
  ];
  const ioredis = [
    new Redis({ lazyConnect: true, autoResendUnfulfilledCommands: false }),
    new Cluster([{ port: 1 }], { lazyConnect: true, ...ONCE }),
  ];
  for (const client of [...node, ...ioredis] satisfies RedisClient[]) {
    const store = redisStore({ client });
    const notConnected = { code: "ERR_SESSION_STORE", message: /not connected/ };
    await assert.rejects(async () => store.load(sampleRecord().sid), notConnected);
    await assert.rejects(store.create(sampleRecord({ userId: "u" })), notConnected);
  }
  for (const client of ioredis) client.disconnect();
});

test("a client of ioredis that would send a command twice, or ask a replica, is refused", () => {
  const single = (options: object) =>
    new Redis({ lazyConnect: true, autoResendUnfulfilledCommands: false, ...options });
  const cluster = (options: object) => new Cluster([{ port: 1 }], { lazyConnect: true, ...options });
  const unsafe: [RedisClient, RegExp][] = [
    [new Redis({ lazyConnect: true }), /`autoResendUnfulfilledCommands: false`/],
    [single({ reconnectOnError: () => 2 }), /`reconnectOnError` that returns 1/],
    [single({ enableAutoPipelining: true }), /`maxRetriesPerRequest: 0` and `enableOfflineQueue: false`/],
    [single({ enableAutoPipelining: true, maxRetriesPerRequest: 0 }), /`enableOfflineQueue: false`/],
    [cluster({ ...ONCE, enableAutoPipelining: true }), /`enableOfflineQueue: false`/],
    [cluster({}), /`retryDelayOnFailover: 0`/],
    [cluster({ retryDelayOnFailover: 0 }), /`retryDelayOnClusterDown: 0`/],
    [cluster({ ...ONCE, scaleReads: "slave" }), /`scaleReads: "master"`/],
    [cluster({ ...ONCE, clusterNodeRetryStrategy: () => 1 }), /redisOptions.autoResend/],
    [cluster({ ...ONCE, redisOptions: { reconnectOnError: () => 2 } }), /`redisOptions.reconnectOnError`/],
  ];
  for (const [client, message] of unsafe) {
    assert.throws(() => redisStore({ client }), { code: "ERR_SESSION_OPTION", message });
  }
});
