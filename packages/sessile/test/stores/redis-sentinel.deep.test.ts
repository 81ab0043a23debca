// The shared suite behind Sentinels, over both client libraries, and what a failover may and may not do.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, test } from "node:test";
import { redisStore } from "sessile/redis";
import type { SessionRecord, SessionStore } from "sessile/store";
import { sampleRecord, storeSuite } from "sessile/testing";
import { startSentinelGroup } from "sessile-test-support/redis-sentinel";
import { waitUntil } from "sessile-test-support/wait-until";
import { CLIENT_COMMANDS, type Library, rights, SENTINEL, STORE_COMMANDS } from "./redis/clients.ts";
import { patientStore } from "./redis/connect.ts";
import { hearsEveryEnd, listen } from "./redis/hearing.ts";

const user = { username: "sessions", password: randomBytes(16).toString("hex") };
const commands = [...STORE_COMMANDS, ...CLIENT_COMMANDS];
const group = await startSentinelGroup(["--user", ...rights(user, "suite-", commands)]);
after(() => group.close());

const libraries = Object.keys(SENTINEL) as Library[];
const connectOver = (library: Library) => SENTINEL[library](group.addresses, user);

// Before any failover: long after one, Sentinels go on cutting connections to put all nodes in place.
for (const library of libraries) {
  const connect = () => connectOver(library);

  storeSuite(`redis behind sentinels over ${library}, allowed no more than the documented commands`, async () => {
    const [one, two] = [await connect(), await connect()];
    const operator = await SENTINEL[library](group.addresses);
    const prefix = `suite-${library}:`;
    return {
      stores: [patientStore(one.client, prefix), patientStore(two.client, prefix)],
      walker: patientStore(operator.client, prefix),
      expiresByItself: true,
      corrupt: (sid) => truncate(`${prefix}s:${sid}`),
      close: async () => void (await Promise.all([one, two, operator].map(({ close }) => close()))),
    };
  });

  test(`a session that ends in another process is told over ${library}, also after the connection was lost`, async (t) => {
    const [here, elsewhere] = [await connect(), await connect()];
    t.after(() => [here, elsewhere].map(({ close }) => close()));
    const prefix = `suite-${library}-heard:`;
    const hearing = await listen(here.client, prefix);
    await hearsEveryEnd(hearing, elsewhere.client, prefix);
    for (const node of group.nodes) await node.ask("CLIENT", "KILL", "TYPE", "pubsub");
    assert.equal(await hearing.next(), null);
    await hearsEveryEnd(hearing, elsewhere.client, prefix);
    await hearing.close();
  });
}

for (const library of libraries) {
  const connect = () => connectOver(library);

  test(`a failover in good order loses no session, and needs no new client of ${library}`, async (t) => {
    const { client, close } = await connect();
    t.after(close);
    const store = patientStore(client, "suite-order:");
    const record = sampleRecord({ userId: "u" });
    await store.create(record);
    await group.failOver();
    await untilItWorks(store);
    assert.equal((await loaded(store, record.sid))?.sid, record.sid);
    // Sentinels go on cutting connections for a while.
    await waitUntil("it can be changed", async () => {
      return (await store.commit(record.sid, { at: record.createdAt, set: { a: 1 } })).status === "ok";
    });
  });

  test(`P3: what failed while a primary died is not done by the next one over ${library}`, async (t) => {
    const { client, close } = await connect();
    t.after(close);
    const store = redisStore({ client, prefix: "suite-once:", deadline: 500 });
    await untilItWorks(store);
    const failed: string[] = [];
    const isCreated = async () => {
      const { sid } = sampleRecord();
      const created = store.create(sampleRecord({ sid }));
      await created.catch(() => failed.push(sid));
      return created.then(({ status }) => status === "created");
    };
    const former = await group.primary();
    await group.takeForDeadAfter(1000);
    t.after(async () => {
      await group.takeForDeadAfter(60_000);
      await former.restart();
      await group.untilWhole();
    });
    former.pause();
    // Its deadline leaves room for a second attempt, at the next primary.
    const inDoubt = sampleRecord();
    const doubtful = redisStore({ client, prefix: "suite-once:", deadline: 6000 }).create(inDoubt);
    const isRefused = assert.rejects(doubtful, { code: "ERR_SESSION_STORE" });
    await Promise.all(Array.from({ length: 10 }, () => assert.rejects(isCreated(), { code: "ERR_SESSION_STORE" })));
    await former.kill();
    await waitUntil("there is a primary again", isCreated);
    assert.ok(failed.length >= 10);
    await isRefused;
    for (const sid of [inDoubt.sid, ...failed]) assert.equal(await loaded(store, sid), null);
  });
}

/** Waits for an answer, whatever it is. */
async function untilItWorks(store: SessionStore): Promise<void> {
  await loaded(store, sampleRecord().sid);
}

async function loaded(store: SessionStore, sid: string): Promise<SessionRecord | null> {
  let record: SessionRecord | null = null;
  await waitUntil("the store answers", async () => {
    record = await store.load(sid);
    return true;
  });
  return record;
}

/** Damage that keeps the beginning, where the version is. */
async function truncate(key: string): Promise<void> {
  const primary = await group.primary();
  const text = String(await primary.ask("GET", key));
  await primary.ask("SET", key, text.slice(0, -1), "KEEPTTL");
}
