// The warnings about a Redis and its settings, and proof that the events they warn of happen.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createClient } from "@redis/client";
import { checkRedis, rebuildUserIndex, redisStore } from "sessile/redis";
import { sampleRecord } from "sessile/testing";
import { temporaryFolder } from "sessile-test-support/folder";
import { startCluster } from "sessile-test-support/redis-cluster";
import { startSentinelGroup } from "sessile-test-support/redis-sentinel";
import { type RedisServer, startRedis } from "sessile-test-support/redis-server";
import { RedisKeys } from "#dist/stores/redis/keys.js";
import { CLUSTER, rights, SENTINEL, SINGLE, STORE_COMMANDS } from "./clients.ts";
import { startReplication } from "./replication.ts";

const EVICTION =
  "`maxmemory-policy` is `allkeys-lru`: when memory runs short, Redis signs users out, or forgets which sessions a user has, so that revoking all of them misses some. Set `noeviction`.";
const ALONE = "There is no replica to fail over to.";

async function start(t: TestContext, args: readonly string[] = [], login = {}) {
  const server = await startRedis(args);
  const client = createClient({ url: server.url, ...login });
  for (const end of [() => client.destroy(), server.close]) t.after(() => end());
  return { server, client: await client.connect() };
}

const SNAPSHOTS =
  "Only snapshots are kept on disk: a restart brings back sessions that were signed out since the last. Turn on `appendonly`, or snapshots off.";

const PERSISTENCE: readonly [args: readonly string[], promise: string, warning?: string][] = [
  [[], "A restart of Redis ends every session: nothing is kept on disk."],
  [
    ["--save", "60 1"],
    "A crash of Redis takes what its last snapshot does not hold; a session that was signed out since then comes back.",
    SNAPSHOTS,
  ],
  [
    ["--appendonly", "yes"],
    "What was acknowledged survives a crash of Redis; a power loss takes about the last two seconds, sign-outs among it.",
  ],
  [
    ["--appendonly", "yes", "--appendfsync", "no"],
    "What was acknowledged survives a crash of Redis; a power loss takes what the system had not yet written to disk, sign-outs among it.",
  ],
  [
    ["--appendonly", "yes", "--appendfsync", "always"],
    "What was acknowledged survives a crash of Redis and a power loss.",
  ],
];

for (const [args, promise, warning] of PERSISTENCE) {
  test(`P14: the promise of a Redis started with ${args.join(" ") || "nothing on disk"}`, async (t) => {
    const { client } = await start(t, args);
    const warnings = warning === undefined ? [] : [warning];
    const checked = await checkRedis(client);
    assert.deepEqual([checked.promise, checked.warnings], [`${promise} ${ALONE}`, warnings]);
    const strict = checkRedis(client, { strict: true });
    if (warning === undefined) await strict;
    else await assert.rejects(strict, { code: "ERR_SESSION_STORE", message: warning });
  });
}

test("P14: what a crash takes is as the check says: snapshots bring a sign-out back, the append-only file does not", async (t) => {
  const isBackAfterCrash = async (args: readonly string[]) => {
    const { server, client } = await start(t, [...args, "--dir", temporaryFolder()]);
    const store = redisStore({ client, deadline: 10_000 });
    const record = sampleRecord();
    await store.create(record);
    await server.ask("SAVE");
    await store.delete(record.sid);
    await server.restart();
    return (await server.ask("EXISTS", `sessile:s:${record.sid}`)) === 1;
  };
  assert.equal(await isBackAfterCrash(["--save", "60 1"]), true);
  assert.equal(await isBackAfterCrash(["--appendonly", "yes"]), false);
});

test("P7: replicas are counted, and a primary that may be cut off from them is warned about", async (t) => {
  const { primary, close } = await startReplication();
  const client = await createClient({ url: primary.url }).connect();
  for (const end of [() => client.destroy(), close]) t.after(() => end());
  const { promise, warnings } = await checkRedis(client);
  assert.match(promise, /1 replica may take over, and may lack the last writes, and a session that was signed out/);
  assert.match(warnings.join("\n"), /`min-replicas-to-write` is 0.*\n.*Turn on `appendonly`/);
  await client.configSet("min-replicas-to-write", "1");
  await client.configSet("appendonly", "yes");
  const strict = await checkRedis(client, { confirmReplicas: 1, strict: true });
  assert.match(strict.promise, /a sign-out is acknowledged only when 1 replica confirmed it\.$/);
  assert.deepEqual(strict.warnings, []);
  const [warning] = (await checkRedis(client, { confirmReplicas: 2 })).warnings;
  assert.match(warning ?? "", /^1 of the 2 replicas that must confirm/);
});

test("P8: eviction is warned about, and refused when asked to be strict", async (t) => {
  const { client } = await start(t, ["--maxmemory-policy", "allkeys-lru"]);
  assert.deepEqual((await checkRedis(client)).warnings, [EVICTION]);
  const message = "Redis evicts sessions: its `maxmemory-policy` is `allkeys-lru` and must be `noeviction`.";
  await assert.rejects(checkRedis(client, { strict: true }), { code: "ERR_SESSION_STORE", message });
});

