// A user's index that was lost: what that means, and how it is made anew.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createClient } from "@redis/client";
import { rebuildUserIndex } from "sessile/redis";
import { sampleRecord } from "sessile/testing";
import { startCluster } from "sessile-test-support/redis-cluster";
import { startRedis } from "sessile-test-support/redis-server";
import { waitUntil } from "sessile-test-support/wait-until";
import { RedisKeys } from "#dist/stores/redis/keys.js";
import { CLUSTER } from "./clients.ts";
import { connectIoredis, patientStore, watchedStore } from "./connect.ts";

const server = await startRedis();
const client = await createClient({ url: server.url }).connect();
after(async () => {
  client.destroy();
  await server.close();
});

test("F10: a lost index can be rebuilt from the records", async () => {
  const store = patientStore(client, "lost:");
  const records = Array.from({ length: 30 }, () => sampleRecord({ userId: "anna" }));
  for (const record of [...records, sampleRecord({ userId: "bert" }), sampleRecord()]) await store.create(record);
  await client.del(new RedisKeys("lost:").user("anna"));
  assert.deepEqual((await store.list("anna")).records, [], "without it no list shows them");
  assert.equal(await rebuildUserIndex(client, "lost:"), 30);
  assert.equal((await store.list("anna")).records.length, 30);
  const lives = await client.pTTL(new RedisKeys("lost:").user("anna"));
  assert.ok(lives > 0, "the index does not live for ever");
  assert.equal((await store.deleteByUser("anna")).length, 30);
  for (const { sid } of records) assert.equal(await store.load(sid), null);
});

test("F10: a touch enters its session into an index that was lost, so that a revocation ends it", async () => {
  const store = patientStore(client, "gone:");
  const [used, unused] = [sampleRecord({ userId: "anna" }), sampleRecord({ userId: "anna" })];
  for (const record of [used, unused]) await store.create(record);
  const index = new RedisKeys("gone:").user("anna");
  await client.del(index);
  const delta = { at: used.createdAt + 60_000, touch: { idleTimeout: 60 * 60_000 } };
  assert.equal((await store.commit(used.sid, delta, used)).status, "ok");
  await waitUntil("the index names it", async () => (await client.zScore(index, `c${used.sid}`)) !== null);
  const lives = await client.pTTL(index);
  assert.ok(lives > 0, "the index does not live for ever");
  assert.deepEqual(await store.deleteByUser("anna"), [used.sid]);
  assert.equal(await store.load(used.sid), null);
  assert.notEqual(await store.load(unused.sid), null, "what nobody uses is left to rebuildUserIndex");
});

for (const count of [0, 1000]) {
  test(`revoking a user without sessions costs a few commands, whether or not ${count} others have sessions`, async () => {
    const { store, sent } = watchedStore(client, `others-${count}:`);
    await Promise.all(Array.from({ length: count }, (_, i) => store.create(sampleRecord({ userId: `user-${i}` }))));
    await store.load(sampleRecord().sid); // the layout is known
    sent.length = 0;
    await server.ask("CONFIG", "RESETSTAT");
    assert.deepEqual(await store.deleteByUser("nobody"), []);
    const done = String(await server.ask("INFO", "commandstats"));
    assert.doesNotMatch(done, /cmdstat_(?:get|scan):/);
    assert.equal(sent.filter(([name]) => name === "EVALSHA").length, 2);
  });
}

test("an index that lacks nothing is left as it is, with what is pending or revoked in it", async () => {
  const store = patientStore(client, "whole:");
  const [confirmed, pending, revoked] = [1, 2, 3].map(() => sampleRecord({ userId: "anna" }));
  for (const record of [confirmed, pending, revoked]) await store.create(record as NonNullable<typeof record>);
  const index = new RedisKeys("whole:").user("anna");
  for (const [state, record] of [
    ["p", pending],
    ["r", revoked],
  ] as const) {
    await client.zRem(index, `c${record?.sid}`);
    await client.zAdd(index, { score: state === "r" ? -1 : Date.now() + 60_000, value: `${state}${record?.sid}` });
  }
  const before = await client.zRangeWithScores(index, 0, -1);
  assert.equal(await rebuildUserIndex(client, "whole:"), 0);
  assert.deepEqual(await client.zRangeWithScores(index, 0, -1), before);
});

test("keys of others are not looked at, whatever is in the prefix", async () => {
  for (const prefix of ["a*b:", "a?b:", "a[xy]b:", "a\\b:", "a^b:"]) {
    const record = sampleRecord({ userId: "anna" });
    await patientStore(client, prefix).create(record);
    await patientStore(client, "axb:").create(sampleRecord({ userId: "anna" }));
    await client.del([new RedisKeys(prefix).user("anna"), new RedisKeys("axb:").user("anna")]);
    assert.equal(await rebuildUserIndex(client, prefix), 1, prefix);
    assert.equal(await client.exists(new RedisKeys("axb:").user("anna")), 0);
  }
});

test("it works over ioredis, with a prefix of its own, and over a Cluster", async (t) => {
  const ioredis = await connectIoredis(server.port, { keyPrefix: "theirs:" });
  t.after(() => ioredis.disconnect());
  await patientStore(ioredis, "io:").create(sampleRecord({ userId: "anna" }));
  await client.del(`theirs:${new RedisKeys("io:").user("anna")}`);
  assert.equal(await rebuildUserIndex(ioredis, "io:"), 1);
  const cluster = await startCluster();
  t.after(cluster.close);
  for (const connect of Object.values(CLUSTER)) {
    const { client: nodes, close } = await connect(cluster.addresses);
    const store = patientStore(nodes, "nodes:");
    for (let i = 0; i < 20; i++) await store.create(sampleRecord({ userId: "anna" }));
    const index = new RedisKeys("nodes:").user("anna");
    await (await cluster.primaryOf(index)).ask("DEL", index);
    assert.equal(await rebuildUserIndex(nodes, "nodes:"), 20);
    assert.equal((await store.deleteByUser("anna")).length, 20);
    await close();
  }
});
