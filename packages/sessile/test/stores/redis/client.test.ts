// Which clients are recognised, and how each is spoken to.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient, createCluster, createSentinel } from "@redis/client";
import { Cluster, Redis } from "ioredis";
import { type RedisClient, redisStore } from "sessile/redis";
import { sampleRecord } from "sessile/testing";
import { portOf } from "#dist/stores/redis/client.js";

const KEY = "sessile:s:x";
const GET = ["GET", KEY];

test("each kind of client is sent a command in its own way, always to the primary", async () => {
  const options = { timeout: 9, typeMapping: {} };
  const calls: unknown[][] = [];
  const note = async (...args: unknown[]) => calls.push(args);
  const clients = [
    { isReady: true, sendCommand: note },
    { isReady: true, slots: [], sendCommand: note },
    { isReady: true, getSentinelNode: () => {}, sendCommand: note },
    { status: "ready", options: { autoResendUnfulfilledCommands: false }, call: note },
  ] as unknown as RedisClient[];
  for (const client of clients) await portOf(client, 9).send(KEY, GET);
  assert.deepEqual(calls, [[GET, options], [KEY, false, GET, options], [false, GET, options], GET]);
});

test("P3: every real client that is not connected is recognised, and every call fails at once", async () => {
  const node = [
    createClient(),
    createCluster({ rootNodes: [{ url: "redis://127.0.0.1:1" }] }),
    createSentinel({ name: "primary", sentinelRootNodes: [{ host: "127.0.0.1", port: 1 }] }),
  ];
  const ioredis = [
    new Redis({ lazyConnect: true, autoResendUnfulfilledCommands: false }),
    new Cluster([{ port: 1 }], { lazyConnect: true, retryDelayOnFailover: 0 }),
  ];
  for (const client of [...node, ...ioredis] satisfies RedisClient[]) {
    const store = redisStore({ client });
    const notConnected = { code: "ERR_SESSION_STORE", message: /not connected/ };
    await assert.rejects(store.load(sampleRecord().sid), notConnected);
    await assert.rejects(store.create(sampleRecord({ userId: "u" })), notConnected);
  }
  for (const client of ioredis) client.disconnect();
});

test("a client of ioredis that would send a command twice, or ask a replica, is refused", () => {
  const cluster = (options: object) => new Cluster([{ port: 1 }], { lazyConnect: true, ...options });
  const unsafe: [RedisClient, RegExp][] = [
    [new Redis({ lazyConnect: true }), /`autoResendUnfulfilledCommands: false`/],
    [cluster({}), /`retryDelayOnFailover: 0`/],
    [cluster({ retryDelayOnFailover: 0, scaleReads: "slave" }), /`scaleReads: "master"`/],
    [cluster({ retryDelayOnFailover: 0, clusterNodeRetryStrategy: () => 1 }), /redisOptions.autoResend/],
  ];
  for (const [client, message] of unsafe) {
    assert.throws(() => redisStore({ client }), { code: "ERR_SESSION_OPTION", message });
  }
});
