// The effect of a handler's calls on the data, also when they are replayed on newer data.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { applyDelta } from "sessile/store";
import { sampleRecord } from "sessile/testing";
import { type Json, type JsonObject, parseData } from "#dist/core/data.js";
import { Changes } from "#dist/core/delta.js";

const LIMITS = { dataBytes: 65_536, keys: 256, depth: 32 };

function changesOn(base: JsonObject = {}): Changes {
  return new Changes(base, LIMITS);
}

const plusOne = (value: unknown): number => Number(value ?? 0) + 1;
const view = (changes: Changes): JsonObject => ({ ...changes.view });

test("set, remove and update show at once and leave the base as it was", () => {
  const base = { a: 1, b: 2, c: 3 };
  const changes = changesOn(base);
  changes.set("a", { deep: [1] });
  changes.remove("b");
  changes.update("c", plusOne);
  changes.update("d", plusOne);
  assert.deepEqual(view(changes), { a: { deep: [1] }, c: 4, d: 1 });
  assert.deepEqual(base, { a: 1, b: 2, c: 3 });
  assert.deepEqual(changes.outcome(), { set: { a: { deep: [1] }, c: 4, d: 1 }, remove: ["b"] });
});

test("nothing changed is empty and not dependent", () => {
  const changes = changesOn({ a: 1 });
  assert.deepEqual([changes.isEmpty, changes.isDependent, changes.outcome()], [true, false, { set: {}, remove: [] }]);
});

test("a set replaces what was done to its key before, an update builds on it", () => {
  const changes = changesOn({ n: 10 });
  changes.update("n", plusOne);
  changes.update("n", plusOne);
  assert.deepEqual([changes.view["n"], changes.isDependent], [12, true]);
  changes.set("n", 0);
  assert.deepEqual([changes.view["n"], changes.isDependent], [0, false]);
  changes.update("n", plusOne);
  assert.deepEqual([changes.view["n"], changes.isDependent], [1, false]);
  changes.rebase({ n: 100 });
  assert.equal(changes.view["n"], 1, "an update after a set does not depend on what others wrote");
  changes.remove("n");
  changes.update("n", (value) => [value === undefined]);
  changes.rebase({ n: 100 });
  assert.deepEqual([changes.view["n"], changes.isDependent], [[true], false]);
});

test("F4: rebase replays updates on newer values, and sets and removals as they were", () => {
  const changes = changesOn({ n: 1, gone: 1, mine: 1, theirs: 1 });
  changes.update("n", plusOne);
  changes.update("n", (value) => Number(value) * 2);
  changes.set("mine", "set");
  changes.remove("gone");
  assert.deepEqual(view(changes), { n: 4, mine: "set", theirs: 1 });
  changes.rebase({ n: 10, gone: 2, mine: "other", theirs: 2, new: 1 });
  assert.deepEqual(view(changes), { n: 22, mine: "set", theirs: 2, new: 1 });
  assert.deepEqual(changes.outcome(), { set: { n: 22, mine: "set" }, remove: ["gone"] });
});

test("an update that returns nothing removes the key, and a later replay may find otherwise", () => {
  const changes = changesOn({ n: 1 });
  changes.update("n", (value) => (value === 1 ? undefined : value));
  assert.deepEqual(changes.outcome(), { set: {}, remove: ["n"] });
  changes.rebase({ n: 2 });
  assert.deepEqual(changes.outcome(), { set: { n: 2 }, remove: [] });
});

test("an update gets a copy of its own, which it may change and return", () => {
  const base = { list: [1] };
  const changes = changesOn(base);
  changes.update("list", (value) => {
    (value as number[]).push(2);
    return value;
  });
  Object.freeze(changes.view["list"]);
  changes.update("list", (value) => {
    (value as number[]).push(3);
    return value;
  });
  assert.deepEqual([changes.view["list"], base.list], [[1, 2, 3], [1]]);
});

test("setting undefined removes the key, and members that are undefined are not kept", () => {
  const changes = changesOn({ n: 1, user: { name: "anna", avatar: "a.png" } });
  changes.set("n", undefined);
  changes.set("user", { name: "anna", avatar: undefined });
  changes.update("list", () => [{ at: undefined, n: 1 }]);
  assert.deepEqual({ ...changes.view }, { user: { name: "anna" }, list: [{ n: 1 }] });
  assert.deepEqual(changes.outcome().remove, ["n"]);
});

