// The laws of `applyDelta`, which every store obeys because every store calls it.

import assert from "node:assert/strict";
import fc from "fast-check";
import type { JsonObject } from "sessile";
import { applyDelta, type SessionDelta, type SessionRecord } from "sessile/store";
import type { Property } from "sessile-test-support/properties";
import { aimed, data, deltas, keys, NOW, records } from "./inputs.ts";

const changes = fc.record({ set: data, remove: fc.array(keys, { maxLength: 3 }) });

export const deltaProperties: readonly Property[] = [
  {
    name: "E3, E7: a delta brings nothing back, never moves an instant backwards and never passes the absolute deadline",
    cases: 80_000,
    make: () =>
      fc.property(records, deltas, (record, delta) => {
        const next = applyDelta(record, aimed(record, delta));
        assert.equal(next === "gone", delta.at >= record.expiresAt);
        if (typeof next === "string") return;
        assert.ok(next.expiresAt >= record.expiresAt && next.expiresAt <= record.absoluteExpiresAt);
        assert.ok(next.lastSeenAt >= record.lastSeenAt);
        assert.equal(next.writes, record.writes + 1);
        for (const fixed of ["sid", "userId", "createdAt", "authenticatedAt", "absoluteExpiresAt", "device"] as const)
          assert.equal(next[fixed], record[fixed]);
        if (delta.touch === undefined) assert.equal(next.expiresAt, record.expiresAt);
      }),
  },
  {
    name: "F4, D5: a condition that does not hold makes a conflict, and a conflict changes nothing",
    cases: 40_000,
    make: () =>
      fc.property(records, deltas, (record, aim) => {
        const delta = aimed(record, aim);
        const before = structuredClone({ ...record });
        const next = applyDelta(record, delta);
        assert.deepEqual({ ...record }, before);
        if (next === "gone") return;
        assert.equal(next === "conflict", breaksCondition(record, delta));
      }),
  },
  {
    name: "F3: deltas of different keys may come in either order",
    cases: 40_000,
    make: () =>
      fc.property(records, changes, changes, (record, first, second) => {
        const [a, b] = [only(first, "a"), only(second, "b")];
        assert.deepEqual(parsed(both(record, a, b)), parsed(both(record, b, a)));
      }),
  },
  {
    name: "F3: a delta leaves every key alone that it does not name, and sets those that it names",
    cases: 40_000,
    make: () =>
      fc.property(records, changes, (record, { set, remove }) => {
        const after = parsed(both(record, { at: NOW, set, remove }, { at: NOW }));
        const expected = { ...parsed(record) };
        for (const key of remove) delete expected[key];
        assert.deepEqual(after, JSON.parse(JSON.stringify({ ...expected, ...set })));
      }),
  },
];

/** The same changes to keys that no other delta names. */
function only({ set, remove }: { set: JsonObject; remove: readonly string[] }, owner: string): SessionDelta {
  const own = (key: string): string => `${owner}:${key}`;
  return {
    at: NOW,
    set: Object.fromEntries(Object.entries(set).map(([key, value]) => [own(key), value])),
    remove: remove.map(own),
  };
}

function both(record: SessionRecord, first: SessionDelta, second: SessionDelta): SessionRecord {
  return applied(applied({ ...record, expiresAt: NOW + 1 }, first), second);
}

function applied(record: SessionRecord, delta: SessionDelta): SessionRecord {
  const next = applyDelta(record, delta);
  assert.ok(typeof next !== "string", String(next));
  return next;
}

function parsed({ data }: SessionRecord): Record<string, unknown> {
  return JSON.parse(data) as Record<string, unknown>;
}

function breaksCondition(record: SessionRecord, { ifVersion, rotate, set, remove, limits }: SessionDelta): boolean {
  if (ifVersion !== undefined && ifVersion !== record.version) return true;
  const offer = record.rotation?.offer ?? null;
  if (rotate?.kind === "take" && (offer === null || rotate.to !== offer)) return true;
  if (rotate !== undefined && rotate.kind !== "take" && rotate.from !== record.secretDigest) return true;
  if (rotate?.kind === "offer" && rotate.over !== offer) return true;
  if (limits === undefined || (set === undefined && remove === undefined)) return false;
  const merged = { ...parsed(record) };
  for (const key of remove ?? []) delete merged[key];
  Object.assign(merged, set);
  return Object.keys(merged).length > limits.keys || Buffer.byteLength(JSON.stringify(merged)) > limits.dataBytes;
}
