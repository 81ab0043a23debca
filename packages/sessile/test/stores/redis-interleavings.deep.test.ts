// The promises, in every order of steps: the store's own code on a real Redis, every command at a time that the test
// chooses.
//
// Orders that differ only in swapping neighbours on different keys, or two reads, count as one: no command can tell
// them apart, and a test shows that nothing gets lost by it. Orders that differ only in which of two equal operations
// is which count as one. SESSILE_INTERLEAVINGS=full runs to the end what is otherwise only begun, which takes long.

import assert from "node:assert/strict";
import { once } from "node:events";
import { after, afterEach, type TestContext, test } from "node:test";
import { createClient } from "@redis/client";
import { Redis } from "ioredis";
import { startRedis } from "sessile-test-support/redis-server";
import { portOf } from "#dist/stores/redis/clients/port-of.js";
import type { RedisPort } from "#dist/stores/redis/port.js";
import * as scripts from "#dist/stores/redis/scripts.js";
import { type Campaign, crash, lostAnswer, nothing } from "./interleavings/campaigns.ts";
import type { Outcome } from "./interleavings/judge.ts";
import { LIMITS, runAll as runEach, scenarios } from "./interleavings/run-all.ts";
import { choices, OWNERS, type Scenario, SECRETS, TOUCHES, TOUCHES_BETWEEN } from "./interleavings/scenario.ts";
import { FAULTY_STORES } from "./redis-interleavings/faulty-stores.ts";
import { type Options, simulate } from "./redis-interleavings/simulate.ts";

/** Scenarios that share the connection, and so its round trips. */
const SIDE_BY_SIDE = 6;
const IS_FULL = process.env["SESSILE_INTERLEAVINGS"] === "full";

/** Instead of the runner's timeout: the time is that of the machine, not of anything that hangs. */
const PATIENTLY = { timeout: IS_FULL ? Number.POSITIVE_INFINITY : 900_000 };

const PAIRS = scenarios(choices(2));
const LIMITED_PAIRS = LIMITS.flatMap((limit) => scenarios(choices(2), limit));
const ALL_PAIRS = [...PAIRS, ...LIMITED_PAIRS];
const TRIPLES = scenarios(choices(3));
const LIMITED_TRIPLES = LIMITS.flatMap((limit) => scenarios(choices(3), limit));

const server = await startRedis();
const client = await createClient({ url: server.url }).connect();
const nodeRedis = portOf(client, Number.POSITIVE_INFINITY);
for (const script of Object.values(scripts)) {
  if (typeof script === "object") await client.sendCommand(["SCRIPT", "LOAD", script.text]);
}
afterEach(() => client.sendCommand(["FLUSHDB"]));
after(async () => {
  client.destroy();
  await server.close();
});

test("the promises hold in every order of two operations", PATIENTLY, (t) => runAll(t, ALL_PAIRS, nothing));

test("the promises hold in every order of two operations in one process", PATIENTLY, (t) => {
  const inOneProcess = PAIRS.map((scenario) => ({ ...scenario, isOneProcess: true }));
  return runAll(t, inOneProcess, nothing);
});

test(
  "a touch enters its session into an index that has lost it, in every order with another operation",
  PATIENTLY,
  (t) => {
    const lost = [...PAIRS, ...scenarios(TOUCHES)].filter(({ kinds }) =>
      kinds.some((kind) => kind.startsWith("touch")),
    );
    return runAll(
      t,
      lost.map((scenario) => ({ ...scenario, isIndexLost: true })),
      nothing,
    );
  },
);

test("the promises hold wherever one of two operations crashes", PATIENTLY, async (t) => {
  await runAll(t, PAIRS, crash);
  await runAll(t, LIMITED_PAIRS, crash, { most: upTo(20) });
});

test("the promises hold whichever answer one of two operations never gets", PATIENTLY, async (t) => {
  await runAll(t, PAIRS, lostAnswer, { most: upTo(6) });
  await runAll(t, LIMITED_PAIRS, lostAnswer, { most: upTo(5) });
});

