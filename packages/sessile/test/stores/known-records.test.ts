// The records that a store remembers after reading them: it never answers with one that is no longer stored.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fullRecord } from "sessile/testing";
import type { SessionRecord } from "#dist/store.js";
import { KnownRecords } from "#dist/stores/known-records.js";

const record = (sid: string): SessionRecord => ({ ...fullRecord({ data: "{}", rotation: null }), sid });

test("a record is known while its text is what it was when it was read, and then no more", () => {
  for (const next of ["[1,8]", null]) {
    const known = new KnownRecords(10_000);
    const a = record("a");
    known.add(a, "[1,7]");
    assert.equal(known.get("a", "[1,7]"), a);
    assert.equal(known.get("a", next), null);
    assert.equal(known.get("a", "[1,7]"), null, "it is forgotten");
  }
});

test("copies take no more than the bytes that they may, and those go that were not asked for", () => {
  const known = new KnownRecords(20_000);
  const text = "x".repeat(3500); // two in half of it
  for (const sid of ["a", "b"]) known.add(record(sid), text);
  for (const sid of ["c", "d"]) known.add(record(sid), text);
  assert.notEqual(known.get("a", text), null);
  for (const sid of ["e", "f"]) known.add(record(sid), text);
  assert.notEqual(known.get("a", text), null);
  assert.equal(known.get("b", text), null);
});

test("one that is larger than half of the bytes is not kept, and takes no other's place", () => {
  const known = new KnownRecords(20_000);
  const small = record("small");
  known.add(small, "[]");
  known.add(record("large"), "x".repeat(10_000));
  known.add(record("wide"), "€".repeat(5000));
  assert.equal(known.get("large", "x".repeat(10_000)), null);
  assert.equal(known.get("wide", "€".repeat(5000)), null);
  assert.equal(known.get("small", "[]"), small);
});

test("with no bytes nothing is kept", () => {
  const known = new KnownRecords(0);
  known.add(record("a"), "[]");
  assert.equal(known.get("a", "[]"), null);
});

test("a record that was forgotten does not come back from before", () => {
  const known = new KnownRecords(2000);
  for (const sid of ["a", "b", "c"]) known.add(record(sid), "[]"); // two in half of the bytes
  assert.notEqual(known.get("a", "[]"), null, "it is in both generations");
  assert.equal(known.get("a", "[1]"), null);
  assert.equal(known.get("a", "[]"), null);
});

test("the text of a record is at hand for the very object alone", () => {
  const known = new KnownRecords(2000);
  const kept = record("a");
  known.add(kept, "[]");
  assert.deepEqual([known.textOf(kept), known.textOf(record("a")), known.textOf(record("b"))], ["[]", null, null]);
});
