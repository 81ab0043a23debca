// Strict sign-out: what replicas have not confirmed is not acknowledged. Beside it, what the default loses.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createClient } from "@redis/client";
import { type RedisClient, redisStore } from "sessile/redis";
import type { SessionRecord, SessionStore } from "sessile/store";
import { sampleRecord } from "sessile/testing";
import { startCluster } from "sessile-test-support/redis-cluster";
import { isReplicated } from "sessile-test-support/redis-replication";
import { startSentinelGroup } from "sessile-test-support/redis-sentinel";
import { startRedis } from "sessile-test-support/redis-server";
import { waitUntil } from "sessile-test-support/wait-until";
import { CLUSTER, SENTINEL, SINGLE } from "./clients.ts";
import { patientStore } from "./connect.ts";
import { type Replication, startReplication } from "./replication.ts";
import { openShop } from "./shop.ts";

/** For what is to be refused. */
const DEADLINE = 600;
/** For what is to be done, however busy this machine is. */
const PATIENCE = 10_000;
const PREFIX = "strict:";
/** The second is what a busy machine makes of the first, and says the same to the caller. */
const UNCONFIRMED = { code: "ERR_SESSION_STORE", message: /not confirmed: 0 of 1 replicas|did not answer/ };

interface Scene extends Replication {
  readonly client: RedisClient;
  readonly strict: SessionStore;
  /** The same, with more time. */
  readonly patient: SessionStore;
  /** The record on the replica. */
  readonly onReplica: (record: SessionRecord) => Promise<boolean>;
}

async function start(
  t: TestContext,
  library: "@redis/client" | "ioredis" = "@redis/client",
  deadline = DEADLINE,
): Promise<Scene> {
  const replication = await startReplication();
  const { client, close } = await SINGLE[library]([{ host: "127.0.0.1", port: replication.primary.port }]);
  const open = (time: number) => redisStore({ client, prefix: PREFIX, deadline: time, confirmReplicas: 1 });
  const [strict, patient] = [open(deadline), open(PATIENCE)];
  for (const end of [() => strict.close(), () => patient.close(), close, replication.close]) t.after(() => end());
  const onReplica = async ({ sid }: SessionRecord) => (await replication.replica.ask("EXISTS", keyOf(sid))) === 1;
  return { ...replication, client, strict, patient, onReplica };
}

function keyOf(sid: string): string {
  return `${PREFIX}s:${sid}`;
}

async function created({ patient, untilEqual }: Scene, userId = "anna"): Promise<SessionRecord> {
  const record = sampleRecord({ userId });
  await patient.create(record);
  await untilEqual();
  return record;
}

