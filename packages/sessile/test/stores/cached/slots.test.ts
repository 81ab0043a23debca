// The bounds: how many copies, how many bytes, and which go first.

import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleRecord } from "sessile/testing";
import { Slots } from "#dist/stores/cached/slots.js";

async function fill(slots: Slots, ...records: ReturnType<typeof sampleRecord>[]): Promise<void> {
  for (const record of records) {
    const loading = Promise.resolve(record);
    slots.add(record.sid, loading);
    await loading;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("never more entries than allowed; the oldest goes first, but one that was used stays for another round", async () => {
  const slots = new Slots(3, 1e9);
  const [a, b, c, d, e] = Array.from({ length: 5 }, () => sampleRecord()) as [never, never, never, never, never];
  await fill(slots, a, b, c);
  const used = slots.get((a as { sid: string }).sid);
  assert.ok(used);
  used.wasUsed = true;
  await fill(slots, d, e);
  const kept = [a, b, c, d, e].map(({ sid }: { sid: string }) => slots.get(sid) !== undefined);
  assert.deepEqual(kept, [true, false, false, true, true]);
  assert.deepEqual([slots.size, slots.evictions], [3, 2]);
});

test("never more bytes than allowed, and all bytes are given back", async () => {
  const slots = new Slots(1000, 100_000);
  const records = Array.from({ length: 100 }, () => sampleRecord({ data: JSON.stringify({ text: "x".repeat(2000) }) }));
  for (const record of records) {
    await fill(slots, record);
    assert.ok(slots.bytes <= 100_000);
  }
  assert.ok(slots.size >= 15 && slots.size < 30, String(slots.size));
  for (const { sid } of records) slots.forget(sid);
  assert.deepEqual([slots.size, slots.bytes], [0, 0]);
});

test("a record that is larger than all of it is not kept, and puts nobody out", async () => {
  const slots = new Slots(10, 10_000);
  const small = sampleRecord();
  await fill(slots, small, sampleRecord({ data: JSON.stringify({ text: "x".repeat(10_000) }) }));
  assert.deepEqual([slots.size, slots.evictions], [1, 0]);
  assert.ok(slots.get(small.sid));
});

test("when all were used, one goes all the same", async () => {
  const slots = new Slots(2, 1e9);
  const records = [1, 2, 3].map(() => sampleRecord());
  await fill(slots, ...records.slice(0, 2));
  for (const { sid } of records) {
    const slot = slots.get(sid);
    if (slot) slot.wasUsed = true;
  }
  await fill(slots, records[2] as (typeof records)[0]);
  assert.equal(slots.size, 2);
});
