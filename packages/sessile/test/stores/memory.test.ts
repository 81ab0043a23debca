// The memory store: the shared suite, and what only it has to keep.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStore } from "sessile";
import { sampleRecord, storeSuite } from "sessile/testing";

storeSuite("memory", async () => {
  const store = memoryStore();
  return { stores: [store, store], close: () => store.close() };
});

test("P12: a full store refuses the next session and keeps the others", async () => {
  const store = memoryStore({ maxSessions: 2 });
  const [first, second, third] = [sampleRecord(), sampleRecord(), sampleRecord()];
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

test("options that cannot work are refused by name", () => {
  assert.throws(() => memoryStore({ maxSessions: 0 }), { code: "ERR_SESSION_OPTION", message: /`maxSessions`/ });
  assert.throws(() => memoryStore({ maxSession: 1 } as object), {
    code: "ERR_SESSION_OPTION",
    message: /`maxSession`/,
  });
});
