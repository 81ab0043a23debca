// The promises, in every order of steps: the store's own code on a real Redis, every command at a time that the test chooses.
//
// Orders that differ only in swapping neighbours on different keys, or two reads, count as one: no command can tell them
// apart, and the test at the end shows that nothing gets lost by it. SESSILE_INTERLEAVINGS=full runs to the end what is
// otherwise only begun, which takes long.

import assert from "node:assert/strict";
import { once } from "node:events";
import { after, afterEach, before, describe, type TestContext, test } from "node:test";
import { createClient } from "@redis/client";
import { Redis } from "ioredis";
import type { UserLimit } from "sessile";
import { portOf, type RedisPort } from "#dist/stores/redis/client.js";
import * as scripts from "#dist/stores/redis/scripts.js";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { FAULTY_STORES } from "./redis-interleavings/faulty-stores.ts";
import type { Outcome } from "./redis-interleavings/judge.ts";
import { choices, type Scenario } from "./redis-interleavings/scenario.ts";
import { type Fault, type Simulated, simulate } from "./redis-interleavings/simulate.ts";

/** Scenarios that share the connection, and so its round trips. */
const SIDE_BY_SIDE = 8;
const IS_FULL = process.env["SESSILE_INTERLEAVINGS"] === "full";

const LIMITS: readonly UserLimit[] = [
  { max: 1, onExceeded: "evictOldest" },
  { max: 2, onExceeded: "evictOldest" },
  { max: 1, onExceeded: "refuse" },
  { max: 2, onExceeded: "refuse" },
];

const PAIRS = scenarios(2);
const ALL_PAIRS = [...PAIRS, ...LIMITS.flatMap((limit) => scenarios(2, limit))];
const TRIPLES = scenarios(3);
const LIMITED_TRIPLES = LIMITS.flatMap((limit) => scenarios(3, limit));

/** What goes wrong: runs a scenario once for every fault. */
type Campaign = (run: (fault?: Fault) => Promise<Simulated>, scenario: Scenario) => Promise<void>;

const nothing: Campaign = async (run) => {
  await run();
};

/** One operation is never resumed, after none of its commands, one, two, …, all but the last. */
const crash: Campaign = async (run, { kinds }) => {
  for (const process of kinds.keys()) {
    for (let after = 0; (await run({ stop: { process, after } })).wasStopped; ) after++;
  }
};

/** One operation gets an error in place of its first answer, its second, …, while the command was done or was not. */
const lostAnswer: Campaign = async (run, { kinds }) => {
  for (const process of kinds.keys()) {
    for (const isDone of [true, false]) {
      for (let at = 1; (await run({ loss: { process, at, isDone } })).hasLost; ) at++;
    }
  }
};

describe("the promises hold in every order of the steps", () => {
  let server: RedisServer;
  let client: Awaited<ReturnType<typeof connect>>;
  let port: RedisPort;

  before(async () => {
    server = await startRedis();
    client = await connect(server.url);
    port = portOf(client, Number.POSITIVE_INFINITY);
    for (const script of Object.values(scripts)) {
      if (typeof script === "object") await client.sendCommand(["SCRIPT", "LOAD", script.text]);
    }
  });
  afterEach(() => client.sendCommand(["FLUSHDB"]));
  after(async () => {
    client.destroy();
    await server.close();
  });

  test("of two operations", (t) => runAll(t, ALL_PAIRS, nothing));

  test("of two operations in one process", (t) => {
    const inOneProcess = PAIRS.map((scenario) => ({ ...scenario, isOneProcess: true }));
    return runAll(t, inOneProcess, nothing);
  });

  test("of two operations, one of which crashes between any two of its steps", (t) => runAll(t, ALL_PAIRS, crash));

  test("of two operations, one of which never gets one of its answers", (t) => runAll(t, ALL_PAIRS, lostAnswer, 10));

  test("of three operations", (t) => runAll(t, TRIPLES, nothing));

  test("of three operations under a limit", (t) => runAll(t, LIMITED_TRIPLES, nothing, 25));

  test("of three operations, one of which crashes between any two of its steps", (t) => runAll(t, TRIPLES, crash, 4));

  test("of two operations over ioredis", async (t) => {
    const ioredis = new Redis(server.url, { autoResendUnfulfilledCommands: false });
    await once(ioredis, "ready");
    await runAll(t, PAIRS, nothing, undefined, portOf(ioredis, Number.POSITIVE_INFINITY));
    ioredis.disconnect();
  });

  test("the orders that are left out come to no other end", async () => {
    for (const kinds of [
      ["create", "revokeAll"],
      ["create", "signOut"],
      ["signOut", "revokeAll"],
    ] as const) {
      const [few, all] = [
        await endsOf({ name: kinds.join(), kinds }, false),
        await endsOf({ name: kinds.join(), kinds }, true),
      ];
      assert.deepEqual(few.ends, all.ends);
      assert.ok(few.runs < all.runs);
    }
  });

  for (const { name, scenario, fault, makeStore, message } of FAULTY_STORES) {
    test(`and they are broken, and it is noticed, by ${name}`, async () => {
      await assert.rejects(simulate(port, scenario, fault, { makeStore }), message);
    });
  }

  /** Runs all orders of every scenario; with `most`, so many of each, unless the full run is asked for. */
  async function runAll(
    t: TestContext,
    all: readonly Scenario[],
    campaign: Campaign,
    most?: number,
    over = port,
  ): Promise<void> {
    const options = most === undefined || IS_FULL ? {} : { most };
    const count = { orders: 0, faults: 0, complete: 0 };
    const waiting = [...all];
    const work = async () => {
      for (let scenario = waiting.shift(); scenario !== undefined; scenario = waiting.shift())
        await campaign(runOf(scenario), scenario);
    };
    const runOf = (scenario: Scenario) => async (fault?: Fault) => {
      const simulated = await simulate(over, scenario, fault, options);
      count.orders += simulated.runs;
      count.faults++;
      if (simulated.isComplete) count.complete++;
      return simulated;
    };
    await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
    t.diagnostic(
      `${count.orders} orders; ${all.length} scenarios, with their faults ${count.faults}, ${count.complete} of them in every order`,
    );
  }

  async function endsOf(scenario: Scenario, isExhaustive: boolean): Promise<{ runs: number; ends: string[] }> {
    const ends = new Set<string>();
    const onEnd = (outcomes: readonly Outcome[]) => ends.add(JSON.stringify(outcomes));
    const { runs } = await simulate(port, scenario, {}, { isExhaustive, onEnd });
    return { runs, ends: [...ends].sort() };
  }
});

function connect(url: string) {
  return createClient({ url }).connect();
}

function scenarios(size: number, limit?: UserLimit): Scenario[] {
  const all = choices(size).filter((kinds) => limit === undefined || kinds.includes("create"));
  const under = limit === undefined ? "" : ` under ${JSON.stringify(limit)}`;
  return all.map((kinds) => ({ name: kinds.join(" + ") + under, kinds, ...(limit && { limit }) }));
}
