// Everything that is known to go wrong with a Redis, made for real where that is possible, under an application: it
// answers 503, never 401, and the cookie stays.

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";
import { createClient, createCluster, type RedisClientType } from "@redis/client";
import { Cluster } from "ioredis";
import { cookieTransport, memoryStore, SessionManager } from "sessile";
import { type RedisClient, redisStore } from "sessile/redis";
import { mintSession } from "sessile/testing";
import { startFakeRedis } from "sessile-test-support/fake-redis";
import { temporaryFolder } from "sessile-test-support/folder";
import { type RedisServer, startRedis } from "sessile-test-support/redis-server";
import { startTcpProxy, type TcpProxy } from "sessile-test-support/tcp-proxy";
import { waitUntil } from "sessile-test-support/wait-until";
import { closeCluster, SINGLE } from "./clients.ts";
import { type Answer, openShop, type Shop } from "./shop.ts";

/** Long enough for a busy machine, short enough for a test of what takes forever. */
const DEADLINE = 500;

interface Scene {
  readonly server: RedisServer;
  readonly proxy: TcpProxy;
  /** A connection that the faults spare. */
  readonly admin: RedisClientType;
  readonly folder: string;
}

interface Fault {
  readonly name: string;
  readonly args?: readonly string[];
  readonly before?: (scene: Scene) => unknown;
  readonly begin: (scene: Scene) => unknown;
  readonly end: (scene: Scene) => unknown;
  /** The operations that Redis still does. */
  readonly serves: "nothing" | "reads" | "readsAndDeletes";
}

const set = (name: string, value: string) => (scene: Scene) => scene.admin.configSet(name, value);

