// The promises, in every order of steps: the store's own statements on a real PostgreSQL. Each statement runs, and is
// committed, when the test lets it; in between others run, and wait where they need a lock that it holds.

import assert from "node:assert/strict";
import { after, type TestContext, test } from "node:test";
import type { SessionStore } from "sessile/store";
import { byDepth } from "sessile-test-support/depth";
import { type PostgresServer, startPostgres, withoutPostgres } from "sessile-test-support/postgres-server";
import { applyDelta } from "#dist/core/delta.js";
import { encodeRecord } from "#dist/stores/network/codec.js";
import type { PostgresPort } from "#dist/stores/postgres/port.js";
import { userKey } from "#dist/stores/postgres/rows.js";
import { type Campaign, crash, lostAnswer, nothing } from "./interleavings/campaigns.ts";
import { LIMITS, runAll as runEach, scenarios } from "./interleavings/run-all.ts";
import { choices, OWNERS, type Scenario, SECRETS, SWEEPS, TOUCHES, TOUCHES_BETWEEN } from "./interleavings/scenario.ts";
import { type MakeStore, simulate, soundStore, Worlds } from "./postgres-interleavings/simulate.ts";

const PAIRS = scenarios(choices(2));
const LIMITED_PAIRS = LIMITS.flatMap((limit) => scenarios(choices(2), limit));
const SWEPT_PAIRS = scenarios(SWEEPS);
const ALL_PAIRS = [...PAIRS, ...LIMITED_PAIRS, ...SWEPT_PAIRS];
const OFFERS = scenarios(SECRETS);
const TRIPLES = [...scenarios(choices(3)), ...LIMITS.flatMap((limit) => scenarios(choices(3), limit))];

const PATIENTLY = { timeout: 900_000, skip: withoutPostgres };
let server: PostgresServer | undefined;
let worlds: Worlds;

if (withoutPostgres === false) {
  server = await startPostgres(["max_connections=60"]);
  worlds = new Worlds(server.url);
  await worlds.begin();
}
after(async () => {
  void worlds?.pool.end(); // a run that failed has not given back its connections
  await server?.close();
});

test("the promises hold in every order of two operations", PATIENTLY, async (t) => {
  const waits = await runAll(t, ALL_PAIRS, nothing);
  assert.ok(waits > 0, "some statements had to wait for others");
});

test("the promises hold wherever one of two operations crashes", PATIENTLY, async (t) => {
  await runAll(t, ALL_PAIRS, crash, byDepth(1, 2, 1000));
});

test("the promises hold whichever answer one of two operations never gets", PATIENTLY, async (t) => {
  await runAll(t, ALL_PAIRS, lostAnswer, byDepth(1, 2, 1000));
});

test(
  "D7: an offer and its use hold in orders of each, wherever one crashes, and whichever answer is lost",
  PATIENTLY,
  async (t) => {
    await runAll(t, OFFERS, nothing);
    await runAll(t, OFFERS, crash, byDepth(1, 1, 1000));
    await runAll(t, OFFERS, lostAnswer, byDepth(1, 1, 1000));
  },
);

test(
  "touches of several sessions hold in every order, wherever one crashes, and whichever answer is lost",
  PATIENTLY,
  async (t) => {
    const all = scenarios(TOUCHES);
    const limited = LIMITS.flatMap((limit) => scenarios(TOUCHES, limit));
    await runAll(t, all, nothing, byDepth(10, 20, 1000));
    await runAll(t, limited, nothing, byDepth(3, 6, 1000));
    await runAll(t, all, crash, byDepth(2, 3, 1000));
    await runAll(t, all, lostAnswer, byDepth(2, 3, 1000));
    await runAll(t, scenarios(TOUCHES_BETWEEN), nothing, byDepth(3, 6, 1000));
  },
);

test("the promises hold in orders of three operations", PATIENTLY, async (t) => {
  await runAll(t, TRIPLES, nothing, byDepth(3, 6, 1000));
});

test(
  "a session becomes a user's in every order with others, wherever one crashes, whichever answer is lost",
  PATIENTLY,
  async (t) => {
    const all = [undefined, ...LIMITS].flatMap((limit) => scenarios(OWNERS, limit));
    await runAll(t, all, nothing, byDepth(3, 6, 1000));
    await runAll(t, all, crash, byDepth(1, 1, 1000));
    await runAll(t, all, lostAnswer, byDepth(1, 1, 1000));
  },
);

