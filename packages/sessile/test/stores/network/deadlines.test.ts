// Each is given up at its own time and not before, and none that was removed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Deadlines } from "#dist/stores/network/deadlines.js";

const never = () => assert.fail("given up after it was removed");

test("P3: each is given up at its own deadline and not before, in whatever order they were added", async () => {
  const deadlines = new Deadlines();
  const start = deadlines.now();
  const early: number[] = [];
  const waits = [80, 80, 10, 50, 0, 30, -5, 10];
  await Promise.all(
    waits.map((wait) => {
      return new Promise<void>((resolve) => {
        deadlines.add(start + wait, () => {
          if (deadlines.now() < start + wait) early.push(wait);
          resolve();
        });
      });
    }),
  );
  assert.deepEqual(early, []);
});

test("who was removed is not given up, and removing again, or after it was given up, touches no other", async () => {
  const deadlines = new Deadlines();
  const endsAt = deadlines.now() + 10;
  const first = deadlines.add(endsAt, never);
  const second = new Promise<void>((resolve) => void deadlines.add(endsAt, resolve));
  const last = deadlines.add(endsAt, never);
  for (const each of [first, last, first, last]) deadlines.remove(each);
  await second;
  const given = await new Promise<ReturnType<Deadlines["add"]>>((resolve) => {
    const mine = deadlines.add(deadlines.now() + 5, () => resolve(mine));
  });
  const next = new Promise<void>((resolve) => void deadlines.add(deadlines.now() + 5, resolve));
  deadlines.remove(given);
  await next;
});

test("one that is removed while another of the same time is given up stays removed", async () => {
  const deadlines = new Deadlines();
  const endsAt = deadlines.now() + 10;
  await new Promise<void>((resolve) => {
    const first = deadlines.add(endsAt, () => {
      deadlines.remove(second);
      deadlines.add(endsAt + 10, resolve);
    });
    const second = deadlines.add(endsAt, never);
    assert.notEqual(first, second);
  });
});

test("what one that is given up adds is given up too, at its time", async () => {
  const deadlines = new Deadlines();
  const start = deadlines.now();
  await new Promise<void>((resolve) => {
    deadlines.add(start, () => void deadlines.add(start + 10, resolve));
  });
  assert.ok(deadlines.now() >= start + 10);
});

test("P3: a stall of this process takes no call's time away, however long it is", async () => {
  const deadlines = new Deadlines();
  let isAnswered = false;
  const answer = new Promise<boolean>((resolve) => {
    const waiting = deadlines.add(deadlines.now() + 200, () => resolve(false));
    setImmediate(() => {
      isAnswered = true;
      deadlines.remove(waiting);
      resolve(true);
    });
  });
  const end = performance.now() + 300;
  while (performance.now() < end);
  assert.equal(await answer, true);
  assert.ok(isAnswered);
});

test("time goes on while nothing waits, so that what a client keeps to itself is taken back too", async () => {
  const deadlines = new Deadlines();
  await new Promise<void>((resolve) => void deadlines.add(deadlines.now(), resolve));
  const endsAt = deadlines.now() + 100;
  for (const end = performance.now() + 30_000; deadlines.now() < endsAt; await nextTurn())
    assert.ok(performance.now() < end, "the time stands still");
});