for (const library of ["@redis/client", "ioredis"] as const) {
  test(`P7: a strict sign-out is acknowledged over ${library} when the replica has it`, async (t) => {
    const scene = await start(t, library);
    const record = await created(scene);
    assert.equal(await scene.patient.delete(record.sid), true);
    assert.equal(await scene.onReplica(record), false);
    assert.equal(await scene.patient.delete(record.sid), false);
    const others = [await created(scene), await created(scene)];
    assert.equal((await scene.patient.deleteByUser("anna")).length, 2);
    for (const other of others) assert.equal(await scene.onReplica(other), false);
  });

  test(`P7: WAIT goes right behind the delete, on the same connection, over ${library}`, async (t) => {
    const scene = await start(t, library);
    const record = await created(scene);
    const heard: string[] = [];
    const monitor = await createClient({ url: scene.primary.url })
      .on("error", () => {})
      .connect();
    t.after(() => monitor.destroy());
    await monitor.monitor((line) => heard.push(String(line)));
    await scene.patient.delete(record.sid);
    await waitUntil("it was heard", () => heard.some((line) => /"WAIT"/i.test(line)));
    const words = heard.map((line) => / \[\d+ ([^\]]+)\] "(\w+)"/.exec(line)?.slice(1) ?? []);
    const at = words.findLastIndex(([, command]) => command?.toUpperCase() === "WAIT") - 1;
    assert.equal(words[at]?.[1]?.toUpperCase(), "SET");
    assert.equal(words[at + 1]?.[0], words[at]?.[0]);
  });

  test(`P7: while the replica stands still, every kind of ending is refused over ${library}, and nothing else waits`, async (t) => {
    const scene = await start(t, library, 4000);
    const { strict, replica } = scene;
    const [one, , other] = [await created(scene), await created(scene), await created(scene, "bert")];
    replica.pause();
    t.after(() => replica.resume());
    let isRefused = false;
    const refused = [strict.delete(one.sid), strict.deleteByUser("anna")].map((call) =>
      assert.rejects(call, UNCONFIRMED).then(() => {
        isRefused = true;
      }),
    );
    assert.equal((await strict.load(other.sid))?.sid, other.sid);
    assert.equal((await strict.create(sampleRecord({ userId: "bert" }))).status, "created");
    assert.equal(isRefused, false, "others do not stand behind the WAIT");
    await Promise.all(refused);
  });

  test(`P7: a client that repeats a refused sign-out is refused until the replica has it, over ${library}`, async (t) => {
    const scene = await start(t, library);
    const { strict, replica } = scene;
    const record = await created(scene);
    replica.pause();
    await assert.rejects(strict.delete(record.sid), UNCONFIRMED);
    await assert.rejects(async () => strict.load(record.sid), UNCONFIRMED, "it must not look as if all were well");
    await assert.rejects(strict.delete(record.sid), UNCONFIRMED);
    await assert
      .rejects(
        strict.deleteByUser("anna").then(() => strict.deleteByUser("anna")),
        { code: "ERR_SESSION_STORE" },
      )
      .catch(() => {});
    replica.resume();
    await waitUntil("it is confirmed", async () => (await strict.load(record.sid)) === null);
    assert.equal(await scene.onReplica(record), false);
  });

  test(`P7: a client that repeats a refused sign-out in another process is refused too, over ${library}`, async (t) => {
    const scene = await start(t, library);
    const { client, close } = await SINGLE[library]([{ host: "127.0.0.1", port: scene.primary.port }]);
    const elsewhere = redisStore({ client, prefix: PREFIX, deadline: DEADLINE, confirmReplicas: 1 });
    for (const end of [() => elsewhere.close(), close]) t.after(() => end());
    const record = await created(scene);
    scene.link.freeze();
    await assert.rejects(scene.strict.delete(record.sid), UNCONFIRMED);
    await assert.rejects(async () => elsewhere.load(record.sid), UNCONFIRMED, "it must not look as if all were well");
    const relaxed = patientStore(client, PREFIX);
    await assert.rejects(relaxed.load(record.sid), { code: "ERR_SESSION_RECORD" });
    assert.equal((await relaxed.commit(record.sid, { at: record.createdAt, set: { a: 1 } }, record)).status, "gone");
    scene.link.restore();
    await waitUntil("it is confirmed", async () => (await elsewhere.load(record.sid)) === null);
    assert.equal(await scene.primary.ask("EXISTS", keyOf(record.sid)), 0);
  });

  test(`P7: a new connection, on which nothing was deleted yet, confirms nothing by itself over ${library}`, async (t) => {
    const scene = await start(t, library);
    const { strict, link, primary } = scene;
    const records = [await created(scene), await created(scene)];
    link.freeze();
    for (const { sid } of records) {
      await assert.rejects(strict.delete(sid), UNCONFIRMED);
      await primary.ask("CLIENT", "KILL", "TYPE", "normal");
      await waitUntil("both are connected", async () => {
        await strict.load(sampleRecord().sid);
        return strict.delete(sid).then(
          () => assert.fail("confirmed by nobody"),
          (error: Error) => UNCONFIRMED.message.test(error.message),
        );
      });
    }
  });
}

test("P7: replication frozen, then a failover: the default loses an acknowledged sign-out, strict did not acknowledge it", async (t) => {
  const scene = await start(t);
  const relaxed = patientStore(scene.client, PREFIX);
  const [lost, refused] = [await created(scene), await created(scene)];
  scene.link.freeze();
  assert.equal(await relaxed.delete(lost.sid), true);
  assert.equal(await relaxed.load(lost.sid), null);
  await assert.rejects(scene.strict.delete(refused.sid), UNCONFIRMED);
  await scene.promote();
  const { client, close } = await SINGLE["@redis/client"]([{ host: "127.0.0.1", port: scene.replica.port }]);
  t.after(close);
  const promoted = patientStore(client, PREFIX);
  assert.equal((await promoted.load(lost.sid))?.sid, lost.sid, "it was acknowledged, and is back");
  assert.equal(
    (await promoted.load(refused.sid))?.sid,
    refused.sid,
    "it is back too, but nobody was told that it ended",
  );
});

test("P7: a sign-in needs no replica, the end of the session it replaces does", async (t) => {
  const scene = await start(t);
  const limit = { max: 1, onExceeded: "evictOldest" } as const;
  await created(scene);
  scene.link.freeze();
  assert.equal((await scene.patient.create(sampleRecord({ userId: "bert" }), limit)).status, "created");
  await assert.rejects(scene.strict.create(sampleRecord({ userId: "anna" }), limit), UNCONFIRMED);
});

