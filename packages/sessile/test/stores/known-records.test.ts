// What a store remembers of records that it has read, and that it never answers what is not stored any more.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { SessionRecord } from "#dist/index.js";
import { KnownRecords } from "#dist/stores/known-records.js";

const record = (sid: string, data = "{}") => ({ sid, data }) as SessionRecord;

test("a record is known while its text is what it was when it was read, and then no more", () => {
  const known = new KnownRecords();
  const a = record("a");
  known.add(a, () => "[1,7]");
  assert.equal(
    known.get("a", () => "[1,7]"),
    a,
  );
  assert.equal(
    known.get("a", () => "[1,8]"),
    null,
  );
  assert.equal(
    known.get("a", () => "[1,7]"),
    null,
    "it is forgotten",
  );
});

test("a text that is gone is no record, and is forgotten", () => {
  const known = new KnownRecords();
  known.add(record("a"), () => "[]");
  assert.equal(
    known.get("a", () => null),
    null,
  );
  assert.equal(isKnown(known, "a"), false);
});

test("ten thousand records are known, and large ones are not", () => {
  const known = new KnownRecords();
  known.add(record("large", "x".repeat(1001)), () => "[]");
  assert.equal(isKnown(known, "large"), false);
  for (let i = 0; i <= 10_000; i++) known.add(record(String(i)), () => "[]");
  assert.deepEqual(
    ["0", "1", "10000"].map((sid) => isKnown(known, sid)),
    [false, true, true],
  );
});

test("nobody asks for the text of a record that is not known", () => {
  assert.equal(isKnown(new KnownRecords(), "a"), false);
});

/** Whether anybody asks for its text now. */
function isKnown(known: KnownRecords, sid: string): boolean {
  let isAsked = false;
  known.get(sid, () => {
    isAsked = true;
    return "[]";
  });
  return isAsked;
}
