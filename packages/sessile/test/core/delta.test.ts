// The meaning of a delta, as properties that hold for every record and every delta.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { applyDelta, type Json, type SessionDelta, type SessionRecord } from "sessile";
import { randomDigest, sampleRecord } from "sessile/testing";
import { MAX_RETIRED } from "#dist/core/record.js";

const NOW = 1_800_000_000_000;
const DAY = 86_400_000;

const keys = fc.constantFrom("a", "b", "c", "constructor", "toString", "", "🔑", 'x"__proto__', "__PROTO__");
const json = fc
  .jsonValue()
  .map((value) => JSON.parse(JSON.stringify(value).replaceAll("__proto__", "proto").replaceAll("-0", "0")) as Json);
const data = fc.dictionary(keys, json, { noNullPrototype: false });

const records: fc.Arbitrary<SessionRecord> = fc
  .record({
    data,
    seen: fc.nat(DAY),
    idle: fc.integer({ min: 1, max: DAY }),
    version: fc.integer({ min: 1, max: 1e6 }),
    retired: fc.nat(MAX_RETIRED),
  })
  .map(({ data, seen, idle, version, retired }) =>
    sampleRecord({
      userId: "ann",
      createdAt: NOW,
      data: JSON.stringify(data),
      version,
      retiredDigests: Object.freeze(Array.from({ length: retired }, randomDigest)),
      lastSeenAt: NOW + seen,
      expiresAt: Math.min(NOW + seen + idle, NOW + 2 * DAY),
      absoluteExpiresAt: NOW + 2 * DAY,
    }),
  );

const deltas: fc.Arbitrary<SessionDelta> = fc.record(
  {
    at: fc.integer({ min: NOW - DAY, max: NOW + 3 * DAY }),
    set: data,
    remove: fc.array(keys),
    touch: fc.record({ expiresAt: fc.integer({ min: NOW - DAY, max: NOW + 4 * DAY }) }),
  },
  { requiredKeys: ["at"] },
);

function applied(record: SessionRecord, delta: SessionDelta): SessionRecord {
  const next = applyDelta(record, delta);
  assert.ok(typeof next !== "string", String(next));
  return next;
}

const parse = (record: SessionRecord): Record<string, Json> => JSON.parse(record.data) as Record<string, Json>;

