// What a store remembers of records that it has read, and that it never answers what is not stored any more.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fullRecord } from "sessile/testing";
import type { SessionRecord } from "#dist/index.js";
import { KnownRecords } from "#dist/stores/known-records.js";

const record = (sid: string, data = "{}"): SessionRecord => ({ ...fullRecord({ data, retiredDigests: [] }), sid });

test("a record is known while its text is what it was when it was read, and then no more", () => {
  const known = new KnownRecords();
  const a = record("a");
  known.add(a, "[1,7]");
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
  known.add(record("a"), "[]");
  assert.equal(
    known.get("a", () => null),
    null,
  );
  assert.equal(isKnown(known, "a"), false);
});

test("a record whose text was not kept is certain until it is in doubt, and then cannot be compared", () => {
  const known = new KnownRecords();
  const a = record("a");
  known.add(a, null);
  assert.equal(known.sure("a"), a);
  known.doubt();
  assert.deepEqual([known.sure("a"), isKnown(known, "a"), known.has("a")], [null, false, true]);
});

test("a hundred thousand records are known, and large ones are not", () => {
  const known = new KnownRecords();
  known.add(record("large", "x".repeat(1001)), "[]");
  assert.equal(known.has("large"), false);
  const fields = record("", '{"name":"Anna","theme":"dark","locale":"en-GB"}');
  for (let i = 0; i < 100_000; i++) known.add({ ...fields, sid: String(i) }, null);
  assert.equal(known.sure("0")?.sid, "0");
  for (let i = 100_000; i < 300_000; i++) known.add({ ...fields, sid: String(i) }, null);
  assert.deepEqual([known.has("1"), known.has("299999")], [false, true]);
});

test("when there are too many, those go that were not asked for", () => {
  const known = new KnownRecords();
  const large = "x".repeat(10 * 1024 * 1024);
  const fillGeneration = (name: string) => {
    for (let i = 0; i < 3; i++) known.add(record(name + i), large);
  };
  for (const sid of ["a", "b"]) known.add(record(sid), null);
  fillGeneration("first");
  assert.equal(known.has("a"), true);
  fillGeneration("second");
  assert.deepEqual([known.has("a"), known.has("b")], [true, false]);
});

test("a record that was forgotten does not come back from before", () => {
  const known = new KnownRecords();
  known.add(record("a"), null);
  known.add(record("b"), "x".repeat(30 * 1024 * 1024));
  assert.equal(known.has("a"), true);
  known.forget("a");
  assert.equal(known.has("a"), false);
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
