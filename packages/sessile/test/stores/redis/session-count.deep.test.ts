// How many sessions `stats()` says a Redis holds: exactly where there are few keys, about where there are many, nothing
// where it may not ask.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createClient } from "@redis/client";
import { cachedStore } from "sessile/cached";
import { redisStore } from "sessile/redis";
import type { SessionStore } from "sessile/store";
import { sampleRecord } from "sessile/testing";
import { startCluster } from "sessile-test-support/redis-cluster";
import { startRedis } from "sessile-test-support/redis-server";
import { portOf } from "#dist/stores/redis/clients/port-of.js";
import { RedisKeys } from "#dist/stores/redis/keys.js";
import { RedisLink } from "#dist/stores/redis/link.js";
import { SessionCount } from "#dist/stores/redis/session-count.js";
import { CLIENT_COMMANDS, CLUSTER, type Library, rights, SINGLE, STORE_COMMANDS } from "./clients.ts";
import { patientStore } from "./connect.ts";

const [server, cluster] = [await startRedis(), await startCluster()];
const admin = await createClient({ url: server.url }).connect();
after(async () => {
  admin.destroy();
  await server.close();
  await cluster.close();
});

const KINDS = {
  single: (library: Library) => SINGLE[library]([{ host: "127.0.0.1", port: server.port }]),
  cluster: (library: Library) => CLUSTER[library](cluster.addresses),
};

async function fill(store: SessionStore, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => store.create(sampleRecord({ userId: null }))));
}

async function figures(store: SessionStore) {
  const { sessions, isEstimate } = await store.stats();
  return { sessions, isEstimate };
}

for (const [kind, connect] of Object.entries(KINDS)) {
  test(`sessions are counted among few keys, and estimated among many, on a ${kind}`, async (t) => {
    const libraries = Object.keys(SINGLE) as Library[];
    const connected = await Promise.all(libraries.map((library) => connect(library)));
    t.after(() => Promise.all(connected.map(({ close }) => close())));
    const open = (prefix: string): SessionStore[] => connected.map(({ client }) => patientStore(client, prefix));
    const figuresNow = () => Promise.all(open("c[:").map(figures));
    const [store, other] = [open("c[:")[0], open("other:")[0]] as [SessionStore, SessionStore];
    const exactly = (sessions: number) => libraries.map(() => ({ sessions, isEstimate: undefined }));
    assert.deepEqual(await figuresNow(), exactly(0));
    await fill(store, 1);
    assert.deepEqual(await figuresNow(), exactly(1));
    await fill(other, 1800);
    await fill(store, 2999);
    for (const { sessions, isEstimate } of await figuresNow()) {
      assert.equal(isEstimate, true);
      assert.ok(sessions !== null && Math.abs(sessions - 3000) < 400, `${sessions} of 3,000`);
    }
  });
}

test("a cache in front of the store passes the number on", async (t) => {
  await admin.flushDb();
  const { client, close } = await KINDS.single("ioredis");
  const store = cachedStore(redisStore({ client, deadline: 10_000 }));
  t.after(() => store.close().then(close));
  await fill(store, 2);
  assert.equal((await store.stats()).sessions, 2);
});

for (const denied of [["dbsize"], ["scan"], ["dbsize", "scan"]]) {
  test(`a user at Redis without ${denied.join(" and ")} has no number, and the breaker hears nothing of it`, async (t) => {
    const user = { username: `no-${denied.join("-")}`, password: "x".repeat(16) };
    const commands = [...STORE_COMMANDS, ...CLIENT_COMMANDS, "dbsize", "scan"].filter((each) => !denied.includes(each));
    await admin.sendCommand(["ACL", "SETUSER", ...rights(user, "acl:", commands)]);
    const client = await createClient({ url: server.url, ...user }).connect();
    t.after(() => client.destroy());
    for (let i = 0; i < 40; i++) {
      const stats = await patientStore(client, "acl:").stats();
      assert.deepEqual(stats, { kind: "redis", sessions: null, circuit: { state: "closed", opened: 0 } });
    }
  });
}

test("Redis is asked once in ten seconds, however often and by how many at once the number is asked for", async (t) => {
  const client = await createClient({ url: server.url }).connect();
  t.after(() => client.destroy());
  let now = 0;
  const port = portOf(client, 10_000);
  const count = new SessionCount(port, new RedisKeys("often:"), new RedisLink(port, 10_000), () => now);
  const calls = async () => Number(/cmdstat_dbsize:calls=(\d+)/.exec(await admin.info("commandstats"))?.[1] ?? 0);
  const before = await calls();
  for (now of [0, 1, 9999]) await Promise.all(Array.from({ length: 20 }, () => count.read()));
  assert.equal((await calls()) - before, 1);
  now = 10_000;
  await count.read();
  assert.equal((await calls()) - before, 2);
});

test("while Redis is away the figures come without a number, and with what the breaker says", async (t) => {
  const own = await startRedis();
  t.after(() => own.close());
  const { client, close } = await SINGLE.ioredis([{ host: "127.0.0.1", port: own.port }]);
  t.after(close);
  const store = redisStore({ client });
  await own.kill();
  const { sessions, circuit } = await store.stats();
  assert.deepEqual([sessions, circuit?.state], [null, "closed"]);
});
