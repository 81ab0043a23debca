// Which secret opens which record, and when: the boundaries.

import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleRecord } from "sessile/testing";
import { deadline, isExpired, isOver, judge, type Rotation, type SessionRecord } from "#dist/core/record.js";
import { digestSecret, familyOf, NO_KEYS, newSecret, secretOf } from "#dist/core/token.js";

const HOUR = 3_600_000;
const LONGEST = { absolute: 24 * HOUR, idle: HOUR };
const SETTINGS = { idleTimeout: HOUR, longest: LONGEST, rotationGrace: 10_000, keys: NO_KEYS };

const FIRST = newSecret();
const [SECOND, THIRD, FOURTH, FIFTH] = [1, 2, 3, 4].map((number) => secretOf(familyOf(FIRST), number)) as string[] as [
  string,
  string,
  string,
  string,
];

/** A record whose current secret is the third, and to whose client the fourth is offered. */
function rotated(fields: Partial<SessionRecord> = {}, more: Partial<Rotation> = {}): SessionRecord {
  const rotation: Rotation = {
    family: digestSecret(familyOf(FIRST)),
    offer: digestSecret(FOURTH),
    offeredAt: 2000,
    count: 3,
    taken: 2,
    previous: [digestSecret(SECOND)],
    ...more,
  };
  return sampleRecord({ secretDigest: digestSecret(THIRD), rotation, createdAt: 0, rotatedAt: 1000, ...fields });
}

test("E7: a record is over from the first millisecond of its deadline on", () => {
  const record = sampleRecord({ secretDigest: digestSecret(FIRST), expiresAt: 5000 });
  assert.deepEqual(
    [-1, 0, 1].map((step) => isExpired(record, 5000 + step)),
    [false, true, true],
  );
  assert.deepEqual(
    [-1, 0, 1].map((step) => judge(record, FIRST, 5000 + step, SETTINGS).verdict),
    ["valid", "expired", "expired"],
  );
});

test("deadline is the earlier of the idle and the absolute one", () => {
  assert.equal(deadline(1000, 500, 2000), 1500);
  assert.equal(deadline(1000, 1000, 2000), 2000);
  assert.equal(deadline(1000, 5000, 2000), 2000);
});

for (const [limit, field, own, limitedTo] of [
  ["idle timeout", "lastSeenAt", null, (idleTimeout: number) => ({ idleTimeout })],
  ["own idle timeout", "lastSeenAt", 24 * HOUR, (idle: number) => ({ longest: { ...LONGEST, idle } })],
  ["absolute timeout", "createdAt", null, (absolute: number) => ({ longest: { ...LONGEST, absolute } })],
] as const) {
  test(`E2: of the stored and the configured ${limit} the shorter wins, exactly`, () => {
    const start = 1_000_000;
    const long = sampleRecord({
      createdAt: start,
      lastSeenAt: start,
      expiresAt: start + 100_000,
      absoluteExpiresAt: start + 100_000,
      idleTimeout: own,
    });
    const shorter = { ...SETTINGS, ...limitedTo(60_000) };
    assert.deepEqual(
      [-1, 0, 1].map((step) => isOver(long, long[field] + 60_000 + step, shorter)),
      [false, true, true],
    );
    const longer = { ...SETTINGS, ...limitedTo(10 * 24 * HOUR) };
    assert.deepEqual(
      [-1, 0, 1].map((step) => isOver(long, long.expiresAt + step, longer)),
      [false, true, true],
    );
  });
}

test("D5: the current secret and the offered one are good, the previous one inside the grace, any other is reuse", () => {
  const record = rotated({ expiresAt: HOUR });
  const verdicts = (secret: string): string[] =>
    [0, 9_999, 10_000, 10_001].map((since) => judge(record, secret, 1000 + since, SETTINGS).verdict);
  assert.deepEqual(verdicts(THIRD), ["valid", "valid", "valid", "valid"]);
  assert.deepEqual(verdicts(FOURTH), ["valid", "valid", "valid", "valid"]);
  assert.deepEqual(verdicts(SECOND), ["valid", "valid", "reused", "reused"]);
  assert.deepEqual(verdicts(FIRST), ["reused", "reused", "reused", "reused"]);
  assert.deepEqual(verdicts(secretOf(familyOf(FIRST), 0)), ["reused", "reused", "reused", "reused"]);
  assert.deepEqual(verdicts(newSecret()), ["unknown", "unknown", "unknown", "unknown"]);
});

test("D5: the digest of a judgement is the one that the record holds", () => {
  const record = rotated();
  for (const secret of [SECOND, THIRD, FOURTH])
    assert.equal(judge(record, secret, 1500, SETTINGS).digest, digestSecret(secret));
});

test("D6: a number above that of every secret that the store has says that the store lost writes", () => {
  assert.equal(judge(rotated(), FIFTH, 1500, SETTINGS).verdict, "lost");
  assert.equal(judge(rotated(), secretOf(familyOf(newSecret()), 4), 1500, SETTINGS).verdict, "unknown");
});

test("D6: a former secret of a session that is over is no theft, and a wrong one says nothing of the session", () => {
  const record = rotated({ expiresAt: 2000 });
  assert.equal(judge(record, FIRST, 2000, SETTINGS).verdict, "expired");
  assert.equal(judge(record, FIFTH, 2000, SETTINGS).verdict, "expired");
  assert.equal(judge(record, newSecret(), 2000, SETTINGS).verdict, "unknown");
});

test("D6: before the first offer a record knows its one secret alone", () => {
  const record = sampleRecord({ secretDigest: digestSecret(FIRST) });
  assert.equal(judge(record, SECOND, record.createdAt, SETTINGS).verdict, "unknown");
});

test("an empty digest in a record is none", () => {
  const keys = { digest: () => "", match: () => "" };
  const record = rotated({ secretDigest: "" }, { offer: "", previous: [""], family: "" });
  assert.equal(judge(record, FIRST, 1500, { ...SETTINGS, keys }).verdict, "unknown");
});
