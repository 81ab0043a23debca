// When calls are let through to a Redis that fails, and when again. Time and chance are the test's.

import assert from "node:assert/strict";
import { test } from "node:test";
import { testClock } from "sessile/testing";
import { Breaker } from "#dist/stores/network/breaker.js";

const IN_THE_MIDDLE = () => 0.5;
const FIRST_PAUSE = 100;

function call(breaker: Breaker, hasFailed: boolean): boolean {
  const pass = breaker.enter();
  if (pass !== null) breaker.leave(pass, hasFailed);
  return pass !== null;
}

function opened(random = IN_THE_MIDDLE) {
  const clock = testClock();
  const breaker = new Breaker(clock.now, random);
  for (let i = 0; i < 24; i++) call(breaker, true);
  assert.equal(breaker.circuit.state, "open");
  return { clock, breaker };
}

test("P5: it opens when 24 calls in a row failed, or many more than succeed, and not before", () => {
  const breaker = new Breaker(testClock().now);
  for (let i = 0; i < 1000; i++) call(breaker, false);
  for (let i = 0; i < 23; i++) call(breaker, true);
  assert.deepEqual(breaker.circuit, { state: "closed", opened: 0 });
  call(breaker, true);
  assert.deepEqual(breaker.circuit, { state: "open", opened: 1 });
  const mixed = new Breaker(testClock().now);
  for (let i = 0; i < 200 && mixed.circuit.state === "closed"; i++) call(mixed, i % 5 !== 0);
  assert.equal(mixed.circuit.state, "open", "four of five fail");
});

test("P5: one node of three that fails does not close the way to the others", () => {
  const breaker = new Breaker(testClock().now);
  for (let i = 0; i < 30_000; i++) assert.ok(call(breaker, i % 3 === 0));
  assert.deepEqual(breaker.circuit, { state: "closed", opened: 0 });
});

test("P5: while it is open no call passes, until the pause is over", () => {
  const { clock, breaker } = opened();
  clock.advance(FIRST_PAUSE - 1);
  assert.equal(breaker.enter(), null);
  clock.advance(1);
  assert.notEqual(breaker.enter(), null);
});

test("P5: at most one probe is under way, however many ask and however long it takes", () => {
  const { clock, breaker } = opened();
  clock.advance(FIRST_PAUSE);
  const probe = breaker.enter() as number;
  assert.equal(breaker.circuit.state, "halfOpen");
  for (let i = 0; i < 1000; i++) {
    clock.advance(10);
    assert.equal(breaker.enter(), null);
  }
  breaker.leave(probe, false);
  assert.equal(breaker.circuit.state, "closed");
  for (let i = 0; i < 23; i++) assert.ok(call(breaker, true), "what failed before the outage is forgotten");
});

test("P5: a probe that fails makes the next pause twice as long, up to 2 seconds, and a success starts anew", () => {
  const { clock, breaker } = opened();
  for (const pause of [100, 200, 400, 800, 1600, 2000, 2000]) {
    clock.advance(pause - 1);
    assert.equal(breaker.enter(), null);
    clock.advance(1);
    assert.ok(call(breaker, true));
  }
  clock.advance(2000);
  assert.ok(call(breaker, false));
  for (let i = 0; i < 24; i++) call(breaker, true);
  clock.advance(FIRST_PAUSE);
  assert.ok(call(breaker, false));
});

test("P5: the pause is from half as long to one and a half times, by chance", () => {
  for (const [chance, pause] of [
    [0, 50],
    [0.999, 150],
  ] as const) {
    const { clock, breaker } = opened(() => chance);
    clock.advance(pause - 1);
    assert.equal(breaker.enter(), null);
    clock.advance(1);
    assert.notEqual(breaker.enter(), null);
  }
});

test("what passed before it opened neither closes it nor keeps it open", () => {
  const clock = testClock();
  const breaker = new Breaker(clock.now, IN_THE_MIDDLE);
  const early = Array.from({ length: 100 }, () => breaker.enter() as number);
  for (const pass of early.slice(0, 24)) breaker.leave(pass, true);
  assert.equal(breaker.circuit.state, "open");
  for (const pass of early.slice(24, 50)) breaker.leave(pass, false);
  assert.equal(breaker.circuit.state, "open");
  clock.advance(FIRST_PAUSE);
  const probe = breaker.enter() as number;
  for (const pass of early.slice(50)) breaker.leave(pass, true);
  breaker.leave(probe, false);
  assert.deepEqual(breaker.circuit, { state: "closed", opened: 1 });
});
