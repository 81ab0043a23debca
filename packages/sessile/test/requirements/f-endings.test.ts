// F: what ended stays ended, on every store, in every process, over every transport.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Session } from "sessile";
import { sqliteStore } from "sessile/sqlite";
import type { SessionStore } from "sessile/store";
import { byDepth } from "sessile-test-support/depth";
import { waitUntil } from "sessile-test-support/wait-until";
import { newPath, openRaw, unable } from "../stores/sqlite/raw.ts";
import { all, Gate, ResponseRecorder, requestWith, SpiedStore, sidOf } from "../support/requests.ts";
import { forkStore } from "../support/store-process.ts";
import { redisClient, STORES } from "./every-store.ts";
import { type Bag, type Node, nodeOn, PRESENTED, signIn, TRANSPORTS, userOf, visit } from "./node.ts";

/** Interleavings of a slow request and an ending, a store. */
const ROUNDS = {
  memory: byDepth(100, 1000, 100_000),
  sqlite: byDepth(20, 150, 10_000),
  redis: byDepth(30, 300, 20_000),
} as const;
const ROUNDS_OF_PROCESSES = byDepth(15, 100, 5_000);

for (const { name, open } of STORES) {
  describe(`on ${name}`, () => {
    test(`F2: on ${name}, a sign-out by one process holds in another at once, over every transport, and after the next sign-in`, async () => {
      const place = await open();
      const [here, there] = [nodeOn(await place.connect(), Date.now), nodeOn(await place.connect(), Date.now)];
      for (const transport of TRANSPORTS) {
        const token = await signIn(here);
        assert.equal(await userOf(there, token, transport), "ann");
        const { session, commit } = await here.open(requestWith(PRESENTED[transport](token)));
        await session.signOut();
        assert.equal(await userOf(there, token, transport), null, "before the response has left");
        await commit(200, new ResponseRecorder());
        const next = await signIn(there);
        for (const node of [here, there])
          assert.deepEqual([await userOf(node, token), await userOf(node, next)], [null, "ann"]);
      }
    });

    test(`F3: on ${name}, ${ROUNDS[name]} random interleavings of three requests and an ending leave nothing`, async () => {
      const place = await open();
      const nodes = [await slowNode(await place.connect()), await slowNode(await place.connect())] as const;
      for (let round = 0; round < ROUNDS[name]; round++) await playRound(nodes, round);
    });

    test(`F11: on ${name}, a request that outlives a revocation hears of it and extends nothing`, async (t) => {
      // The store's timers keep no process alive.
      const alive = setInterval(() => {}, 60_000);
      t.after(() => clearInterval(alive));
      const place = await open();
      const [here, there] = [
        nodeOn(await place.connect(), Date.now, { touchInterval: 0 }),
        nodeOn(await place.connect(), Date.now),
      ];
      const token = await signIn(here);
      const gate = new Gate();
      const { session, commit } = await here.open(requestWith(PRESENTED.header(token)));
      session.onEnded(() => void gate.pass());
      const stream = (async () => {
        await gate.reached;
        session.set("late", 1);
        await session.commit();
        const response = new ResponseRecorder();
        await commit(200, response);
        return response;
      })();
      assert.equal(await there.revoke(sidOf(token)), true);
      const response = await stream;
      assert.deepEqual([response.get("x-session-token"), response.get("set-cookie")], [undefined, undefined]);
      assert.deepEqual([await userOf(here, token), await userOf(there, token)], [null, null]);
    });
  });
}

test("F2: a sign-out in one process holds in another process at once", { skip: unable }, async () => {
  const path = newPath();
  const remotes = [await forkStore({ path }), await forkStore({ path })] as const;
  const [here, there] = [nodeOn(remotes[0].store, Date.now), nodeOn(remotes[1].store, Date.now)];
  for (let i = 0; i < 10; i++) {
    const token = await signIn(here);
    assert.equal(await userOf(there, token), "ann");
    await visit(here, token, (session) => session.signOut());
    assert.equal(await userOf(there, token), null);
  }
  for (const remote of remotes) await remote.end();
});