test(
  "D7: an offer and its use hold in every order, wherever one crashes, and whichever answer is lost",
  PATIENTLY,
  async (t) => {
    const all = scenarios(SECRETS);
    await runAll(t, all, nothing, { most: upTo(100) });
    await runAll(t, all, crash, { most: upTo(20) });
    await runAll(t, all, lostAnswer, { most: upTo(20) });
  },
);

test(
  "a session becomes a user's in every order with others, wherever one crashes, whichever answer is lost",
  PATIENTLY,
  async (t) => {
    const all = [undefined, ...LIMITS].flatMap((limit) => scenarios(OWNERS, limit));
    await runAll(t, all, nothing, { most: upTo(30) });
    await runAll(t, all, crash, { most: upTo(3) });
    await runAll(t, all, lostAnswer, { most: upTo(1) });
  },
);

test(
  "touches of several sessions hold in every order, wherever one crashes, and whichever answer is lost",
  PATIENTLY,
  async (t) => {
    const all = scenarios(TOUCHES);
    const limited = LIMITS.flatMap((limit) => scenarios(TOUCHES, limit));
    await runAll(t, all, nothing);
    await runAll(t, limited, nothing, { most: upTo(100) });
    await runAll(t, [...all, ...limited], crash, { most: upTo(8) });
    await runAll(t, [...all, ...limited], lostAnswer, { most: upTo(5) });
    await runAll(t, scenarios(TOUCHES_BETWEEN), nothing, { most: upTo(100) });
  },
);

test("the promises hold in orders of three operations", PATIENTLY, (t) => {
  return runAll(t, TRIPLES, nothing, { most: upTo(60) });
});

test("the promises hold in orders of three operations under a limit", PATIENTLY, (t) => {
  return runAll(t, LIMITED_TRIPLES, nothing, { most: IS_FULL ? 3000 : 20 });
});

test("the promises hold in orders of three operations of which one crashes", PATIENTLY, (t) => {
  return runAll(t, TRIPLES, crash, { most: upTo(4) });
});

test("the promises hold in every order of two operations over ioredis", PATIENTLY, async (t) => {
  const ioredis = new Redis(server.url, { autoResendUnfulfilledCommands: false });
  await once(ioredis, "ready");
  await runAll(t, PAIRS, nothing, { port: portOf(ioredis, Number.POSITIVE_INFINITY) });
  ioredis.disconnect();
});

test("the orders that are left out come to no other end", async () => {
  for (const kinds of [
    ["create", "revokeAll"],
    ["create", "signOut"],
    ["signOut", "revokeAll"],
  ] as const) {
    const few = await endsOf({ name: "few", kinds }, { isExhaustive: false });
    const all = await endsOf({ name: "all", kinds }, { isExhaustive: true });
    assert.deepEqual(few.ends, all.ends);
    assert.ok(few.runs < all.runs);
  }
});

for (const { name, scenario, fault, makeStore, message } of FAULTY_STORES) {
  test(`the promises are broken, and it is noticed, by ${name}`, async () => {
    await assert.rejects(simulate(nodeRedis, scenario, fault, { makeStore }), message);
  });
}

/** How many orders of each scenario and fault to run: all of them when the full run is asked for. */
function upTo(most: number): number {
  return IS_FULL ? Number.POSITIVE_INFINITY : most;
}

/** Runs the orders of every scenario and fault: all of them, or `most` of each. */
function runAll(
  t: TestContext,
  all: readonly Scenario[],
  campaign: Campaign,
  { most = Number.POSITIVE_INFINITY, port = nodeRedis }: { readonly most?: number; readonly port?: RedisPort } = {},
): Promise<void> {
  return runEach(t, all, campaign, (scenario, fault) => simulate(port, scenario, fault, { most }), SIDE_BY_SIDE);
}

async function endsOf(scenario: Scenario, options: Options): Promise<{ runs: number; ends: string[] }> {
  const ends = new Set<string>();
  const onEnd = (outcomes: readonly Outcome[]) => ends.add(JSON.stringify(outcomes));
  const { runs } = await simulate(nodeRedis, scenario, {}, { ...options, onEnd });
  return { runs, ends: [...ends].sort() };
}
