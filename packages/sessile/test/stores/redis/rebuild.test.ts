// A user's index that was lost: what that means, and how it is made anew.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createClient } from "@redis/client";
import { rebuildUserIndex } from "sessile/redis";
import { sampleRecord } from "sessile/testing";
import { startCluster } from "sessile-test-support/redis-cluster";
import { startRedis } from "sessile-test-support/redis-server";
import { RedisKeys } from "#dist/stores/redis/keys.js";
import { LostIndexes } from "#dist/stores/redis/rebuild.js";
import { CLUSTER } from "./clients.ts";
import { connectIoredis, patientStore } from "./connect.ts";

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

test("F10: revoking users whose index was lost ends all of their sessions but the one to keep, and nobody else's", async () => {
  const store = patientStore(client, "gone:");
  const of = async (userId: string) => {
    const records = Array.from({ length: 5 }, () => sampleRecord({ userId }));
    for (const record of records) await store.create(record);
    return records.map(({ sid }) => sid);
  };
  const [anna, bert, cleo] = [await of("anna"), await of("bert"), await of("cleo")];
  for (const userId of ["anna", "bert"]) await client.del(new RedisKeys("gone:").user(userId));
  const [kept] = bert as [string];
  const [ofAnna, ofBert, ofNobody] = await Promise.all([
    store.deleteByUser("anna"),
    store.deleteByUser("bert", kept),
    store.deleteByUser("nobody"),
  ]);
  assert.deepEqual([...ofAnna].sort(), [...anna].sort());
  assert.deepEqual([...ofBert].sort(), bert.slice(1).sort());
  assert.deepEqual(ofNobody, []);
  const living = await Promise.all([...anna, ...bert, ...cleo].map(async (sid) => (await store.load(sid)) && sid));
  assert.deepEqual(living.filter(Boolean), [kept, ...cleo]);
  assert.deepEqual(
    (await store.list("bert")).records.map(({ sid }) => sid),
    [kept],
  );
});

test("F10: while a lost index is searched for, those who ask wait for one search more, and a failure is nobody else's", async () => {
  const asked: string[][] = [];
  const gates: (() => void)[] = [];
  const scan = async (): Promise<unknown> => {
    await new Promise<void>((open) => gates.push(open));
    asked.push([]);
    if (asked.length === 1) throw new Error("lost");
    return ["0", []];
  };
  const lost = new LostIndexes({ isReady: true, sendCommand: scan } as never, "wait:");
  const first = lost.restore("a");
  while (gates.length < 1) await new Promise(setImmediate);
  const rest = ["b", "c", "d"].map((userId) => lost.restore(userId));
  gates[0]?.();
  await assert.rejects(first, { code: "ERR_SESSION_STORE" });
  while (gates.length < 2) await new Promise(setImmediate);
  gates[1]?.();
  await Promise.all(rest);
  assert.equal(asked.length, 2);
});

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
