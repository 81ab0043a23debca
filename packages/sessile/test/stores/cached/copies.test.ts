// The bounds: how many copies, how many bytes, and which go first.

import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleRecord } from "sessile/testing";
import { Copies } from "#dist/stores/cached/copies.js";

async function fill(copies: Copies, ...records: ReturnType<typeof sampleRecord>[]): Promise<void> {
  for (const record of records) {
    const loading = Promise.resolve(record);
    copies.add(record.sid, loading);
    await loading;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("never more entries than allowed; the oldest goes first, but one that was used stays for another round", async () => {
  const copies = new Copies(3, 1e9);
  const [a, b, c, d, e] = Array.from({ length: 5 }, () => sampleRecord()) as [never, never, never, never, never];
  await fill(copies, a, b, c);
  const used = copies.get((a as { sid: string }).sid);
  assert.ok(used);
  used.wasUsed = true;
  await fill(copies, d, e);
  const kept = [a, b, c, d, e].map(({ sid }: { sid: string }) => copies.get(sid) !== undefined);
  assert.deepEqual(kept, [true, false, false, true, true]);
  assert.deepEqual([copies.size, copies.evictions], [3, 2]);
});

test("never more bytes than allowed, and all bytes are given back", async () => {
  const copies = new Copies(1000, 100_000);
  const records = Array.from({ length: 100 }, () => sampleRecord({ data: JSON.stringify({ text: "x".repeat(2000) }) }));
  for (const record of records) {
    await fill(copies, record);
    assert.ok(copies.bytes <= 100_000);
  }
  assert.ok(copies.size >= 15 && copies.size < 30, String(copies.size));
  for (const { sid } of records) copies.forget(sid);
  assert.deepEqual([copies.size, copies.bytes], [0, 0]);
});

test("a record that is larger than all of it is not kept, and displaces no other", async () => {
  const copies = new Copies(10, 10_000);
  const small = sampleRecord();
  await fill(copies, small, sampleRecord({ data: JSON.stringify({ text: "x".repeat(10_000) }) }));
  assert.deepEqual([copies.size, copies.evictions], [1, 0]);
  assert.ok(copies.get(small.sid));
});

test("when all were used, one goes all the same", async () => {
  const copies = new Copies(2, 1e9);
  const records = [1, 2, 3].map(() => sampleRecord());
  await fill(copies, ...records.slice(0, 2));
  for (const { sid } of records) {
    const copy = copies.get(sid);
    if (copy) copy.wasUsed = true;
  }
  await fill(copies, records[2] as (typeof records)[0]);
  assert.equal(copies.size, 2);
});
