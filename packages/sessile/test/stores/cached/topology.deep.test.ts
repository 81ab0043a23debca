// Caches over a Cluster and behind Sentinel, while primaries change: whatever ends elsewhere is refused here.

import assert from "node:assert/strict";
import { once } from "node:events";
import { after, describe, test } from "node:test";
import { createCluster, createSentinel } from "@redis/client";
import { Cluster, Redis } from "ioredis";
import { cachedStore } from "sessile/cached";
import type { RedisClient } from "sessile/redis";
import type { SessionStore } from "sessile/store";
import { sampleRecord } from "sessile/testing";
import { startCluster } from "sessile-test-support/redis-cluster";
import { isReplicated } from "sessile-test-support/redis-replication";
import { SENTINEL_NAME, startSentinelGroup } from "sessile-test-support/redis-sentinel";
import { closeCluster } from "../redis/clients.ts";
import { patientStore } from "../redis/connect.ts";
import { read } from "./fakes.ts";
import { figures, until, untilCoherent, untilKept } from "./until.ts";

const cluster = await startCluster();
const sentinels = await startSentinelGroup();
const closing: (() => unknown)[] = [() => cluster.close(), () => sentinels.close()];
after(async () => {
  for (const close of closing.reverse()) await close();
});

async function connectNode(): Promise<RedisClient> {
  const client = createCluster({ rootNodes: cluster.addresses.map((socket) => ({ socket })) });
  client.on("error", () => {});
  client.on("node-error", () => {});
  closing.push(() => client.destroy());
  return client.connect();
}

async function connectIo(): Promise<RedisClient> {
  const client = new Cluster([...cluster.addresses], { retryDelayOnFailover: 0, retryDelayOnClusterDown: 0 });
  return connected(client, () => closeCluster(client));
}

async function connectNodeBehindSentinel(): Promise<RedisClient> {
  const client = createSentinel({
    name: SENTINEL_NAME,
    sentinelRootNodes: [...sentinels.addresses],
    scanInterval: 500,
  });
  client.on("error", () => {});
  closing.push(() => client.destroy());
  return client.connect();
}

function connectIoBehindSentinel(): Promise<RedisClient> {
  const options = { sentinels: [...sentinels.addresses], name: SENTINEL_NAME, autoResendUnfulfilledCommands: false };
  // A new primary knows no script: NOSCRIPT is answered with the script, not with another connection.
  const reconnectOnError = ({ message }: Error) => (message.startsWith("READONLY") ? 1 : false);
  const client = new Redis({ ...options, reconnectOnError });
  return connected(client, () => client.disconnect());
}

async function connected<T extends Redis | Cluster>(client: T, close: () => unknown): Promise<T> {
  client.on("error", () => {});
  closing.push(close);
  await once(client, "ready");
  return client;
}

interface Pair {
  readonly here: SessionStore;
  readonly there: SessionStore;
  /** Copies of some sessions, over all primaries, are here. */
  readonly sids: readonly string[];
}

async function open(connect: () => Promise<RedisClient>, prefix: string): Promise<Pair> {
  const [here, there] = [
    cachedStore(patientStore(await connect(), prefix)),
    patientStore(await connect(), prefix),
  ] as const;
  closing.push(() => here.close());
  await untilCoherent(here);
  const records = Array.from({ length: 12 }, () => sampleRecord());
  for (const record of records) await there.create(record);
  for (const { sid } of records) await untilKept(here, sid);
  return { here, there, sids: records.map(({ sid }) => sid) };
}

/**
 * Ends the sessions elsewhere, over all primaries, and waits until each is refused here. A takeover may have ended
 * some.
 */
async function endAll({ here, there, sids }: Pair): Promise<void> {
  for (const sid of sids)
    await until("it ends", () =>
      there.delete(sid).then(
        () => true,
        () => false,
      ),
    );
  for (const sid of sids)
    await until("it is refused", async () => (await Promise.resolve(read(here, sid)).catch(() => undefined)) === null);
}

for (const [name, connect] of [
  ["@redis/client", connectNode],
  ["ioredis", connectIo],
] as const) {
  describe(`a cache over a Cluster with ${name}`, () => {
    test("F2: hears of sessions on all primaries, and goes on where a slot has moved", async () => {
      const pair = await open(connect, `${name}-move:`);
      const key = `${name}-move:s:${pair.sids[0]}`;
      await cluster.moveSlot(key);
      await endAll(pair);
    });

    test("F2: goes on where a replica took over in good order", async () => {
      const pair = await open(connect, `${name}-over:`);
      await cluster.failOver(`${name}-over:s:${pair.sids[0]}`);
      await untilCoherent(pair.here);
      await endAll(pair);
    });
  });
}

test("F7: a primary that the client gets to know later is heard too, and what came from it before is given up", async () => {
  const client = (await connectIo()) as Cluster;
  let hidden = 1;
  const forgetful = new Proxy(client, {
    get(target, name) {
      if (name === "nodes") return (role: "master") => target.nodes(role).slice(hidden);
      const value = Reflect.get(target, name) as unknown;
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
  const here = cachedStore(patientStore(forgetful, "later:"));
  const there = patientStore(client, "later:");
  closing.push(() => here.close());
  await untilCoherent(here);
  const records = Array.from({ length: 12 }, () => sampleRecord());
  for (const record of records) await there.create(record);
  for (const { sid } of records) await untilKept(here, sid);
  hidden = 0;
  await endAll({ here, there, sids: records.map(({ sid }) => sid) });
  await until("it is heard", async () => (await figures(here)).resets >= 1);
});

test("F7: when a primary of a Cluster dies, nothing is answered from copies until all is well again", async () => {
  const pair = await open(connectNode, "dies:");
  const key = `dies:s:${pair.sids[0]}`;
  const former = await cluster.primaryOf(key);
  await cluster.takeForDeadAfter(1500);
  await former.kill();
  await until("it is empty", async () => (await figures(pair.here)).entries === 0);
  await cluster.untilTakenOver(key, former);
  await untilCoherent(pair.here);
  await endAll(pair);
  assert.equal((await figures(pair.here)).isCoherent, true);
});

for (const [name, connect] of [
  ["@redis/client", connectNodeBehindSentinel],
  ["ioredis", connectIoBehindSentinel],
] as const) {
  test(`F2: behind Sentinel a cache follows the client of ${name} to the next primary`, async () => {
    const pair = await open(connect, `${name}-behind:`);
    await sentinels.failOver();
    await untilCoherent(pair.here);
    await endAll(pair);
  });

  test(`F7: when the primary behind Sentinel dies, a cache over ${name} is emptied, and goes on with the next one`, async () => {
    const pair = await open(connect, `${name}-dies:`);
    const former = await sentinels.primary();
    await until("the replicas have everything", () => isReplicated(sentinels.nodes));
    await sentinels.takeForDeadAfter(1000);
    await former.kill();
    await until("it is empty", async () => (await figures(pair.here)).entries === 0);
    await sentinels.untilTakenOver(former);
    await former.restart();
    await sentinels.untilWhole();
    await sentinels.takeForDeadAfter(60_000);
    await untilCoherent(pair.here);
    await endAll(pair);
  });
}
