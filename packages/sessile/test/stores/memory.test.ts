// The memory store: the shared suite, and what only it has to keep.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStore } from "sessile";
import type { SessionRecord } from "sessile/store";
import { fullRecord, sampleRecord, storeSuite } from "sessile/testing";

storeSuite("memory", async () => {
  const store = memoryStore();
  return { stores: [store, store], close: () => store.close() };
});

type Three = [SessionRecord, SessionRecord, SessionRecord];

test("P12: a full store refuses the next session and keeps the others", async () => {
  const store = memoryStore({ maxSessions: 2 });
  const [first, second, third] = [1, 2, 3].map((id) => sampleRecord({ userId: `user ${id}` })) as Three;
  await store.create(first);
  await store.create(second);
  await assert.rejects(store.create(third), { code: "ERR_SESSION_STORE", message: /maxSessions/ });
  assert.notEqual(await store.load(first.sid), null);
  await store.delete(first.sid);
  assert.equal((await store.create(third)).status, "created");
});

test("P12: a store that is full of bytes refuses to grow and keeps what it has", async () => {
  const store = memoryStore({ maxBytes: 100 });
  const record = sampleRecord({ data: '{"k":"0123456789"}' });
  await store.create(record);
  await assert.rejects(store.commit(record.sid, { at: Date.now(), set: { big: "x".repeat(100) } }), {
    code: "ERR_SESSION_STORE",
  });
  assert.equal((await store.load(record.sid))?.data, record.data);
  assert.equal((await store.commit(record.sid, { at: Date.now(), remove: ["k"] })).status, "ok");
});

test("P12: a sign-in that finds no room evicts no session", async () => {
  const store = memoryStore({ maxBytes: 100 });
  const oldest = sampleRecord({ userId: "ann", data: '{"k":"0123456789"}' });
  await store.create(oldest);
  const limit = { max: 1, onExceeded: "evictOldest" } as const;
  const tooBig = sampleRecord({ userId: "ann", data: JSON.stringify({ k: "x".repeat(100) }) });
  await assert.rejects(store.create(tooBig, limit), { code: "ERR_SESSION_STORE", message: /maxBytes/ });
  assert.notEqual(await store.load(oldest.sid), null);
  const fits = sampleRecord({ userId: "ann", data: JSON.stringify({ k: "x".repeat(40) }) });
  assert.deepEqual(
    await store.create(fits, limit),
    { status: "created", evicted: [oldest.sid] },
    "what is evicted makes room",
  );
});

test("P12: a full store still lets a user who is at the limit sign in again", async () => {
  const store = memoryStore({ maxSessions: 1 });
  const first = sampleRecord({ userId: "ann" });
  await store.create(first);
  const second = sampleRecord({ userId: "ann" });
  assert.deepEqual(await store.create(second, { max: 1, onExceeded: "evictOldest" }), {
    status: "created",
    evicted: [first.sid],
  });
  await assert.rejects(store.create(sampleRecord({ userId: "bob" })), { code: "ERR_SESSION_STORE" });
});

test("P12: bytes are counted exactly through every change", async () => {
  const store = memoryStore({ maxBytes: 60 });
  for (let round = 0; round < 100; round++) {
    const records = [sampleRecord({ userId: "ann", data: '{"k":"12345"}' }), sampleRecord({ data: '{"k":"12345"}' })];
    for (const record of records) assert.equal((await store.create(record)).status, "created");
    const [first, second] = records as [(typeof records)[0], (typeof records)[0]];
    await assert.rejects(store.create(sampleRecord({ data: '{"k":"12345"}' })), { code: "ERR_SESSION_STORE" });
    assert.equal((await store.commit(first.sid, { at: Date.now(), set: { k: "1234567" } })).status, "ok");
    await assert.rejects(store.commit(second.sid, { at: Date.now(), set: { k: "1234567890" } }), {
      code: "ERR_SESSION_STORE",
    });
    assert.equal((await store.commit(second.sid, { at: Date.now(), remove: ["k"] })).status, "ok");
    await store.deleteByUser("ann");
    await store.deleteExpired({ now: second.expiresAt, limit: 10 });
    assert.equal((await store.stats()).sessions, 0);
  }
});

test("options that cannot work are refused by name", () => {
  assert.throws(() => memoryStore({ maxSessions: 0 }), { code: "ERR_SESSION_OPTION", message: /`maxSessions`/ });
  assert.throws(() => memoryStore({ maxSession: 1 } as object), {
    code: "ERR_SESSION_OPTION",
    message: /`maxSession`/,
  });
});

test("what is stored is a frozen copy: nothing that the caller does to its own record changes it", async () => {
  const store = memoryStore();
  const record = fullRecord();
  const mine = { ...record };
  await store.create(mine);
  mine.userId = "mallory";
  const loaded = await store.load(record.sid);
  assert.deepEqual(loaded, record);
  assert.ok(Object.isFrozen(loaded));
});

test("a sweep lets others work after each millisecond, however few records it looked at", async (t) => {
  const store = memoryStore();
  const records = Array.from({ length: 100 }, () => sampleRecord());
  for (const record of records) await store.create(record);
  let now = 0;
  t.mock.method(performance, "now", () => now++);
  let turns = 0;
  let isDone = false;
  const count = () => {
    turns++;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  const removed = await store.deleteExpired({ now: Number.MAX_SAFE_INTEGER, limit: 100 });
  isDone = true;
  assert.equal(removed.length, 100);
  assert.ok(turns >= 100, `${turns} turns`);
});

test("anonymous sessions fill at most half of the store, so that users can still sign in", async () => {
  for (const options of [{ maxSessions: 6 }, { maxBytes: 60 }]) {
    const store = memoryStore(options);
    const data = '{"a":1234}'; // 20 bytes
    const visitors = Array.from({ length: 3 }, () => sampleRecord({ userId: null, data }));
    const answers = await Promise.allSettled(visitors.map((record) => store.create(record)));
    const kept = answers.filter(({ status }) => status === "fulfilled").length;
    assert.equal(kept, "maxSessions" in options ? 3 : 1);
    const late = store.create(sampleRecord({ userId: null, data }));
    await assert.rejects(late, { code: "ERR_SESSION_STORE", message: /for anonymous sessions is reached/ });
    for (let i = 0; i < 2; i++) await store.create(sampleRecord({ userId: `user ${i}`, data }));
    await store.delete(visitors[0]?.sid as string);
    await store.create(sampleRecord({ userId: null, data }));
  }
});