test("P7: many sign-outs at once share their waits, and all are refused in time", async (t) => {
  const scene = await start(t);
  const records = Array.from({ length: 200 }, () => sampleRecord({ userId: "anna" }));
  await Promise.all(records.map((record) => scene.patient.create(record)));
  await scene.untilEqual();
  assert.ok((await Promise.all(records.slice(0, 100).map(({ sid }) => scene.patient.delete(sid)))).every(Boolean));
  scene.link.freeze();
  const started = performance.now();
  const refusals = records
    .slice(100)
    .map(({ sid }) => assert.rejects(scene.strict.delete(sid), { code: "ERR_SESSION_STORE" }));
  await Promise.all(refusals);
  assert.ok(performance.now() - started < 20 * DEADLINE, "one after the other it would be 100 waits");
});

test("P7: an unconfirmed sign-out is a 503 with Retry-After, and so is the next try", async (t) => {
  const scene = await start(t);
  const shop = await openShop(redisStore({ client: scene.client, deadline: 2000, confirmReplicas: 1 }));
  t.after(shop.close);
  const cookie = await shop.signIn();
  await scene.untilEqual();
  scene.link.freeze();
  for (let i = 0; i < 2; i++) {
    const { status, retryAfter } = await shop.ask("logout", cookie);
    assert.deepEqual([status, retryAfter], [503, "1"]);
  }
  scene.link.restore();
  await waitUntil("it is confirmed", async () => (await shop.ask("logout", cookie)).status === 200);
});

test("a strict store whose Redis has no replicas ends no session", async (t) => {
  const server = await startRedis();
  const client = await createClient({ url: server.url }).connect();
  const store = redisStore({ client, deadline: 2000, confirmReplicas: 1 });
  for (const end of [() => store.close(), () => client.destroy(), server.close]) t.after(() => end());
  const record = sampleRecord();
  await store.create(record);
  await assert.rejects(store.delete(record.sid), UNCONFIRMED);
});

for (const library of ["@redis/client", "ioredis"] as const) {
  test(`P7: on a Cluster over ${library} the WAIT goes where the delete goes, also after a slot has moved`, async (t) => {
    const cluster = await startCluster();
    const { client, close } = await CLUSTER[library](cluster.addresses);
    const strict = redisStore({ client, prefix: PREFIX, deadline: 5000, confirmReplicas: 1 });
    for (const end of [() => strict.close(), close, cluster.close]) t.after(() => end());
    const records = Array.from({ length: 20 }, () => sampleRecord({ userId: "anna" }));
    for (const record of records) await strict.create(record);
    await waitUntil("the replicas have them", () => isReplicated(cluster.nodes));
    const [first, second, ...rest] = records as [SessionRecord, SessionRecord, ...SessionRecord[]];
    assert.equal(await strict.delete(first.sid), true);
    await cluster.moveSlot(keyOf(second.sid));
    const replica = await cluster.replicaOf(keyOf(second.sid));
    replica.pause();
    await assert.rejects(strict.delete(second.sid), UNCONFIRMED);
    replica.resume();
    await waitUntil("it is confirmed", async () => (await strict.load(second.sid)) === null);
    assert.equal((await strict.deleteByUser("anna")).length, rest.length);
  });

  test(`P7: behind Sentinels over ${library} a sign-out is confirmed, also by those who follow the next primary`, async (t) => {
    const group = await startSentinelGroup();
    const { client, close } = await SENTINEL[library](group.addresses);
    const strict = redisStore({ client, prefix: PREFIX, deadline: 5000, confirmReplicas: 2 });
    for (const end of [() => strict.close(), close, group.close]) t.after(() => end());
    const [first, second] = [sampleRecord(), sampleRecord()];
    for (const record of [first, second]) await strict.create(record);
    await waitUntil("the replicas have them", () => isReplicated(group.nodes));
    assert.equal(await strict.delete(first.sid), true);
    await group.failOver();
    await waitUntil("the client is back", async () => (await strict.load(second.sid))?.sid === second.sid);
    await waitUntil("it is confirmed", async () => {
      await strict.delete(second.sid);
      return true;
    });
    // Confirmed means that no node has the record; the empty value in its place goes a moment later.
    for (const node of group.nodes) assert.equal(await node.ask("STRLEN", keyOf(second.sid)), 0);
  });
}
