import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { memoryStore } from "sessile";
import { countingStore, failingStore, pausingStore, sampleRecord, testClock } from "sessile/testing";

describe("testClock", () => {
  test("stands still until it is moved, either way", () => {
    const clock = testClock(1000);
    assert.equal(clock.now(), 1000);
    clock.advance(500);
    assert.equal(clock.now(), 1500);
    clock.advance(-1500);
    assert.equal(clock.now(), 0);
  });

  test("starts at one fixed instant unless told otherwise", () => assert.equal(testClock().now(), testClock().now()));
});

describe("failingStore", () => {
  test("fails the methods that are named, until it recovers", async () => {
    const store = failingStore(memoryStore());
    const record = sampleRecord();
    store.fail("create", "load");
    await assert.rejects(store.create(record), { code: "ERR_SESSION_STORE" });
    await assert.rejects(async () => store.load(record.sid), { code: "ERR_SESSION_STORE" });
    assert.equal(await store.delete(record.sid), false);
    store.fail("delete");
    assert.deepEqual(await store.create(record), { status: "created", evicted: [] });
    await assert.rejects(store.delete(record.sid));
    store.recover();
    assert.equal(await store.delete(record.sid), true);
  });

  test("fails every method when none is named", async () => {
    const store = failingStore(memoryStore());
    store.fail();
    await assert.rejects(store.stats());
    await assert.rejects(store.list("anna"));
  });
});

describe("pausingStore", () => {
  test("stops calls before they reach the store, until the gate is opened", async () => {
    const store = pausingStore(memoryStore());
    const record = sampleRecord();
    const gate = store.pause("create");
    const created = store.create(record);
    await gate.reached;
    assert.equal(await store.load(record.sid), null);
    gate.open();
    assert.equal((await created).status, "created");
    assert.equal((await store.create(sampleRecord())).status, "created");
  });
});

describe("countingStore", () => {
  test("counts calls by method and together", async () => {
    const store = countingStore(memoryStore());
    await store.load("a");
    await store.load("b");
    await store.stats();
    assert.deepEqual([store.calls("load"), store.calls("commit"), store.calls()], [2, 0, 3]);
  });
});

test("the helpers can be put around each other", async () => {
  const store = countingStore(pausingStore(failingStore(memoryStore()))) as ReturnType<typeof countingStore> &
    ReturnType<typeof pausingStore> &
    ReturnType<typeof failingStore>;
  store.fail("load");
  await assert.rejects(async () => store.load("a"));
  store.recover();
  const gate = store.pause("load");
  const loaded = store.load("a");
  await gate.reached;
  gate.open();
  assert.equal(await loaded, null);
  assert.equal(store.calls("load"), 2);
});
