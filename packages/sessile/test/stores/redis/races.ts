// Many sign-ins of one user at once, while the limit is watched, and while everything is revoked.

import assert from "node:assert/strict";
import type { RedisClient } from "sessile/redis";
import type { SessionStore } from "sessile/store";
import { sampleRecord } from "sessile/testing";
import { portOf } from "#dist/stores/redis/clients/port-of.js";
import type { RedisPort } from "#dist/stores/redis/port.js";
import { ADMIT } from "#dist/stores/redis/scripts.js";
import { RedisStore } from "#dist/stores/redis/store.js";

const PATIENCE = 60_000;

/**
 * So many sign-ins at once, taken in turn by the stores, of a user who may have `max` sessions. One store looks at the
 * list all the while. Gives back how often it looked and the most that it saw.
 */
export async function raceForLimit(stores: readonly SessionStore[], count: number, max: number) {
  const userId = `limit-${process.pid}-${count}`;
  const records = Array.from({ length: count }, () => sampleRecord({ userId }));
  let isOver = false;
  const seen: number[] = [];
  const look = async () => {
    while (!isOver) seen.push((await (stores[0] as SessionStore).list(userId, { limit: 100 })).records.length);
  };
  const creating = Promise.all(records.map((record, i) => turn(stores, i).create(record, evicting(max))));
  const stop = () => {
    isOver = true;
  };
  creating.then(stop, stop);
  const [answers] = await Promise.all([creating, look()]);
  const alive = await Promise.all(records.map(async ({ sid }) => (stores[0] as SessionStore).load(sid)));
  const listed = (await (stores[0] as SessionStore).list(userId, { limit: 100 })).records.map(({ sid }) => sid);
  assert.deepEqual(listed.sort(), alive.flatMap((record) => record?.sid ?? []).sort());
  assert.equal(listed.length, max);
  assert.ok(seen.length > 0 && Math.max(...seen) <= max, `never more than ${max}: ${seen}`);
  const begun = records.filter((_, i) => answers[i]?.status === "created").map(({ sid }) => sid);
  assert.equal(begun.length, count, "each of them begins, as if they had come one after the other");
  return { looks: seen.length, most: Math.max(...seen), created: begun.length };
}

/**
 * So many sign-ins at once, and a revocation of all when half of them have their place in the user's index. Of those,
 * none may live. Gives back how many had begun before, and how many that came later live on.
 */
export async function raceWithRevocation(clients: readonly RedisClient[], prefix: string, count: number) {
  const userId = `revoked-${process.pid}`;
  const admitted = new Set<string>();
  let half = () => {};
  const isHalf = new Promise<void>((resolve) => {
    half = resolve;
  });
  const note = (sid: string) => {
    admitted.add(sid);
    if (admitted.size >= count / 2) half();
  };
  const stores = clients.map((client) => {
    return new RedisStore(noting(portOf(client, PATIENCE), note), { prefix, deadline: PATIENCE });
  });
  const records = Array.from({ length: count }, () => sampleRecord({ userId }));
  const creating = Promise.all(records.map((record, i) => turn(stores, i).create(record)));
  await isHalf;
  const before = new Set(admitted);
  await (stores[0] as SessionStore).deleteByUser(userId);
  const answers = await creating;
  const alive: string[] = [];
  for (const { sid } of records) if ((await (stores[0] as SessionStore).load(sid)) !== null) alive.push(sid);
  for (const sid of alive) assert.ok(!before.has(sid), "it had begun before the revocation");
  const told = records.filter((_, i) => answers[i]?.status === "created").map(({ sid }) => sid);
  for (const sid of alive) assert.ok(told.includes(sid), "who lives was told so");
  const { records: listed } = await (stores[0] as SessionStore).list(userId, { limit: 1000 });
  assert.deepEqual(listed.map(({ sid }) => sid).sort(), alive.sort());
  return { before: before.size, alive: alive.length };
}

/** Says which sids have been given their place. */
function noting(port: RedisPort, note: (sid: string) => void): RedisPort {
  return {
    ...port,
    send: async (key, args) => {
      const reply = await port.send(key, args);
      const isAdmission = args[1] === ADMIT.sha || args[1] === ADMIT.text;
      if (isAdmission && (reply as string[])[0] === "admitted") note(args[4] as string);
      return reply;
    },
  };
}

function evicting(max: number) {
  return { max, onExceeded: "evictOldest" } as const;
}

function turn(stores: readonly SessionStore[], i: number): SessionStore {
  return stores[i % stores.length] as SessionStore;
}
