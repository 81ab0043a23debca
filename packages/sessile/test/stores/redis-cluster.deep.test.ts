// The shared suite on a Cluster, over both client libraries: no step may touch two slots. And what the Cluster's own
// work does.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, test } from "node:test";
import { redisStore } from "sessile/redis";
import type { SessionStore } from "sessile/store";
import { sampleRecord, storeSuite } from "sessile/testing";
import { startCluster } from "sessile-test-support/redis-cluster";
import { waitUntil } from "sessile-test-support/wait-until";
import { CLIENT_COMMANDS, CLUSTER, CLUSTER_COMMANDS, type Library, rights, STORE_COMMANDS } from "./redis/clients.ts";
import { patientStore } from "./redis/connect.ts";
import { hearsEveryEnd, listen } from "./redis/hearing.ts";
import { raceForLimit, raceWithRevocation } from "./redis/races.ts";

/** As many as `npm test` has time for; the promise is about 500 and 200. */
const SIGN_INS = Number(process.env["SESSILE_RACE_SIGN_INS"] ?? 120);
const REVOKED = Number(process.env["SESSILE_RACE_REVOKED"] ?? 200);

const user = { username: "sessions", password: randomBytes(16).toString("hex") };
const commands = [...STORE_COMMANDS, ...CLIENT_COMMANDS, ...CLUSTER_COMMANDS];
const cluster = await startCluster(["--user", ...rights(user, "suite-", commands)]);
after(() => cluster.close());

for (const library of Object.keys(CLUSTER) as Library[]) {
  const connect = () => CLUSTER[library](cluster.addresses, user);

  storeSuite(`redis cluster over ${library}, allowed no more than the documented commands`, async () => {
    const [one, two] = [await connect(), await connect()];
    const operator = await CLUSTER[library](cluster.addresses);
    const prefix = `suite-${library}:`;
    return {
      stores: [patientStore(one.client, prefix), patientStore(two.client, prefix)],
      walker: patientStore(operator.client, prefix),
      expiresByItself: true,
      corrupt: (sid) => truncate(`${prefix}s:${sid}`),
      close: async () => {
        for (const { close } of [one, two, operator]) close();
      },
    };
  });

  test(`a user's sessions are spread over all nodes, and are listed and revoked all the same over ${library}`, async (t) => {
    const { client, close } = await connect();
    t.after(close);
    const store = patientStore(client, "suite-spread:");
    const records = Array.from({ length: 50 }, () => sampleRecord({ userId: "u" }));
    await Promise.all(records.map((record) => store.create(record)));
    const owners = await Promise.all(records.map(({ sid }) => cluster.primaryOf(`suite-spread:s:${sid}`)));
    assert.equal(new Set(owners).size, 3);
    assert.equal((await store.list("u")).records.length, 50);
    assert.equal((await store.deleteByUser("u")).length, 50);
  });

  test(`P13: while a slot moves, every call about its sessions works over ${library}`, async (t) => {
    const { client, close } = await connect();
    t.after(close);
    const store = patientStore(client, "suite-moves:");
    const [stays, ends] = [sampleRecord({ userId: "u" }), sampleRecord({ userId: "u" })];
    for (const record of [stays, ends]) await store.create(record);
    const index = await userKey(store, "suite-moves:", "u");
    for (const key of [`suite-moves:s:${stays.sid}`, `suite-moves:s:${ends.sid}`, index]) {
      await cluster.moveSlot(key, () => useAll(store, stays.sid));
      await useAll(store, stays.sid);
    }
    assert.equal(await store.delete(ends.sid), true);
    assert.deepEqual(await store.deleteByUser("u"), [stays.sid]);
  });

  test(`a session that ends in another process is told over ${library}, also after the connection was lost`, async (t) => {
    const [here, elsewhere] = [await connect(), await connect()];
    t.after(() => [here, elsewhere].map(({ close }) => close()));
    const prefix = `suite-${library}-heard:`;
    const hearing = await listen(here.client, prefix);
    await hearsEveryEnd(hearing, elsewhere.client, prefix);
    for (const node of cluster.nodes) await node.ask("CLIENT", "KILL", "TYPE", "pubsub");
    assert.equal(await hearing.next(), null);
    await hearsEveryEnd(hearing, elsewhere.client, prefix);
    await hearing.close();
  });

  test(`a failover in good order loses no session, and needs no new client of ${library}`, async (t) => {
    const { client, close } = await connect();
    t.after(close);
    const store = patientStore(client, "suite-order:");
    const record = sampleRecord({ userId: "u" });
    await store.create(record);
    await cluster.failOver(`suite-order:s:${record.sid}`);
    await waitUntil("the store answers again", async () => (await store.load(record.sid))?.sid === record.sid);
    await useAll(store, record.sid);
  });

  test(`P3: what failed while a primary died is not done by the next one over ${library}`, async (t) => {
    const { client, close } = await connect();
    t.after(close);
    const store = redisStore({ client, prefix: "suite-once:", deadline: 500 });
    const { sid: known } = sampleRecord();
    await waitUntil("the store answers", async () => (await store.load(known)) === null);
    const former = await cluster.primaryOf(`suite-once:s:${known}`);
    const there = await sidsOn(former.port);
    await cluster.takeForDeadAfter(1500);
    t.after(async () => {
      await former.restart();
      await cluster.untilWhole();
      await cluster.takeForDeadAfter(60_000);
    });
    former.pause();
    const failed: string[] = [];
    const isCreated = async (sid: string) => {
      const created = store.create(sampleRecord({ sid }));
      await created.catch(() => failed.push(sid));
      return created.then(({ status }) => status === "created");
    };
    const hanging = there.splice(0, 10);
    await Promise.all(hanging.map((sid) => assert.rejects(isCreated(sid), { code: "ERR_SESSION_STORE" })));
    await former.kill();
    await waitUntil("the slot is served again", async () => {
      const sid = there.pop();
      return sid === undefined ? (await store.load(known)) === null : isCreated(sid);
    });
    assert.ok(failed.length >= 10);
    for (const sid of failed) await waitUntil("it is answered", async () => (await store.load(sid)) === null);
  });

  test(`D8: of ${SIGN_INS} sign-ins at once with a limit of 3 never more than 3 live over ${library}`, async (t) => {
    const connected = await Promise.all([connect(), connect()]);
    t.after(() => connected.map(({ close }) => close()));
    const stores = connected.map(({ client }) => redisStore({ client, prefix: "suite-limit:", deadline: 60_000 }));
    const { looks, most, created } = await raceForLimit(stores, SIGN_INS, 3);
    t.diagnostic(`looked ${looks} times, saw at most ${most}, ${created} were told that they began`);
  });

  test(`D9: a revocation in the midst of ${REVOKED} sign-ins ends all that began before over ${library}`, async (t) => {
    const connected = await Promise.all([connect(), connect()]);
    t.after(() => connected.map(({ close }) => close()));
    const clients = connected.map(({ client }) => client);
    const { before, alive } = await raceWithRevocation(clients, `suite-${library}-race:`, REVOKED);
    t.diagnostic(`${before} had begun before and are dead, ${alive} came later and live`);
  });
}