for (const [policy, isEvicted] of [
  ["allkeys-lru", true],
  ["volatile-ttl", true],
  ["noeviction", false],
] as const) {
  test(`P8: under ${policy} other writes ${isEvicted ? "end live sessions" : "end no live session"}`, async (t) => {
    const { server, client } = await start(t, ["--maxmemory-policy", policy]);
    const store = redisStore({ client, deadline: 10_000 });
    const records = Array.from({ length: 50 }, () => sampleRecord());
    for (const record of records) await store.create(record);
    const inUse = Number(/used_memory:(\d+)/.exec(String(await server.ask("INFO", "memory")))?.[1]);
    await client.configSet("maxmemory", String(inUse + 500_000));
    await fill(server);
    const alive = await Promise.all(records.map(async ({ sid }) => store.load(sid)));
    assert.equal(alive.includes(null), isEvicted);
  });
}

async function fill(server: RedisServer): Promise<void> {
  const client = await createClient({ url: server.url }).connect();
  const writes = Array.from({ length: 2000 }, (_, i) =>
    client.set(`other:${i}`, "x".repeat(1000), { expiration: { type: "EX", value: 86_400 } }).catch(() => {}),
  );
  await Promise.all(writes);
  client.destroy();
}

test("what the user at Redis may not ask is a warning, and refused when asked to be strict", async (t) => {
  const user = { username: "limited", password: "secret" };
  const acl = (...more: readonly string[]) => ["--user", ...rights(user, "sessile:", [...STORE_COMMANDS, ...more])];
  const half = await start(t, acl("info"), user);
  const { promise, warnings } = await checkRedis(half.client, { strict: true });
  assert.match(promise, /snapshot|nothing is kept|unknown/);
  assert.deepEqual(warnings, ["Could not check everything: the user at Redis may not call `CONFIG GET`."]);
  const none = await start(t, acl(), user);
  const { clockAhead, ...words } = await checkRedis(none.client);
  assert.ok(Math.abs(clockAhead ?? Number.NaN) < 60_000, "the store itself asks for TIME");
  assert.deepEqual(words, {
    promise: "What a crash of Redis takes is unknown. What a failover takes is unknown.",
    warnings: ["Could not check everything: the user at Redis may not call `INFO` and `CONFIG GET`."],
  });
  await assert.rejects(checkRedis(none.client, { strict: true }), {
    code: "ERR_SESSION_STORE",
    message: /allow `INFO`/,
  });
});

test("a Cluster is checked at every primary", async (t) => {
  const cluster = await startCluster();
  t.after(cluster.close);
  for (const connect of Object.values(CLUSTER)) {
    const { client, close } = await connect(cluster.addresses);
    assert.match((await checkRedis(client)).promise, /1 replica may take over/);
    await cluster.nodes[2]?.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
    assert.ok((await checkRedis(client)).warnings.includes(EVICTION), "one primary of three is enough");
    await cluster.nodes[2]?.ask("CONFIG", "SET", "maxmemory-policy", "noeviction");
    await close();
  }
});

test("behind Sentinels the primary is checked, over both libraries", async (t) => {
  const group = await startSentinelGroup();
  t.after(group.close);
  for (const connect of Object.values(SENTINEL)) {
    const { client, close } = await connect(group.addresses);
    assert.match((await checkRedis(client)).promise, /2 replicas may take over/);
    await close();
  }
});

test("over ioredis the check says the same, and a Redis that does not answer fails it", async (t) => {
  const { server, client } = await start(t);
  const ioredis = await SINGLE.ioredis([{ host: "127.0.0.1", port: server.port }]);
  t.after(ioredis.close);
  const [one, other] = [await checkRedis(ioredis.client), await checkRedis(client)];
  assert.deepEqual({ ...one, clockAhead: 0 }, { ...other, clockAhead: 0 });
  await server.kill();
  await assert.rejects(checkRedis(client), { code: "ERR_SESSION_STORE" });
});

test("E8: a Redis whose clock is ahead or behind is warned about", async (t) => {
  const { client } = await start(t);
  const { warnings, clockAhead } = await checkRedis(client);
  assert.deepEqual(warnings, []);
  assert.ok(clockAhead !== null && Math.abs(clockAhead) < 5000);
  for (const [apart, warning] of [
    [-3_600_000, /^The clock of Redis is 36\d\d s ahead of this machine's: beyond a minute, sessions end early/],
    [3_600_000, /^The clock of Redis is 3[56]\d\d s behind this machine's/],
  ] as const) {
    const real = Date.now;
    t.mock.method(Date, "now", () => real() + apart);
    const checked = await checkRedis(client);
    t.mock.restoreAll();
    assert.match(checked.warnings.join("\n"), warning);
    assert.ok(Math.abs((checked.clockAhead ?? 0) + apart) < 5000);
  }
});

test("F10: sessions that their user's index has lost are warned about, where the check is told the prefix", async (t) => {
  const { client } = await start(t);
  const store = redisStore({ client, prefix: "shop:", deadline: 10_000 });
  for (let i = 0; i < 5; i++) await store.create(sampleRecord({ userId: i < 2 ? "anna" : "bert" }));
  await store.create(sampleRecord());
  assert.deepEqual((await checkRedis(client, { prefix: "shop:" })).warnings, []);
  await client.del(new RedisKeys("shop:").user("anna"));
  const warning =
    /^2 of 5 sessions that were looked at are missing from the index.*Call `rebuildUserIndex` \(`sessile reindex`\) once\.$/;
  assert.match((await checkRedis(client, { prefix: "shop:" })).warnings.join(), warning);
  assert.deepEqual((await checkRedis(client)).warnings, []);
  assert.equal(await rebuildUserIndex(client, "shop:"), 2);
  assert.deepEqual((await checkRedis(client, { prefix: "shop:" })).warnings, []);
});
