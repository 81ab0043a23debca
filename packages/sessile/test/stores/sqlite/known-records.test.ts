// What a store remembers of rows that it has read, and that it never answers what the file does not hold any more.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { SessionRecord } from "#dist/index.js";
import { KnownRecords } from "#dist/stores/sqlite/known-records.js";

const record = (sid: string, data = "{}") => ({ sid, data }) as SessionRecord;

test("a record is known in the very state in which it was read, and in no other", () => {
  const known = new KnownRecords();
  const a = record("a");
  known.add(a, { version: 1, checksum: 7 });
  assert.equal(known.get("a", { version: 1, checksum: 7 }), a);
  assert.equal(known.get("a", { version: 1, checksum: 8 }), null);
  assert.equal(known.has("a"), false, "it is forgotten");
  known.add(a, { version: 1, checksum: 7 });
  assert.equal(known.get("a", { version: 2, checksum: 7 }), null);
});

test("a row that is gone is no record, and is forgotten", () => {
  const known = new KnownRecords();
  known.add(record("a"), { version: 1, checksum: 7 });
  assert.equal(known.get("a", null), null);
  assert.equal(known.has("a"), false);
  assert.equal(known.get("b", null), null);
});

test("ten thousand records are known, and large ones are not", () => {
  const known = new KnownRecords();
  known.add(record("large", "x".repeat(1001)), { version: 1, checksum: 1 });
  assert.equal(known.has("large"), false);
  for (let i = 0; i <= 10_000; i++) known.add(record(String(i)), { version: 1, checksum: 1 });
  assert.equal(known.has("0"), false);
  assert.equal(known.has("1"), true);
  assert.equal(known.has("10000"), true);
});
