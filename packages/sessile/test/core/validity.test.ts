// Which secret opens which record, and when: the boundaries.

import assert from "node:assert/strict";
import { test } from "node:test";
import { randomDigest, sampleRecord } from "sessile/testing";
import { deadline, isExpired, isOver, judge, type Lifetimes } from "#dist/core/record.js";

const HOUR = 3_600_000;
const LIFETIMES: Lifetimes = { idleTimeout: HOUR, absoluteTimeout: 24 * HOUR, rotationGrace: 10_000 };

test("E7: a record is over from the first millisecond of its deadline on", () => {
  const record = sampleRecord({ expiresAt: 5000 });
  assert.deepEqual(
    [-1, 0, 1].map((step) => isExpired(record, 5000 + step)),
    [false, true, true],
  );
  assert.deepEqual(
    [-1, 0, 1].map((step) => judge(record, record.secretDigest, 5000 + step, LIFETIMES)),
    ["valid", "expired", "expired"],
  );
});

test("deadline is the earlier of the idle and the absolute one", () => {
  assert.equal(deadline(1000, 500, 2000), 1500);
  assert.equal(deadline(1000, 1000, 2000), 2000);
  assert.equal(deadline(1000, 5000, 2000), 2000);
});

for (const [limit, field] of [
  ["idleTimeout", "lastSeenAt"],
  ["absoluteTimeout", "createdAt"],
] as const) {
  test(`E2: of the stored and the configured ${limit} the shorter wins, exactly`, () => {
    const start = 1_000_000;
    const long = sampleRecord({
      createdAt: start,
      lastSeenAt: start,
      expiresAt: start + 100_000,
      absoluteExpiresAt: start + 100_000,
    });
    const shorter = { ...LIFETIMES, [limit]: 60_000 };
    assert.deepEqual(
      [-1, 0, 1].map((step) => isOver(long, long[field] + 60_000 + step, shorter)),
      [false, true, true],
    );
    const longer = { ...LIFETIMES, [limit]: 10 * 24 * HOUR };
    assert.deepEqual(
      [-1, 0, 1].map((step) => isOver(long, long.expiresAt + step, longer)),
      [false, true, true],
    );
  });
}

test("D5: only the secret before the current one is valid, and only inside the grace", () => {
  const [current, second, first] = [randomDigest(), randomDigest(), randomDigest()];
  const record = sampleRecord({
    secretDigest: current,
    retiredDigests: [second, first],
    createdAt: 0,
    rotatedAt: 1000,
    expiresAt: HOUR,
  });
  const verdicts = (digest: string): string[] =>
    [0, 9_999, 10_000, 10_001].map((since) => judge(record, digest, 1000 + since, LIFETIMES));
  assert.deepEqual(verdicts(current), ["valid", "valid", "valid", "valid"]);
  assert.deepEqual(verdicts(second), ["valid", "valid", "reused", "reused"]);
  assert.deepEqual(verdicts(first), ["reused", "reused", "reused", "reused"]);
  assert.deepEqual(verdicts(randomDigest()), ["unknown", "unknown", "unknown", "unknown"]);
});

test("D5: without a grace the previous secret is reuse at once", () => {
  const old = randomDigest();
  const record = sampleRecord({ retiredDigests: [old], createdAt: 1000, expiresAt: HOUR });
  assert.equal(judge(record, old, 1000, { ...LIFETIMES, rotationGrace: 0 }), "reused");
});

test("D6: an old secret of a session that is over is no theft, and a wrong one says nothing of the session", () => {
  const old = randomDigest();
  const record = sampleRecord({ retiredDigests: [old], createdAt: 1000, expiresAt: 2000 });
  assert.equal(judge(record, old, 2000, LIFETIMES), "expired");
  assert.equal(judge(record, randomDigest(), 2000, LIFETIMES), "unknown");
});

test("a digest that is empty or of another length is unknown and no error", () => {
  const record = sampleRecord({ retiredDigests: [randomDigest()] });
  for (const digest of ["", "x", `${record.secretDigest}x`])
    assert.equal(judge(record, digest, 0, LIFETIMES), "unknown");
});
