// Which clients are recognised, and how each is spoken to.

import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { createClient, createCluster, createSentinel } from "@redis/client";
import { Cluster, Redis } from "ioredis";
import { type RedisClient, redisStore } from "sessile/redis";
import { sampleRecord } from "sessile/testing";
import { startRedis } from "sessile-test-support/redis-server";
import { waitUntil } from "sessile-test-support/wait-until";
import { portOf } from "#dist/stores/redis/client.js";

const KEY = "sessile:s:x";
const GET = ["GET", KEY];
/** What an ioredis `Cluster` has to be made with. */
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

test("of what ioredis is given in one turn of the event loop the first leaves at once, and the rest in one piece", async () => {
  const steps: string[] = [];
  const note = (step: string) => () => steps.push(step);
  const connection = (name: string) => ({ writable: true, cork: note(`${name} cork`), uncork: note(`${name} uncork`) });
  const client = {
    status: "ready",
    options: { autoResendUnfulfilledCommands: false },
    stream: connection("first"),
    get: async () => steps.push("get"),
    call: async () => steps.push("call"),
  };
  const port = portOf(client as unknown as RedisClient, 10_000);
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  await Promise.all([port.send(KEY, GET), port.send(KEY, ["DEL", KEY])]);
  await turn();
  client.stream = connection("second");
  await port.send(KEY, GET);
  await turn();
  assert.deepEqual(steps, [
    ...["get", "first cork", "call", "first uncork"],
    ...["get", "second cork", "second uncork"],
  ]);
});

test("what ioredis is given waits no longer than two milliseconds for a turn that goes on, and not at all beside a clock of its own", async () => {
  const steps: string[] = [];
  const note = (step: string) => () => steps.push(step);
  const stream = { writable: true, cork: note("cork"), uncork: note("uncork") };
  const client = (options: object) => {
    const fake = { status: "ready", options: { autoResendUnfulfilledCommands: false, ...options }, stream };
    return portOf(
      { ...fake, get: async () => steps.push("get"), call: async () => {} } as unknown as RedisClient,
      10_000,
    );
  };
  const port = client({});
  const sent = [port.send(KEY, GET), port.send(KEY, GET)];
  for (const end = performance.now() + 2.1; performance.now() < end; );
  await Promise.all([...sent, port.send(KEY, GET)]);
  assert.deepEqual(steps.splice(0), ["get", "cork", "get", "get", "uncork", "cork"]);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(steps.splice(0), ["uncork"]);
  await client({ commandTimeout: 1000 }).send(KEY, GET);
  assert.deepEqual(steps, ["get"]);
});

test("P3: a command of ioredis whose connection ends before the turn does fails, and is not done after the next connect", async (t) => {
  const server = await startRedis();
  t.after(() => server.close());
  const client = new Redis(server.url, { autoResendUnfulfilledCommands: false, retryStrategy: () => 1 });
  t.after(() => client.disconnect());
  const store = redisStore({ client, deadline: 1000 });
  const record = sampleRecord();
  await waitUntil("the store is ready", async () => (await store.create(record)).status === "created");
  const first = Promise.resolve(store.load(record.sid)).catch(() => null);
  const ending = store.delete(record.sid);
  for (let i = 0; i < 20 && client.stream.writableLength === 0; i++) await Promise.resolve();
  assert.ok(client.stream.writableLength > 0, "the client has the command, and its connection has not sent it");
  const reconnected = once(client, "ready");
  client.stream.destroy();
  await assert.rejects(ending, { code: "ERR_SESSION_STORE" });
  await Promise.all([first, reconnected]);
  await client.ping();
  assert.equal((await store.load(record.sid))?.sid, record.sid);
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
