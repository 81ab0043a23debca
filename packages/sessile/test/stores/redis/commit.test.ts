// The cost of a commit, and the protection from an out-of-date base.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createClient } from "@redis/client";
import type { Committed, SessionRecord } from "sessile/store";
import { sampleRecord } from "sessile/testing";
import { startRedis } from "sessile-test-support/redis-server";
import type { RedisPort } from "#dist/stores/redis/port.js";
import { RedisStore } from "#dist/stores/redis/store.js";
import { patientStore, watchedStore } from "./connect.ts";

const server = await startRedis();
const client = await createClient({ url: server.url }).connect();
const elsewhere = patientStore(client, "c:");
const { store, sent } = watchedStore(client, "c:");
after(async () => {
  client.destroy();
  await server.close();
});

/** A stored record, with every script known to Redis, so that what follows is only what it costs. */
async function stored(fields: Partial<SessionRecord> = {}): Promise<SessionRecord> {
  const record = sampleRecord(fields);
  await elsewhere.create(record);
  await store.commit(record.sid, { at: record.createdAt });
  const loaded = (await store.load(record.sid)) as SessionRecord;
  sent.length = 0;
  return loaded;
}

function recordOf(answer: Committed): SessionRecord {
  assert.equal(answer.status, "ok");
  return (answer as { record: SessionRecord }).record;
}

test("a load is one command, and so is a commit to what was loaded", async () => {
  const { sid, createdAt: at } = await stored();
  const base = (await store.load(sid)) as SessionRecord;
  await store.commit(sid, { at, set: { a: 1 } }, base);
  assert.deepEqual(
    sent.map(([command]) => command),
    ["GET", "EVALSHA"],
  );
});

test("a commit that another process was before is one command more", async () => {
  const base = await stored();
  const { sid, createdAt: at } = base;
  await elsewhere.commit(sid, { at, set: { a: 1 } }, base);
  const { data } = recordOf(await store.commit(sid, { at, set: { b: 2 } }, base));
  assert.deepEqual(JSON.parse(data), { a: 1, b: 2 });
  assert.equal(sent.length, 2);
});

test("parallel commits of one session in one process cost one command each", async () => {
  const base = await stored();
  const { sid, createdAt: at } = base;
  await Promise.all(Array.from({ length: 20 }, (_, i) => store.commit(sid, { at, set: { [`k${i}`]: i } }, base)));
  assert.equal(sent.length, 20);
  assert.equal(Object.keys(JSON.parse((await store.load(sid))?.data ?? "")).length, 20);
});

test("a base whose deadline has passed meanwhile does not end a session that was touched elsewhere", async () => {
  const base = await stored();
  const { sid, expiresAt } = base;
  await elsewhere.commit(sid, { at: expiresAt - 1, touch: { idleTimeout: 5001 } });
  recordOf(await store.commit(sid, { at: expiresAt + 1, set: { a: 1 } }, base));
  assert.deepEqual(await store.commit(sid, { at: expiresAt + 5000, set: { a: 1 } }, base), { status: "gone" });
});

test("a conflict is judged by the session as it is now, never by the base", async () => {
  const old = await stored();
  const { sid, createdAt: at } = old;
  const now = recordOf(await elsewhere.commit(sid, { at, set: { a: 1 } }));
  recordOf(await store.commit(sid, { at, ifVersion: now.version, set: { b: 1 } }, old));
  const answer = await store.commit(sid, { at, ifVersion: now.version }, now);
  assert.equal(answer.status, "conflict");
  assert.equal((answer as { record: SessionRecord }).record.version, now.version + 1);
});

test("G2: data that is no JSON makes a commit of data gone, and leaves what is there", async () => {
  const { sid, createdAt: at } = await stored();
  const key = `c:s:${sid}`;
  const text = ((await client.get(key)) ?? "").replace(/\n.*$/, "\n{broken}");
  await client.set(key, text);
  assert.deepEqual(await store.commit(sid, { at, set: { a: 1 } }), { status: "gone" });
  assert.equal(await client.get(key), text);
});

test("G2: a record of a newer form is not overwritten, even by who knew it in this form", async () => {
  const base = await stored();
  const key = `c:s:${base.sid}`;
  const text = ((await client.get(key)) ?? "").replace('"v":2', '"v":3');
  await client.set(key, text);
  await assert.rejects(async () => store.load(base.sid), { code: "ERR_SESSION_RECORD" });
  assert.deepEqual(await store.commit(base.sid, { at: base.createdAt, set: { a: 1 } }, base), { status: "gone" });
  assert.equal(await client.get(key), text);
});

test("a commit after SCRIPT FLUSH works, and teaches Redis the script again", async () => {
  const base = await stored();
  await client.scriptFlush();
  const next = recordOf(await store.commit(base.sid, { at: base.createdAt, set: { a: 1 } }, base));
  recordOf(await store.commit(base.sid, { at: base.createdAt, set: { b: 1 } }, next));
  assert.deepEqual(
    sent.map(([command]) => command),
    ["EVALSHA", "EVAL", "EVALSHA"],
  );
});

test("a thousand commits of one session wait for each other, and no more", async () => {
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const send: RedisPort["send"] = async (_key, [command]) => {
    if (command === "SET") return "OK";
    await gate;
    return ["written"];
  };
  const store = new RedisStore({ isReady: () => true, send }, { prefix: "p:", deadline: Number.POSITIVE_INFINITY });
  const base = sampleRecord();
  const commit = (record = base) => store.commit(record.sid, { at: record.createdAt }, record);
  const waiting = Array.from({ length: 1000 }, () => commit());
  await assert.rejects(commit(), { code: "ERR_SESSION_STORE", message: /^Too many commits/ });
  const other = commit(sampleRecord());
  open();
  const answers = await Promise.all([...waiting, other]);
  assert.ok(answers.every(({ status }) => status === "ok"));
  assert.equal((await commit()).status, "ok");
});
