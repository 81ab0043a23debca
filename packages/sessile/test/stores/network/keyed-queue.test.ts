// Work on one key runs in order, and tells the next what came of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { KeyedQueue } from "#dist/stores/network/keyed-queue.js";

test("steps of one key run one after the other, each knowing the result before it", async () => {
  const queue = new KeyedQueue<number>();
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const first = queue.run("a", async (previous) => {
    assert.equal(previous, undefined);
    await gate;
    return 1;
  });
  const second = queue.run("a", async (previous) => (previous ?? 0) + 1);
  assert.equal(await queue.run("b", async () => 9), 9, "another key does not wait");
  assert.deepEqual([queue.lengthOf("a"), queue.lengthOf("b")], [2, 0]);
  open();
  assert.deepEqual([await first, await second], [1, 2]);
});

test("a step that fails takes nothing with it but its own result", async () => {
  const queue = new KeyedQueue<number>();
  const failing = queue.run("a", async () => Promise.reject(new Error("no")));
  const next = queue.run("a", async (previous) => previous ?? -1);
  await assert.rejects(failing, /no/);
  assert.equal(await next, -1);
});

test("a queue keeps nothing of keys that have no work", async () => {
  const queue = new KeyedQueue<number>();
  await Promise.allSettled([1, 2, 3].map((n) => queue.run(`${n % 2}`, async () => (n === 2 ? Promise.reject(n) : n))));
  await turn();
  assert.deepEqual([queue.size, queue.lengthOf("1")], [0, 0]);
});