const FAULTS: readonly Fault[] = [
  {
    name: "connections are refused",
    begin: ({ proxy }) => proxy.refuse(),
    end: ({ proxy }) => proxy.accept(),
    serves: "nothing",
  },
  {
    name: "the network swallows everything",
    begin: ({ proxy }) => proxy.freeze(),
    end: ({ proxy }) => proxy.restore(),
    serves: "nothing",
  },
  {
    name: "answers come too late",
    begin: ({ proxy }) => proxy.delay(() => 1000),
    end: ({ proxy }) => proxy.restore(),
    serves: "nothing",
  },
  {
    name: "answers come a byte at a time",
    begin: ({ proxy }) => proxy.throttle(1),
    end: ({ proxy }) => proxy.restore(),
    serves: "nothing",
  },
  {
    name: "READONLY: it has become a replica",
    begin: ({ admin, server }) => admin.replicaOf("127.0.0.1", server.port),
    end: ({ admin }) => admin.sendCommand(["REPLICAOF", "NO", "ONE"]),
    serves: "reads",
  },
  {
    name: "MASTERDOWN: it is a replica that lost its primary",
    args: ["--replica-serve-stale-data", "no"],
    begin: ({ admin }) => admin.replicaOf("127.0.0.1", 1),
    end: ({ admin }) => admin.sendCommand(["REPLICAOF", "NO", "ONE"]),
    serves: "nothing",
  },
  {
    name: "CLUSTERDOWN: no node serves the slots",
    args: ["--cluster-enabled", "yes", "--cluster-port", "0", "--cluster-node-timeout", "500"],
    before: async ({ admin }) => {
      await admin.clusterAddSlotsRange({ start: 0, end: 16_383 });
      await waitUntil("the cluster is up", async () => (await admin.clusterInfo()).includes("cluster_state:ok"));
    },
    begin: ({ admin }) => admin.clusterDelSlotsRange({ start: 0, end: 16_383 }),
    end: ({ admin }) => admin.clusterAddSlotsRange({ start: 0, end: 16_383 }),
    serves: "nothing",
  },
  {
    name: "NOREPLICAS: too few replicas",
    begin: set("min-replicas-to-write", "1"),
    end: set("min-replicas-to-write", "0"),
    serves: "reads",
  },
  {
    name: "OOM: its memory is full",
    begin: set("maxmemory", "1"),
    end: set("maxmemory", "0"),
    serves: "readsAndDeletes",
  },
  {
    name: "MISCONF: it cannot write its snapshots",
    begin: async ({ admin, folder }) => {
      rmSync(folder, { recursive: true });
      await admin.configSet("save", "3600 1");
      await admin.bgSave();
      await waitUntil("a snapshot has failed", async () => (await admin.info()).includes("rdb_last_bgsave_status:err"));
    },
    end: set("stop-writes-on-bgsave-error", "no"),
    serves: "reads",
  },
  {
    name: "NOAUTH: it wants a password that it did not want",
    begin: async ({ admin }) => {
      await admin.configSet("requirepass", "secret");
      await admin.sendCommand(["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    },
    end: set("requirepass", ""),
    serves: "nothing",
  },
  {
    name: "NOPERM: its user may do nothing",
    begin: ({ admin }) => admin.sendCommand(["ACL", "SETUSER", "default", "-@all", "+acl"]),
    end: ({ admin }) => admin.sendCommand(["ACL", "SETUSER", "default", "+@all"]),
    serves: "nothing",
  },
];

for (const fault of FAULTS) {
  for (const library of ["@redis/client", "ioredis"] as const) {
    test(`P1: ${fault.name}: 503 over ${library}, and the session is there afterwards`, async (t) => {
      const folder = temporaryFolder();
      const server = await startRedis(["--dir", folder, "--repl-ping-replica-period", "1", ...(fault.args ?? [])]);
      const admin: RedisClientType = createClient({ url: server.url });
      await admin.connect();
      const scene = { server, admin, folder, proxy: await startTcpProxy(server.port) };
      await fault.before?.(scene);
      const { client, close } = await SINGLE[library]([{ host: "127.0.0.1", port: scene.proxy.port }]);
      const shop = await openShop(redisStore({ client, deadline: DEADLINE }));
      for (const end of [shop.close, close, () => admin.destroy(), scene.proxy.close, server.close])
        t.after(() => end());
      const [staying, leaving] = [await shop.signIn(), await shop.signIn()];
      await fault.begin(scene);
      await checkOutage(shop, fault, staying, leaving);
      await fault.end(scene);
      await waitUntil("all is well again", async () => (await shop.ask("count", staying)).status === 200);
      assert.equal((await shop.ask("profile", staying)).status, 200);
    });
  }
}

async function checkOutage(shop: Shop, { serves }: Fault, staying: string, leaving: string): Promise<void> {
  await waitUntil("the outage has begun", async () => (await shop.ask("count", staying)).status === 503);
  const requests = [shop.ask("public"), shop.ask("profile", staying), shop.ask("logout", leaving)] as const;
  const writes = await Promise.all([shop.ask("count", staying), shop.ask("login"), shop.ask("cart")]);
  for (const answer of writes) assertUnavailable(answer);
  const [open, profile, { status, retryAfter }] = await Promise.all(requests);
  assert.equal(open.status, 200);
  if (serves === "nothing") assertUnavailable(profile);
  else assert.equal(profile.status, 200);
  assert.deepEqual([status, retryAfter], serves === "readsAndDeletes" ? [200, null] : [503, "1"]);
}

/** In particular no cookie is set and none is cleared. */
function assertUnavailable(answer: Answer): void {
  assert.deepEqual(answer, { status: 503, retryAfter: "1", cookies: [] });
}

test("P1: a connection that is reset inside an answer is a 503, or answered at the second try; never a 401", async () => {
  const server = await startRedis();
  const proxy = await startTcpProxy(server.port);
  const { client, close } = await SINGLE["@redis/client"]([{ host: "127.0.0.1", port: proxy.port }]);
  const shop = await openShop(redisStore({ client, deadline: DEADLINE }));
  const cookie = await shop.signIn();
  for (let bytes = 0; bytes < 400; bytes += 20) {
    await waitUntil("it is connected", async () => (await shop.ask("profile", cookie)).status === 200);
    proxy.resetInsideAnswer(bytes);
    const answer = await shop.ask("profile", cookie);
    if (answer.status !== 200) assertUnavailable(answer);
  }
  proxy.restore();
  await waitUntil("it is connected", async () => (await shop.ask("profile", cookie)).status === 200);
  await shop.close();
  await close();
  await proxy.close();
  await server.close();
});

for (const said of ["LOADING", "BUSY", "TRYAGAIN", "ASK", "MOVED", "UNKILLABLE", "ERR", "WRONGTYPE"]) {
  test(`P1: a Redis that says ${said} and nothing else is a 503`, async () => {
    const fake = await startFakeRedis(() => `-${said} 1 127.0.0.1:1`);
    const client = await createClient({ socket: { port: fake.port, host: "127.0.0.1" }, RESP: 2 }).connect();
    await checkHopeless(client as unknown as RedisClient);
    client.destroy();
    await fake.close();
  });
}

test("P1: a Cluster whose node sends every client to itself is a 503", async () => {
  const fake = await startFakeRedis(([name = "", second = ""]) => {
    const { port } = fake;
    if (`${name} ${second}`.toUpperCase() !== "CLUSTER SLOTS") return `-MOVED 1 127.0.0.1:${port}`;
    return `*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n$9\r\n127.0.0.1\r\n:${port}\r\n$1\r\nx`;
  });
  const rootNodes = [{ socket: { host: "127.0.0.1", port: fake.port } }];
  const node = createCluster({ rootNodes, RESP: 2 });
  await node.connect();
  await checkHopeless(node as unknown as RedisClient);
  node.destroy();
  const once = { retryDelayOnFailover: 0, retryDelayOnClusterDown: 0 };
  const ioredis = new Cluster([{ host: "127.0.0.1", port: fake.port }], { ...once, enableReadyCheck: false });
  await waitUntil("ioredis is ready", () => ioredis.status === "ready");
  await checkHopeless(ioredis);
  await closeCluster(ioredis);
  await fake.close();
});

async function checkHopeless(client: RedisClient): Promise<void> {
  const shop = await openShop(redisStore({ client, deadline: DEADLINE }));
  const elsewhere = new SessionManager({ store: memoryStore(), transports: [cookieTransport()], sweepInterval: 0 });
  const { cookie = "" } = (await mintSession(elsewhere, "anna")).headers;
  for (const route of ["profile", "count"] as const) assertUnavailable(await shop.ask(route, cookie));
  for (const route of ["login", "cart"] as const) assertUnavailable(await shop.ask(route));
  assert.equal((await shop.ask("public")).status, 200);
  await shop.close();
}