test(`F3: on sqlite, ${ROUNDS_OF_PROCESSES} random interleavings in two processes leave nothing`, {
  skip: unable,
}, async () => {
  const path = newPath();
  const remotes = [await forkStore({ path }), await forkStore({ path })] as const;
  const nodes = [await slowNode(remotes[0].store), await slowNode(remotes[1].store)] as const;
  for (let round = 0; round < ROUNDS_OF_PROCESSES; round++) await playRound(nodes, round);
  for (const remote of remotes) await remote.end();
});

test("F10: on sqlite, revoking a user does not need the index of users", { skip: unable }, async () => {
  const path = newPath();
  const store = sqliteStore({ path });
  const node = nodeOn(store, Date.now);
  const tokens = await all(5, () => signIn(node));
  const raw = openRaw(path);
  raw.exec("DROP INDEX sessile_sessions_by_user");
  raw.close();
  assert.equal(await node.revokeUser("ann"), 5);
  for (const token of tokens) assert.equal(await userOf(node, token), null);
  await store.close();
});

test("F10: on redis, revoking a user ends sessions in use although the user's index was deleted", async () => {
  const place = await (STORES.at(-1) as (typeof STORES)[number]).open();
  let now = Date.now();
  const [node, admin] = [nodeOn(await place.connect(), () => now), await redisClient()];
  const token = await signIn(node);
  for (const index of await admin.keys("*:u:*")) {
    if ((await admin.zScore(index, `c${sidOf(token)}`)) !== null) assert.equal(await admin.del(index), 1);
  }
  assert.deepEqual((await node.list("ann")).sessions, [], "it is lost");
  now += 61_000;
  await visit(node, token);
  await waitUntil("it is found", async () => (await node.list("ann")).sessions.length === 1);
  await node.revokeUser("ann");
  assert.equal(await userOf(node, token), null);
});

type Random = (below: number) => number;

function seeded(start: number): Random {
  let seed = Math.imul(start + 1, 2_654_435_761) >>> 0;
  return (below) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
}

interface SlowNode {
  readonly node: Node;
  random: Random;
}

/** A node whose store takes a random time before and after each call. */
async function slowNode(store: SessionStore): Promise<SlowNode> {
  const spied = new SpiedStore(store);
  const slow: SlowNode = { node: nodeOn(spied.store, Date.now, { touchInterval: 0 }), random: seeded(0) };
  spied.before = () => turns(slow.random(3));
  spied.after = () => turns(slow.random(3));
  return slow;
}

/** Three requests that write, rotate or only touch, and one that ends the session, all at once. */
async function playRound(nodes: readonly [SlowNode, SlowNode], round: number): Promise<void> {
  const random = seeded(round);
  for (const slow of nodes) slow.random = random;
  const [a, b] = [nodes[0].node, nodes[1].node];
  const userId = `f3-${process.pid}-${round}`;
  const token = await signIn(a, userId);
  const sid = sidOf(token);
  const works: ((session: Session<Bag>) => unknown)[] = [
    (session) => session.set("k", 1),
    (session) => session.update("n", (n) => Number(n ?? 0) + 1),
    (session) => session.rotate(),
    () => {},
  ];
  const endings: (() => Promise<unknown>)[] = [
    () => visit(b, token, (session) => session.signOut()),
    () => a.revoke(sid),
    () => b.revokeUser(userId),
    () => visit(b, token, async (session) => void (await session.signIn(`${userId}-next`))),
  ];
  const slow = all(3, async (i) => {
    await turns(random(4));
    return visit([a, b][i % 2] as Node, token, works[random(4)]);
  });
  const ending = turns(random(6)).then(endings[round % 4]);
  const [issued] = await Promise.all([slow, ending]);
  for (const node of [a, b]) {
    for (const each of [token, ...issued.flatMap((one) => one ?? [])])
      assert.equal(await userOf(node, each), null, `round ${round}`);
    assert.deepEqual((await node.list(userId)).sessions, [], `round ${round}`);
  }
}
