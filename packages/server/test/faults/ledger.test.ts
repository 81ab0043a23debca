// That the ledger sees what it is there to see: a checker that finds nothing proves nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Answer, Ledger, type Life } from "./ledger.ts";

function answer(status: number, found: Partial<Answer> = {}): Answer {
  return { status, token: null, marks: null, detail: "", sentAt: 1, answeredAt: 2, ...found };
}

function begun(staleness = 0): { ledger: Ledger; life: Life } {
  const ledger = new Ledger(staleness);
  const life = ledger.signedIn(answer(200, { token: "first" })) as Life;
  return { ledger, life };
}

test("a write that was acknowledged and is not there is lost; one that was not is nothing", () => {
  const { ledger, life } = begun();
  ledger.note("update", life, answer(200), "a");
  ledger.note("update", life, answer(503), "b");
  ledger.note("read", life, answer(200, { marks: ["a"] }));
  assert.equal(ledger.counts.lostWrites, 0);
  for (let i = 0; i < 2; i++) ledger.note("read", life, answer(200, { marks: [], sentAt: 3 }));
  assert.equal(ledger.counts.lostWrites, 1);
});

test("a read from a cache may miss what was acknowledged within the cache's bound before it, and nothing else", () => {
  const { ledger, life } = begun(500);
  ledger.note("update", life, answer(200, { answeredAt: 1000 }), "a");
  ledger.note("read", life, answer(200, { marks: [], sentAt: 1499 }));
  assert.equal(ledger.counts.lostWrites, 0);
  ledger.note("read", life, answer(200, { marks: [], sentAt: 1500 }));
  assert.equal(ledger.counts.lostWrites, 1);
});

test("a write that is there twice was done twice", () => {
  const { ledger, life } = begun();
  ledger.note("read", life, answer(200, { marks: ["a", "b", "a"] }));
  assert.equal(ledger.counts.doubled, 1);
});

test("a session that ended and opens is revived, one whose end was not acknowledged is not", () => {
  const { ledger, life } = begun();
  ledger.note("sign-out", life, answer(503));
  assert.equal(life.state, "ending");
  ledger.note("read", life, answer(401));
  assert.equal(ledger.counts.wrong401, 0);
  ledger.note("sign-out", life, answer(200));
  ledger.noteEnded(life, answer(401));
  assert.deepEqual([life.state, ledger.counts.revived], ["ended", 0]);
  ledger.noteEnded(life, answer(200));
  assert.equal(ledger.counts.revived, 1);
});

test("a sign-out that is refused ended nothing, unless one was tried before; then the newest token must stay refused", () => {
  const one = begun();
  one.ledger.note("sign-out", one.life, answer(401));
  assert.deepEqual([one.life.state, one.ledger.counts.wrong401], ["lost", 1]);
  const two = begun();
  two.ledger.note("rotate", two.life, answer(200, { token: "second" }));
  for (const status of [503, 401]) two.ledger.note("sign-out", two.life, answer(status));
  assert.deepEqual([two.life.state, two.life.token, two.life.earlier], ["ended", "second", []]);
  two.ledger.noteEnded(two.life, answer(200));
  assert.equal(two.ledger.counts.revived, 1);
});

test("a 401 for a session that lives is wrong, and in doubt where a rotation was not answered", () => {
  const one = begun();
  one.ledger.note("rotate", one.life, answer(200, { token: "second" }));
  assert.deepEqual([one.life.token, one.life.earlier], ["second", ["first"]]);
  one.ledger.note("read", one.life, answer(401));
  assert.deepEqual([one.ledger.counts.wrong401, one.life.state], [1, "lost"]);
  const two = begun();
  two.ledger.note("rotate", two.life, answer(0));
  two.ledger.note("read", two.life, answer(401));
  assert.deepEqual([two.ledger.counts.wrong401, two.ledger.counts.doubtful401], [0, 1]);
});

test("the token of any answer is the newest, and an offer unless the client has asked for it", () => {
  const { ledger, life } = begun();
  ledger.note("read", life, answer(200, { token: "second", marks: [] }));
  ledger.note("rotate", life, answer(200, { token: "third" }));
  ledger.note("read", life, answer(503, { token: "none" }));
  assert.deepEqual([life.token, life.earlier, ledger.counts.offers], ["third", ["first", "second"], 1]);
});

test("failures are counted by kind, and what the checker asks is not", () => {
  const { ledger, life } = begun();
  for (const status of [503, 0, 500, 200]) ledger.note("read", life, answer(status, { marks: [] }));
  ledger.endRun();
  ledger.note("read", life, answer(503));
  const { acknowledged, unavailable, unanswered, unexpected } = ledger.counts;
  assert.deepEqual([acknowledged, unavailable, unanswered, unexpected], [2, 1, 2, 1]);
});
