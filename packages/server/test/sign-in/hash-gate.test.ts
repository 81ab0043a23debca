// K3: how many hashes run, how many wait, and that a slot is never lost.

import assert from "node:assert/strict";
import { test } from "node:test";
import { HashGate } from "#dist/identity/sign-in/hash-gate.js";

test("K3: never more run than there are slots, those that wait run in turn, and the rest is turned away at once", async () => {
  const gate = new HashGate({ slots: 2, places: 3 });
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const work = (index: number) => () => {
    begun.push(index);
    return new Promise<void>((resolve) => ends.push(resolve));
  };
  const runs = Array.from({ length: 8 }, (_, index) => gate.run(work(index)));
  assert.deepEqual(
    runs.map((run) => run === null),
    [false, false, false, false, false, true, true, true],
  );
  assert.deepEqual([begun, gate.isFull], [[0, 1], true]);
  for (let i = 0; i < 5; i++) {
    ends[i]?.();
    await runs[i];
    await Promise.resolve();
    assert.ok(begun.length - (i + 1) <= 2);
  }
  await Promise.all(runs.map((run) => run ?? Promise.resolve()));
  assert.deepEqual([begun, gate.isFull], [[0, 1, 2, 3, 4], false]);
});

test("K3: work that fails gives its slot back", async () => {
  const gate = new HashGate({ slots: 1, places: 1 });
  for (let i = 0; i < 5; i++) {
    const failing = gate.run(() => Promise.reject(new Error("no")));
    const next = gate.run(async () => i);
    await assert.rejects(failing as Promise<never>, /no/);
    assert.equal(await next, i);
  }
});
