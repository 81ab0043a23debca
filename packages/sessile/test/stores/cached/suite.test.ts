// The shared suite over the cached store: as every store has to behave, and with every load from a copy where there is
// one.

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { after } from "node:test";
import { createClient, createCluster } from "@redis/client";
import { Cluster } from "ioredis";
import { cachedStore } from "sessile/cached";
import type { RedisClient } from "sessile/redis";
import type { SessionStore } from "sessile/store";
import { storeSuite } from "sessile/testing";
import { byDepth } from "sessile-test-support/depth";
import { startCluster } from "sessile-test-support/redis-cluster";
import { startSentinelGroup } from "sessile-test-support/redis-sentinel";
import { startRedis } from "sessile-test-support/redis-server";
import { closeCluster, SENTINEL } from "../redis/clients.ts";
import { connectIoredis, patientStore } from "../redis/connect.ts";
import { greedy } from "./fakes.ts";
import { untilCoherent } from "./until.ts";

const NEEDED = [
  ...["get", "set", "getdel", "del", "exists", "eval", "evalsha", "time", "scan", "publish", "subscribe"],
  ...["zadd", "zrem", "zrange", "zrangebyscore", "zcard", "zscore", "pttl", "pexpireat"],
  ...["client|id", "client|tracking"],
  // The options that the clients need to connect.
  ...["hello", "auth", "info"],
];

const server = await startRedis();
const user = { username: "sessions", password: randomBytes(16).toString("hex") };
const rights = [
  ...[user.username, "on", `>${user.password}`, "~suite-*", "&suite-*", "&__redis__:invalidate"],
  ...NEEDED.map((name) => `+${name}`),
];
await server.ask("ACL", "SETUSER", ...rights);
/** A quick run is content with one Redis and one client library. */
const isQuick = byDepth(true, false, false);
const cluster = isQuick ? undefined : await startCluster();
const sentinels = isQuick ? undefined : await startSentinelGroup(["--user", ...rights]);
after(async () => {
  await server.close();
  await cluster?.close();
  await sentinels?.close();
});

const CLIENTS: readonly [name: string, connect: () => Promise<RedisClient & { quiet: () => unknown }>][] = [
  [
    "@redis/client, allowed no more than the documented commands",
    async () => closable(await connectNode(), (client) => client.destroy()),
  ],
  [
    "ioredis, allowed no more than the documented commands",
    async () => closable(await connectIoredis(server.port, user), (client) => client.disconnect()),
  ],
  [
    "Sentinels with @redis/client, allowed no more than the documented commands",
    async () => closable(await connectBehindSentinels(), (client) => client.destroy()),
  ],
  ["a Cluster with @redis/client", async () => closable(await connectCluster(), (client) => client.destroy())],
  ["a Cluster with ioredis", async () => closable(await connectIoredisCluster(), closeCluster)],
];

for (const [index, [name, connect]] of CLIENTS.slice(0, isQuick ? 1 : undefined).entries()) {
  const prefix = `suite-${index}:`;
  const open = async () => {
    const clients = [await connect(), await connect()] as const;
    const stores = clients.map((client) => cachedStore(patientStore(client, prefix))) as [SessionStore, SessionStore];
    for (const store of stores) await untilCoherent(store);
    const operator = createClient({ url: server.url });
    const walker = index < 2 ? { walker: patientStore(await operator.connect(), prefix) } : {};
    const close = async () => {
      for (const client of clients) await client.quiet();
      if (index < 2) operator.destroy();
    };
    return { stores, close, ...walker };
  };
  storeSuite(`a cache over ${name}`, async () => {
    return { ...(await open()), expiresByItself: true };
  });
  storeSuite(`a cache over ${name}, which answers whatever it can`, async () => {
    const { stores, close, ...walker } = await open();
    const eager = greedy(stores[0]);
    const end = () => Promise.all([stores[1].close(), close()]).then(() => {});
    return { stores: [eager, eager], close: end, ...walker, expiresByItself: true };
  });
}

function connectNode() {
  return createClient({ url: server.url, ...user }).connect();
}

async function connectBehindSentinels() {
  const { client } = await SENTINEL["@redis/client"](sentinels?.addresses ?? [], user);
  return client as RedisClient & { destroy(): unknown };
}

function connectCluster() {
  return createCluster({ rootNodes: (cluster?.addresses ?? []).map((socket) => ({ socket })) }).connect();
}

async function connectIoredisCluster(): Promise<Cluster> {
  const client = new Cluster([...(cluster?.addresses ?? [])], { retryDelayOnFailover: 0, retryDelayOnClusterDown: 0 });
  await once(client, "ready");
  return client;
}

function closable<T extends object>(client: T, close: (client: T) => unknown): T & { quiet: () => unknown } {
  return Object.assign(client, { quiet: () => close(client) });
}
