// The promises, in every order of steps: the store's own statements on a real file, each transaction begun, committed and
// answered when the test lets it. A process that crashes loses its connection, and with it the transaction that was open.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { byDepth } from "sessile-test-support/depth";
import { SQL } from "#dist/stores/sqlite/statements.js";
import { type Campaign, crash, lostAnswer, nothing } from "./interleavings/campaigns.ts";
import { LIMITS, runAll as runEach, scenarios } from "./interleavings/run-all.ts";
import { choices, OWNERS, type Scenario, SECRETS, SWEEPS, TOUCHES, TOUCHES_BETWEEN } from "./interleavings/scenario.ts";
import { unable } from "./sqlite/raw.ts";
import { type FaultySql, simulate } from "./sqlite-interleavings/simulate.ts";

const PATIENTLY = { timeout: 900_000, skip: unable };

const PAIRS = scenarios([...choices(2), ...SWEEPS]);
const ALL_PAIRS = [...PAIRS, ...LIMITS.flatMap((limit) => scenarios(choices(2), limit))];
const OFFERS = scenarios(SECRETS);
const TRIPLES = [...scenarios(choices(3)), ...LIMITS.flatMap((limit) => scenarios(choices(3), limit))];

test("the promises hold in every order of two operations", PATIENTLY, (t) => runAll(t, ALL_PAIRS, nothing));

test("the promises hold in every order of two operations in one process", PATIENTLY, (t) => {
  const inOneProcess = [...PAIRS, ...OFFERS].map((scenario) => ({ ...scenario, isOneProcess: true }));
  return runAll(t, inOneProcess, nothing);
});

test("the promises hold wherever one of two operations crashes", PATIENTLY, (t) => {
  return runAll(t, ALL_PAIRS, crash, byDepth(2, 4, 1000));
});

test("the promises hold whichever answer one of two operations never gets", PATIENTLY, (t) => {
  return runAll(t, ALL_PAIRS, lostAnswer, byDepth(2, 4, 1000));
});

test(
  "D7: an offer and its use hold in every order, wherever one crashes, and whichever answer is lost",
  PATIENTLY,
  async (t) => {
    await runAll(t, OFFERS, nothing);
    await runAll(t, OFFERS, crash, byDepth(2, 4, 1000));
    await runAll(t, OFFERS, lostAnswer, byDepth(2, 4, 1000));
  },
);

test(
  "touches of several sessions hold in every order, wherever one crashes, and whichever answer is lost",
  PATIENTLY,
  async (t) => {
    const all = [...scenarios(TOUCHES), ...LIMITS.flatMap((limit) => scenarios(TOUCHES, limit))];
    await runAll(t, all, nothing);
    await runAll(t, all, crash, byDepth(2, 4, 1000));
    await runAll(t, all, lostAnswer, byDepth(2, 4, 1000));
    await runAll(t, scenarios(TOUCHES_BETWEEN), nothing, byDepth(3, 12, 1000));
  },
);

test("the promises hold in orders of three operations", PATIENTLY, (t) => {
  return runAll(t, TRIPLES, nothing, byDepth(3, 12, 1000));
});

/** A change that is written whatever the row has become. */
const unconditional = { update: SQL.update.replace(/AND (\(.*\) IS \(.*\))/, "AND ($1 OR true)") };

test(
  "a session becomes a user's in every order with others, wherever one crashes, whichever answer is lost",
  PATIENTLY,
  async (t) => {
    const all = [undefined, ...LIMITS].flatMap((limit) => scenarios(OWNERS, limit));
    await runAll(t, all, nothing, byDepth(3, 12, 1000));
    await runAll(t, all, crash, byDepth(1, 2, 1000));
    await runAll(t, all, lostAnswer, byDepth(1, 2, 1000));
  },
);

/** Statements that are wrong in one point each, which the explorer has to find. */
const FAULTY: readonly { name: string; scenario: Scenario; message: RegExp; sql: FaultySql }[] = [
  {
    name: "a commit that compares nothing",
    scenario: { name: "two commits", kinds: ["commit", "commit"] },
    message: /acknowledged, and not what is stored/,
    sql: unconditional,
  },
  {
    name: "a rotation without a condition",
    scenario: { name: "two rotations", kinds: ["rotate", "rotate"] },
    message: /no order explains the secrets/,
    sql: unconditional,
  },
  {
    name: "an offer without a condition",
    scenario: { name: "an offer, and the use of the one before", kinds: ["offer", "take"] },
    message: /no order explains the secrets/,
    sql: unconditional,
  },
  {
    name: "a touch of several that compares nothing",
    scenario: { name: "touches and a commit", kinds: ["touchAll", "commit"] },
    message: /is damaged/,
    sql: { touch: SQL.touch.replace(/AND (writes.*)/, "AND ($1 OR true)") },
  },
  {
    name: "a limit that lets one more in",
    scenario: { name: "two sign-ins", kinds: ["create", "create"], limit: { max: 1, onExceeded: "refuse" } },
    message: /confirmed with a limit of 1/,
    sql: { insert: SQL.insert.replace("OFFSET ?", "OFFSET ? + 1") },
  },
  {
    name: "a limit that lets one more session become the user's",
    scenario: { name: "two join", kinds: ["join", "join"], limit: { max: 1, onExceeded: "refuse" } },
    message: /confirmed with a limit of 1/,
    sql: { move: SQL.move.replace("OFFSET ?", "OFFSET ? + 1") },
  },
  {
    name: "a session that becomes the user's and ends no other",
    scenario: { name: "one joins", kinds: ["join", "visit"], limit: { max: 1, onExceeded: "evictOldest" } },
    message: /was turned away by a rule that evicts/,
    sql: { evictFor: SQL.evictFor.replace("sid IN", "false AND sid IN") },
  },
];

for (const { name, scenario, message, sql } of FAULTY) {
  test(`the promises are broken, and it is noticed, by ${name}`, PATIENTLY, async () => {
    await assert.rejects(simulate(scenario, {}, { sql }), message);
  });
}

/** Runs the orders of every scenario and fault: all of them, or `most` of each. */
function runAll(t: TestContext, all: readonly Scenario[], campaign: Campaign, most?: number): Promise<void> {
  const how = most === undefined ? {} : { most };
  return runEach(t, all, campaign, (scenario, fault) => simulate(scenario, fault, how));
}
