// The meaning of a delta, as properties that hold for every record and every delta.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Json } from "sessile";
import { applyDelta, type SessionDelta, type SessionRecord } from "sessile/store";
import { sampleRecord } from "sessile/testing";
import type { SecretChange } from "#dist/core/delta.js";
import { MAX_PREVIOUS } from "#dist/core/record.js";
import { randomDigest } from "#dist/testing/records.js";

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
    rotation: fc.option(
      fc.record({ offer: fc.option(fc.constant("offer")), count: fc.nat(9), previous: fc.nat(MAX_PREVIOUS) }),
    ),
  })
  .map(({ data, seen, idle, version, rotation }) =>
    sampleRecord({
      userId: "ann",
      createdAt: NOW,
      data: JSON.stringify(data),
      version,
      rotation: rotation && {
        family: "f",
        offeredAt: NOW,
        taken: 0,
        ...rotation,
        previous: Array.from({ length: rotation.previous }, randomDigest),
      },
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
    touch: fc.record({ idleTimeout: fc.integer({ min: 1, max: 4 * DAY }) }),
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

  test("counts the writes up by one, the version where the data changes, freezes what it gives and leaves the record as it was", () => {
    fc.assert(
      fc.property(records, deltas, (record, delta) => {
        fc.pre(delta.at < record.expiresAt);
        const before = structuredClone(record);
        const next = applied(record, delta);
        const changesData = delta.set !== undefined || delta.remove !== undefined;
        assert.deepEqual([next.writes, next.version], [record.writes + 1, record.version + Number(changesData)]);
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

  test("D10: moves when the user proved who they are to its own time, for this user alone", () => {
    fc.assert(
      fc.property(records, deltas, fc.constantFrom("ann", "bob"), (record, delta, elevate) => {
        fc.pre(delta.at < record.expiresAt);
        const next = applyDelta(record, { ...delta, elevate });
        if (elevate === "bob") assert.equal(next, "gone");
        else assert.deepEqual(next, { ...applied(record, delta), authenticatedAt: delta.at });
      }),
    );
    assert.equal(applyDelta({ ...sampleRecord(), userId: null }, { at: NOW, elevate: "ann" }), "gone");
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
        const { data: _before, version: _old, writes: _oldWrites, ...rest } = record;
        const { data: _after, version: _new, writes: _newWrites, ...kept } = next;
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
        const one: SessionDelta = { at: NOW, set: first, touch: { idleTimeout: DAY } };
        const two: SessionDelta = { at: NOW + 1, set: second, remove: removed, touch: { idleTimeout: DAY } };
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
        assert.deepEqual(
          { ...twice, version: 0, writes: 0, data: parse(twice) },
          { ...once, version: 0, writes: 0, data: parse(once) },
        );
      }),
    );
  });

  test("conditions that do not hold are conflicts, and come after the deadline", () => {
    const record = sampleRecord({ version: 3 });
    const to = randomDigest();
    assert.equal(applyDelta(record, { at: record.createdAt, ifVersion: 2 }), "conflict");
    assert.equal(applyDelta(record, { at: record.createdAt, ifVersion: 4 }), "conflict");
    assert.equal(applied(record, { at: record.createdAt, ifVersion: 3, set: { k: 1 } }).version, 4);
    assert.equal(
      applyDelta(record, {
        at: record.createdAt,
        rotate: { kind: "offer", from: randomDigest(), over: null, to, family: to },
      }),
      "conflict",
    );
    assert.equal(applyDelta(record, { at: record.expiresAt, ifVersion: 2, rotate: { kind: "take", to } }), "gone");
  });

  test("a session that becomes a user's is signed in then, and begins anew where it was another user's", () => {
    const visitor = sampleRecord({ userId: null });
    const at = visitor.createdAt + 5;
    const { createdAt } = visitor;
    const anna = applied(visitor, { at, owner: "anna", ifCreatedAt: createdAt });
    assert.deepEqual([anna.userId, anna.authenticatedAt, anna.createdAt], ["anna", at, createdAt]);
    assert.equal(applied(anna, { at: at + 1, owner: "anna" }).authenticatedAt, at);
    const bert = applied(anna, { at: at + 1, owner: "bert", ifCreatedAt: createdAt });
    assert.deepEqual([bert.userId, bert.authenticatedAt, bert.createdAt], ["bert", at + 1, at + 1]);
    const none = applied(bert, { at: createdAt, owner: null });
    assert.deepEqual([none.userId, none.authenticatedAt, none.createdAt], [null, null, at + 2]);
    for (const late of [bert, none]) assert.equal(applyDelta(late, { at, ifCreatedAt: createdAt }), "gone");
  });

  test("a touch moves the deadline back only with another idle timeout", () => {
    const record = sampleRecord({ idleTimeout: 5000 });
    const at = record.createdAt + 5;
    assert.equal(applied(record, { at, touch: { idleTimeout: 10 }, idleTimeout: 5000 }).expiresAt, record.expiresAt);
    const shorter = applied(record, { at, touch: { idleTimeout: 10 }, idleTimeout: 10 });
    assert.deepEqual([shorter.idleTimeout, shorter.expiresAt], [10, at + 10]);
    assert.equal(applied(shorter, { at, touch: { idleTimeout: 5 } }).expiresAt, at + 10);
  });

  test("D7: an offer has one successor, and leaves the current secret as it is", () => {
    const record = sampleRecord({ createdAt: NOW });
    const offer = (over: string | null, to: string): SecretChange => {
      return { kind: "offer", from: record.secretDigest, over, to, family: "f" };
    };
    const first = applied(record, { at: NOW, rotate: offer(null, "one") });
    const rotation = { family: "f", offer: "one", offeredAt: NOW, count: 1, taken: 0, previous: [] };
    assert.deepEqual(
      [first.secretDigest, first.rotatedAt, first.rotation],
      [record.secretDigest, record.rotatedAt, rotation],
    );
    assert.equal(applyDelta(first, { at: NOW, rotate: offer(null, "two") }), "conflict");
    assert.equal(applyDelta(first, { at: NOW, rotate: { kind: "take", to: "two" } }), "conflict");
    const second = applied(first, { at: NOW + 1, rotate: offer("one", "two") });
    assert.deepEqual(second.rotation, { ...rotation, offer: "two", offeredAt: NOW + 1, count: 2 });
    assert.equal(applyDelta(second, { at: NOW, rotate: { kind: "take", to: "one" } }), "conflict");
    const taken = applied(second, { at: NOW + 2, rotate: { kind: "take", to: "two" } });
    assert.deepEqual([taken.secretDigest, taken.rotatedAt], ["two", NOW + 2]);
    assert.deepEqual(taken.rotation, {
      ...rotation,
      offer: null,
      offeredAt: NOW + 1,
      count: 2,
      taken: 2,
      previous: [record.secretDigest],
    });
    assert.equal(applyDelta(taken, { at: NOW, rotate: { kind: "take", to: "two" } }), "conflict");
    assert.equal(applyDelta(taken, { at: NOW, rotate: offer(null, "three") }), "conflict");
  });

  test("D7: a replacement has one successor, and the secret and the offer whose place it takes are the previous ones", () => {
    fc.assert(
      fc.property(records, (record) => {
        const rotate: SecretChange = { kind: "replace", from: record.secretDigest, to: "new", family: "f" };
        const next = applied(record, { at: NOW, rotate });
        const offer = record.rotation?.offer == null ? [] : [record.rotation.offer];
        const good = [...offer, record.secretDigest];
        const count = (record.rotation?.count ?? 0) + 1;
        assert.deepEqual(next.rotation, {
          family: "f",
          offer: null,
          offeredAt: NOW,
          count,
          taken: count,
          previous: good,
        });
        assert.deepEqual([next.secretDigest, next.rotatedAt], ["new", NOW]);
        assert.ok(Object.isFrozen(next.rotation) && Object.isFrozen(next.rotation?.previous));
        assert.equal(applyDelta(next, { at: NOW, rotate }), "conflict");
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
      typeof applyDelta(record, { at, touch: { idleTimeout: 1 }, limits: { dataBytes: 1, keys: 1 } }),
      "object",
    );
  });

  test("a delta without changes leaves the text of the data alone, character by character", () => {
    const record = sampleRecord({ data: '{ "b" : 1.0, "a":"\\u0041" }' });
    assert.equal(applied(record, { at: record.createdAt }).data, record.data);
    assert.equal(applied(record, { at: record.createdAt, touch: { idleTimeout: DAY } }).data, record.data);
  });
});
