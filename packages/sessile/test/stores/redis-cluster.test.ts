// The shared suite on a Cluster of three primaries, over both client libraries: no step may touch two slots.

import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { createClient, createCluster } from "@redis/client";
import { Cluster } from "ioredis";
import { sampleRecord, storeSuite } from "sessile/testing";
import { type RedisServer, startRedis } from "sessile-test-support/redis-server";
import { patientStore } from "./redis/connect.ts";

const SLOTS = 16_384;

interface Node {
  readonly server: RedisServer;
  readonly busPort: number;
}

const nodes = await Promise.all([startNode(), startNode(), startNode()]);
await joinAll();
const admin = await connectCluster();
after(async () => {
  admin.destroy();
  await Promise.all(nodes.map(({ server }) => server.close()));
});

storeSuite("redis cluster over @redis/client", async () => {
  const clients = [await connectCluster(), await connectCluster()] as const;
  return {
    stores: [patientStore(clients[0], "node:"), patientStore(clients[1], "node:")],
    expiresByItself: true,
    corrupt: (sid) => truncate(`node:s:${sid}`),
    close: async () => {
      for (const client of clients) client.destroy();
    },
  };
});

storeSuite("redis cluster over ioredis", async () => {
  const connect = async () => {
    const addresses = nodes.map(({ server }) => ({ host: "127.0.0.1", port: server.port }));
    const client = new Cluster(addresses, { retryDelayOnFailover: 0 });
    await once(client, "ready");
    return client;
  };
  const clients = [await connect(), await connect()] as const;
  return {
    stores: [patientStore(clients[0], "io:"), patientStore(clients[1], "io:")],
    expiresByItself: true,
    corrupt: (sid) => truncate(`io:s:${sid}`),
    close: async () => {
      for (const client of clients) client.disconnect();
    },
  };
});

test("a user's sessions are spread over all nodes, and are listed and revoked all the same", async () => {
  const store = patientStore(admin, "spread:");
  const records = Array.from({ length: 50 }, () => sampleRecord({ userId: "u" }));
  await Promise.all(records.map((record) => store.create(record)));
  for (const { server } of nodes) {
    const client = await createClient({ url: server.url }).connect();
    assert.notDeepEqual(await client.keys("spread:s:*"), []);
    client.destroy();
  }
  assert.equal((await store.list("u")).records.length, 50);
  assert.equal((await store.deleteByUser("u")).length, 50);
});

async function startNode(): Promise<Node> {
  const busPort = await freePort();
  return { server: await startRedis(["--cluster-enabled", "yes", "--cluster-port", String(busPort)]), busPort };
}

/** Gives every node a third of the slots, introduces them, and waits until each believes in the whole. */
async function joinAll(): Promise<void> {
  for (const [i, { server }] of nodes.entries()) {
    const client = await createClient({ url: server.url }).connect();
    const [first, end] = [i, i + 1].map((part) => Math.ceil((part * SLOTS) / nodes.length)) as [number, number];
    await client.clusterAddSlotsRange({ start: first, end: end - 1 });
    for (const { server: other, busPort } of nodes) {
      await client.sendCommand(["CLUSTER", "MEET", "127.0.0.1", String(other.port), String(busPort)]);
    }
    client.destroy();
  }
  for (const { server } of nodes) await untilWhole(server);
}

async function untilWhole({ url }: RedisServer): Promise<void> {
  const client = await createClient({ url }).connect();
  for (let isWhole = false; !isWhole; await pause(20)) {
    const info = await client.clusterInfo();
    isWhole = info.includes("cluster_state:ok") && info.includes("cluster_size:3");
  }
  client.destroy();
}

function connectCluster() {
  return createCluster({ rootNodes: nodes.map(({ server }) => ({ url: server.url })) }).connect();
}

async function truncate(key: string): Promise<void> {
  await admin.set(key, ((await admin.get(key)) ?? "").slice(0, -1));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