/** Everything that a request does with a session, and what people do with a user's. */
async function useAll(store: SessionStore, sid: string): Promise<void> {
  const record = await store.load(sid);
  assert.ok(record);
  assert.equal((await store.commit(sid, { at: record.createdAt, set: { a: 1 } }, record)).status, "ok");
  const another = sampleRecord({ userId: "u" });
  assert.equal((await store.create(another)).status, "created");
  assert.ok((await store.list("u")).records.length >= 2);
  assert.equal(await store.delete(another.sid), true);
}

/** The key of a user's index, found as an operator would. */
async function userKey(_store: SessionStore, prefix: string, _userId: string): Promise<string> {
  for (const node of cluster.nodes) {
    const [key] = (await node.ask("KEYS", `${prefix}u:*`)) as readonly string[];
    if (key !== undefined) return key;
  }
  throw new Error("There is no index.");
}

/** Sids of records that a node would hold. */
async function sidsOn(port: number): Promise<string[]> {
  const sids = Array.from({ length: 300 }, () => sampleRecord().sid);
  const owners = await Promise.all(sids.map((sid) => cluster.primaryOf(`suite-once:s:${sid}`)));
  return sids.filter((_, i) => owners[i]?.port === port);
}

async function truncate(key: string): Promise<void> {
  const primary = await cluster.primaryOf(key);
  const text = String(await primary.ask("GET", key));
  await primary.ask("SET", key, text.slice(0, -1), "KEEPTTL");
}