/** Stores that are wrong in one point each, which the explorer has to find. */
const FAULTY: { name: string; scenario: Scenario; message: RegExp; makeStore: MakeStore }[] = [
  {
    name: "a limit that is counted in the statement that inserts",
    scenario: {
      name: "two sign-ins at the limit",
      kinds: ["create", "create"],
      limit: { max: 2, onExceeded: "refuse" },
    },
    message: /3 confirmed with a limit of 2/,
    makeStore: withMethods((port, table) => ({
      async create(record) {
        const { sid, userId, createdAt, expiresAt, data } = record;
        const [head] = encodeRecord(record).split("\n");
        const rows = await run(
          port,
          `INSERT INTO ${table} SELECT $1, $2::text, $3::bigint, $4::bigint, $4::bigint, $5, $6
           WHERE 2 > (SELECT count(*) FROM ${table} WHERE user_id = $2) RETURNING sid`,
          [sid, userKey(userId as string), String(createdAt), String(expiresAt), head as string, data],
        );
        return rows.length === 1 ? { status: "created", evicted: [] } : { status: "refused" };
      },
    })),
  },
  {
    name: "a revocation that does not wait for the sign-ins under way",
    scenario: { name: "sign-in and revoke all", kinds: ["create", "revokeAll"] },
    message: /create 0 was under way when revokeAll 1 began, and its session lives/,
    makeStore: withMethods((port, table) => ({
      async deleteByUser(userId) {
        const text = `DELETE FROM ${table} WHERE user_id = $1 RETURNING sid`;
        return (await run(port, text, [userKey(userId)])).map(([sid]) => sid as string);
      },
    })),
  },
  {
    name: "a touch of several that compares nothing",
    scenario: { name: "touches and a commit", kinds: ["touchAll", "commit"] },
    message: /cannot read/,
    makeStore: withMethods((port, table) => ({
      async touch(touches) {
        for (const [sid, delta, base] of touches) {
          const next = base && applyDelta(base, delta);
          if (typeof next !== "object") continue;
          const [head] = encodeRecord(next).split("\n") as [string];
          await run(port, `UPDATE ${table} SET head = $2 WHERE sid = $1 RETURNING sid`, [sid, head]);
        }
      },
    })),
  },
  {
    name: "a commit that compares nothing",
    scenario: { name: "two commits", kinds: ["commit", "commit"] },
    message: /acknowledged, and not what is stored/,
    makeStore: withMethods((port, table) => ({
      async commit(sid, delta, base) {
        const next = base && applyDelta(base, delta);
        if (typeof next !== "object") return { status: "gone" };
        const [head, data] = encodeRecord(next).split("\n") as [string, string];
        const text = `UPDATE ${table} SET head = $2, data = $3 WHERE sid = $1 RETURNING sid`;
        const rows = await run(port, text, [sid, head, data]);
        return rows.length === 1 ? { status: "ok", record: next } : { status: "gone" };
      },
    })),
  },
];

for (const { name, scenario, message, makeStore } of FAULTY) {
  test(`the promises are broken, and it is noticed, by ${name}`, PATIENTLY, async () => {
    await assert.rejects(simulate(worlds, scenario, {}, { makeStore }), message);
  });
}

type Methods = (port: PostgresPort, table: string) => Partial<SessionStore>;

/** The sound store with some methods replaced. */
function withMethods(methods: Methods): MakeStore {
  return (port, table) => {
    const [sound, wrong] = [soundStore(port, table), methods(port, table)];
    return new Proxy(sound, {
      get: (_target, name: keyof SessionStore) => wrong[name] ?? (sound[name] as () => unknown).bind(sound),
    });
  };
}

function run(port: PostgresPort, text: string, values: string[]): Promise<readonly (readonly (string | null)[])[]> {
  return port.run([{ name: "", text, values }], { isNamed: false, isTransaction: false }).rows;
}

/** Runs the orders of every scenario and fault: all of them, or `most` of each. Resolves to the waits for a lock. */
async function runAll(t: TestContext, all: readonly Scenario[], campaign: Campaign, most?: number): Promise<number> {
  let waits = 0;
  await runEach(t, all, campaign, async (scenario, fault) => {
    const simulated = await simulate(worlds, scenario, fault, most === undefined ? {} : { most });
    waits += simulated.waits;
    return simulated;
  });
  t.diagnostic(`${waits} waits for a lock`);
  return waits;
}