test("a refused value or a throwing update changes nothing", () => {
  const changes = changesOn({ n: 1 });
  const attempts = [
    () => changes.set("n", [undefined]),
    () => changes.set("n", Number.NaN),
    () => changes.set("__proto__", 1),
    () => changes.update("n", () => Number.NaN),
    () => changes.update("n", async () => 1),
    () => changes.update("n", () => new Date()),
    () => changes.update("__proto__", () => 1),
    () =>
      changes.update("n", () => {
        throw new Error("from the application");
      }),
  ];
  for (const attempt of attempts) assert.throws(attempt);
  assert.deepEqual([view(changes), changes.isEmpty], [{ n: 1 }, true]);
  changes.set("n", 2);
  assert.throws(() => changes.set("n", Symbol("s")));
  assert.deepEqual(changes.outcome(), { set: { n: 2 }, remove: [] });
});

test("a replay that throws leaves the changes as they were", () => {
  const changes = changesOn({ a: 1, b: 1 });
  changes.update("a", (value) => {
    if (value !== 1) throw new Error("only for 1");
    return 2;
  });
  changes.set("b", "mine");
  assert.throws(() => changes.rebase({ a: 5, b: 5, c: 5 }), /only for 1/);
  assert.deepEqual(changes.outcome(), { set: { a: 2, b: "mine" }, remove: [] });
  changes.rebase({ a: 1, c: 5 });
  assert.deepEqual(view(changes), { a: 2, b: "mine", c: 5 });
});

test("keys that objects inherit are ordinary keys", () => {
  const changes = changesOn({});
  for (const key of ["constructor", "toString", "hasOwnProperty", "valueOf"]) {
    assert.equal(changes.view[key], undefined);
    changes.update(key, (value) => {
      assert.equal(value, undefined);
      return 1;
    });
  }
  changes.remove("constructor");
  assert.deepEqual(changes.outcome(), { set: { toString: 1, hasOwnProperty: 1, valueOf: 1 }, remove: ["constructor"] });
  changes.remove("__proto__");
  changes.rebase({});
  assert.equal(({} as Record<string, unknown>)["toString"], Object.prototype.toString);
});

test("a branch takes what comes later, and can be taken back", () => {
  const changes = changesOn({ n: 1 });
  changes.update("n", plusOne);
  const branch = changes.branch();
  assert.deepEqual([branch.isEmpty, branch.view["n"]], [true, 2]);
  branch.update("n", plusOne);
  branch.set("k", 1);
  assert.deepEqual([changes.view["n"], changes.view["k"]], [2, undefined]);
  changes.join(branch);
  assert.deepEqual(changes.outcome(), { set: { n: 3, k: 1 }, remove: [] });
  changes.rebase({ n: 10 });
  assert.deepEqual([changes.outcome(), changes.isDependent], [{ set: { n: 12, k: 1 }, remove: [] }, true]);
});

test("G4: replaying changes on a record is what the same calls on its data would have done", () => {
  const key = fc.constantFrom("a", "b", "constructor");
  const call = fc.oneof(
    fc.tuple(fc.constant("set"), key, fc.integer()),
    fc.tuple(fc.constant("remove"), key, fc.constant(0)),
    fc.tuple(fc.constant("update"), key, fc.integer({ min: -5, max: 5 })),
  );
  const dataset = fc.dictionary(key, fc.integer(), { noNullPrototype: true });
  fc.assert(
    fc.property(dataset, dataset, fc.array(call, { maxLength: 12 }), (loaded, newer, calls) => {
      const changes = changesOn(loaded);
      const expected = new Map(Object.entries(newer));
      for (const [name, at, n] of calls) {
        if (name === "set") changes.set(at, n);
        if (name === "remove") changes.remove(at);
        if (name === "update") changes.update(at, (value) => (n === 0 ? undefined : Number(value ?? 0) + n));
        if (name === "set") expected.set(at, n);
        if (name === "remove" || (name === "update" && n === 0)) expected.delete(at);
        if (name === "update" && n !== 0) expected.set(at, Number(expected.get(at) ?? 0) + n);
      }
      changes.rebase(newer);
      const record = sampleRecord({ data: JSON.stringify(newer) });
      const next = applyDelta(record, { at: record.createdAt, ...changes.outcome() });
      assert.ok(typeof next === "object");
      assert.deepEqual(
        new Map(Object.entries(JSON.parse(next.data) as Record<string, Json>)),
        new Map([...expected].map(([k, v]) => [k, v === 0 ? 0 : v])),
      );
    }),
    { numRuns: 1000 },
  );
});

test("what the changes began with is never changed, though it is not copied", () => {
  const stored = parseData('{"a":1,"b":2}');
  const changes = changesOn(stored);
  changes.set("a", 10);
  const branch = changes.branch();
  branch.remove("b");
  changes.update("a", (value) => Number(value) + 1);
  assert.deepEqual({ ...branch.view }, { a: 10 });
  assert.deepEqual({ ...changes.view }, { a: 11, b: 2 });
  changes.rebase(stored);
  assert.deepEqual({ ...stored }, { a: 1, b: 2 });
});