describe("applyDelta", () => {
  test("E7: finds nothing from the deadline on, and only then", () => {
    fc.assert(
      fc.property(records, deltas, (record, delta) => {
        assert.equal(applyDelta(record, delta) === "gone", delta.at >= record.expiresAt);
      }),
    );
    const record = sampleRecord();
    assert.notEqual(applyDelta(record, { at: record.expiresAt - 1 }), "gone");
    assert.equal(applyDelta(record, { at: record.expiresAt }), "gone");
    assert.equal(applyDelta(record, { at: record.expiresAt + 1 }), "gone");
  });

  test("counts the version up by one, freezes what it gives and leaves the record as it was", () => {
    fc.assert(
      fc.property(records, deltas, (record, delta) => {
        fc.pre(delta.at < record.expiresAt);
        const before = structuredClone(record);
        const next = applied(record, delta);
        assert.equal(next.version, record.version + 1);
        assert.ok(Object.isFrozen(next));
        assert.deepEqual({ ...record }, before);
      }),
    );
  });

  test("E2: never moves a deadline or the last activity backwards, nor beyond the absolute deadline", () => {
    fc.assert(
      fc.property(records, deltas, (record, delta) => {
        fc.pre(delta.at < record.expiresAt);
        const next = applied(record, delta);
        assert.ok(next.expiresAt >= record.expiresAt && next.expiresAt <= record.absoluteExpiresAt);
        assert.ok(next.lastSeenAt >= record.lastSeenAt);
        assert.equal(next.absoluteExpiresAt, record.absoluteExpiresAt);
        if (delta.touch === undefined)
          assert.deepEqual([next.expiresAt, next.lastSeenAt], [record.expiresAt, record.lastSeenAt]);
      }),
    );
  });

  test("G5: changes nothing of who the session is, whatever the data is called", () => {
    const hostile = {
      sid: "x",
      userId: "root",
      secretDigest: "x",
      expiresAt: 9e15,
      absoluteExpiresAt: 9e15,
      version: 99,
      authenticatedAt: 9e15,
      device: "x",
    };
    fc.assert(
      fc.property(records, (record) => {
        const next = applied(record, { at: NOW, set: hostile });
        const { data: _before, version: _old, ...rest } = record;
        const { data: _after, version: _new, ...kept } = next;
        assert.deepEqual(kept, rest);
        assert.deepEqual({ ...parse(next) }, { ...parse(record), ...hostile });
      }),
    );
  });

  test("merges: the named keys change, all others stay", () => {
    fc.assert(
      fc.property(records, deltas, (record, delta) => {
        fc.pre(delta.at < record.expiresAt);
        const expected = parse(record);
        for (const key of delta.remove ?? []) delete expected[key];
        for (const [key, value] of Object.entries(delta.set ?? {})) expected[key] = value;
        assert.deepEqual(parse(applied(record, delta)), expected);
      }),
    );
  });

  test("F4: deltas over different keys give the same in either order", () => {
    const disjoint = fc.tuple(
      fc.dictionary(fc.constantFrom("a", "b", "c"), json),
      fc.dictionary(fc.constantFrom("d", "e", "toString"), json),
      fc.subarray(["f", "g"]),
    );
    fc.assert(
      fc.property(records, disjoint, (record, [first, second, removed]) => {
        const one: SessionDelta = { at: NOW, set: first, touch: { expiresAt: NOW + DAY } };
        const two: SessionDelta = { at: NOW + 1, set: second, remove: removed, touch: { expiresAt: NOW + DAY + 1 } };
        fc.pre(record.expiresAt > NOW + 1);
        const forth = applied(applied(record, one), two);
        const back = applied(applied(record, two), one);
        assert.deepEqual({ ...forth, data: parse(forth) }, { ...back, data: parse(back) });
      }),
    );
  });

  test("the same set, remove and touch twice is the same as once", () => {
    fc.assert(
      fc.property(records, deltas, (record, delta) => {
        fc.pre(delta.at < record.expiresAt);
        const once = applied(record, delta);
        const twice = applied(once, delta);
        assert.deepEqual({ ...twice, version: 0, data: parse(twice) }, { ...once, version: 0, data: parse(once) });
      }),
    );
  });

  test("conditions that do not hold are conflicts, and come after the deadline", () => {
    const record = sampleRecord({ version: 3 });
    const to = randomDigest();
    assert.equal(applyDelta(record, { at: record.createdAt, ifVersion: 2 }), "conflict");
    assert.equal(applyDelta(record, { at: record.createdAt, ifVersion: 4 }), "conflict");
    assert.equal(applied(record, { at: record.createdAt, ifVersion: 3 }).version, 4);
    assert.equal(applyDelta(record, { at: record.createdAt, rotate: { from: randomDigest(), to } }), "conflict");
    assert.equal(applyDelta(record, { at: record.expiresAt, ifVersion: 2, rotate: { from: "x", to } }), "gone");
  });

  test("D7: a rotation has one successor: the second delta from the same secret conflicts", () => {
    const record = sampleRecord();
    const first = applied(record, {
      at: record.createdAt + 5,
      rotate: { from: record.secretDigest, to: randomDigest() },
    });
    assert.deepEqual(first.retiredDigests, [record.secretDigest]);
    assert.equal(first.rotatedAt, record.createdAt + 5);
    assert.equal(
      applyDelta(first, { at: record.createdAt + 6, rotate: { from: record.secretDigest, to: randomDigest() } }),
      "conflict",
    );
  });

  test("D6: a rotation remembers the newest secrets, at most MAX_RETIRED", () => {
    fc.assert(
      fc.property(records, (record) => {
        const next = applied(record, { at: NOW, rotate: { from: record.secretDigest, to: "new" } });
        assert.deepEqual(next.retiredDigests, [record.secretDigest, ...record.retiredDigests].slice(0, MAX_RETIRED));
        assert.ok(Object.isFrozen(next.retiredDigests));
      }),
    );
  });

  test("G3: data beyond the limits conflicts, data at the limits does not", () => {
    const record = sampleRecord({ data: '{"a":"é"}' });
    const at = record.createdAt;
    const bytes = Buffer.byteLength('{"a":"é","b":1}');
    assert.equal(typeof applyDelta(record, { at, set: { b: 1 }, limits: { dataBytes: bytes, keys: 2 } }), "object");
    assert.equal(applyDelta(record, { at, set: { b: 1 }, limits: { dataBytes: bytes - 1, keys: 2 } }), "conflict");
    assert.equal(applyDelta(record, { at, set: { b: 1 }, limits: { dataBytes: bytes, keys: 1 } }), "conflict");
    assert.equal(
      typeof applyDelta(record, { at, touch: { expiresAt: at }, limits: { dataBytes: 1, keys: 1 } }),
      "object",
    );
  });

  test("a delta without changes leaves the text of the data alone, character by character", () => {
    const record = sampleRecord({ data: '{ "b" : 1.0, "a":"\\u0041" }' });
    assert.equal(applied(record, { at: record.createdAt }).data, record.data);
    assert.equal(
      applied(record, { at: record.createdAt, touch: { expiresAt: record.expiresAt + 1 } }).data,
      record.data,
    );
  });
});
