// The user's index when it is large, out of date, or left behind by a process that crashed.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createClient } from "@redis/client";
import type { SessionRecord } from "sessile";
import { sampleRecord } from "sessile/testing";
import { startRedis } from "sessile-test-support/redis-server";
import { portOf } from "#dist/stores/redis/clients/port-of.js";
import { RedisKeys } from "#dist/stores/redis/keys.js";
import { RedisLink } from "#dist/stores/redis/link.js";
import { Records } from "#dist/stores/redis/records.js";
import { UserIndex } from "#dist/stores/redis/user-index.js";
import { patientStore, watchedStore } from "./connect.ts";

const DAY = 24 * 60 * 60 * 1000;

const server = await startRedis();
const client = await createClient({ url: server.url }).connect();
const store = patientStore(client, "i:");
const stored = new Records(new RedisLink(portOf(client, 10_000), 10_000), new RedisKeys("i:"));
const members = (userId: string) => client.zRange(stored.keys.user(userId), 0, -1);
after(async () => {
  client.destroy();
  await server.close();
});

function records(
  userId: string,
  count: number,
  fields: (index: number) => Partial<SessionRecord> = () => ({}),
): SessionRecord[] {
  return Array.from({ length: count }, (_, index) => sampleRecord({ userId, ...fields(index) }));
}

async function create(all: readonly SessionRecord[]): Promise<void> {
  await Promise.all(all.map((record) => store.create(record)));
}

async function pages(userId: string, limit: number): Promise<string[][]> {
  const seen: string[][] = [];
  for (let after: string | null | undefined; after !== null; ) {
    const page = await store.list(userId, { limit, ...(after !== undefined && { after }) });
    seen.push(page.records.map(({ sid }) => sid));
    after = page.next;
  }
  return seen;
}

test("L5: pages are full and neither repeat nor miss, though records are gone and all began in one millisecond", async () => {
  const absoluteExpiresAt = Date.now() + DAY;
  const all = records("ties", 250, (i) => ({ absoluteExpiresAt: absoluteExpiresAt + Math.floor(i / 120) }));
  await create(all);
  const dead = all.filter((_, i) => i % 3 === 0);
  await Promise.all(dead.map(({ sid }) => client.del(`i:s:${sid}`)));
  const seen = await pages("ties", 7);
  const living = all.filter((record) => !dead.includes(record)).map(({ sid }) => sid);
  assert.deepEqual(seen.flat().sort(), living.sort());
  assert.ok(seen.slice(0, -1).every((page) => page.length === 7));
  assert.equal((await members("ties")).length, living.length, "L7: entries without a record are forgotten");
});

test("a page that is exactly full and the last has no next", async () => {
  await create(records("exact", 4));
  assert.deepEqual(
    (await pages("exact", 2)).map(({ length }) => length),
    [2, 2],
  );
  assert.equal((await store.list("exact", { limit: 4 })).next, null);
});

test("L4: revoking 2,500 sessions ends all of them, in bounded steps", async () => {
  const all = records("many", 2500);
  await create(all);
  const { store: watched, sent } = watchedStore(client, "i:");
  const ended = await watched.deleteByUser("many", all[7]?.sid);
  assert.deepEqual(
    [...ended].sort(),
    all
      .filter((_, i) => i !== 7)
      .map(({ sid }) => sid)
      .sort(),
  );
  assert.deepEqual(await members("many"), [`c${all[7]?.sid}`]);
  assert.ok(sent.every((args) => args.length <= 1002));
  const alive = await Promise.all(all.map(async ({ sid }) => store.load(sid)));
  assert.equal(alive.filter((record) => record !== null).length, 1);
});

test("what ended unnoticed is not reported as revoked", async () => {
  const [gone, alive] = records("unnoticed", 2) as [SessionRecord, SessionRecord];
  await create([gone, alive]);
  await client.del(`i:s:${gone.sid}`);
  assert.deepEqual(await store.deleteByUser("unnoticed"), [alive.sid]);
  assert.deepEqual(await members("unnoticed"), []);
});

for (const [name, next] of Object.entries({
  "sign-in": (userId: string) => store.create(sampleRecord({ userId })),
  revocation: (userId: string) => store.deleteByUser(userId),
  list: (userId: string) => store.list(userId),
})) {
  test(`what a crashed revocation left marked is finished by the next ${name}`, async () => {
    const all = records(name, 3);
    await create(all);
    await new UserIndex(stored, name).markAll();
    assert.notEqual(await store.load(all[0]?.sid ?? ""), null, "the caller crashed before it deleted");
    await next(name);
    for (const { sid } of all) assert.equal(await store.load(sid), null);
    assert.deepEqual(
      (await members(name)).filter((member) => member.startsWith("r")),
      [],
    );
  });
}

test("a sign-in that crashed takes no place of another, and its own is given up when its time is over", async () => {
  const [crashed] = records("crashed", 1) as [SessionRecord];
  const limit = { max: 1, onExceeded: "refuse" } as const;
  await new UserIndex(stored, "crashed").admit(crashed);
  await stored.insert(crashed);
  const next = sampleRecord({ userId: "crashed", createdAt: crashed.createdAt + 59_999 });
  assert.deepEqual(await store.create(next, limit), { status: "created", evicted: [] });
  assert.deepEqual(await members("crashed"), [`p${crashed.sid}`, `c${next.sid}`]);
  await store.create(sampleRecord({ userId: "crashed", createdAt: crashed.createdAt + 60_000 }), limit);
  assert.deepEqual(await members("crashed"), [`c${next.sid}`]);
});

test("D8: sessions whose record Redis dropped make room before anybody is refused or evicted", async () => {
  for (const onExceeded of ["refuse", "evictOldest"] as const) {
    const [gone, alive, next] = records(onExceeded, 3) as [SessionRecord, SessionRecord, SessionRecord];
    await create([gone, alive]);
    await client.del(`i:s:${gone.sid}`);
    assert.deepEqual(await store.create(next, { max: 2, onExceeded }), { status: "created", evicted: [] });
    assert.notEqual(await store.load(alive.sid), null);
  }
});

test("D8: an unreadable record keeps its place, because another release may read it", async () => {
  const [odd] = records("odd", 1) as [SessionRecord];
  await create([odd]);
  await client.set(`i:s:${odd.sid}`, "2|?");
  assert.deepEqual(await store.create(sampleRecord({ userId: "odd" }), { max: 1, onExceeded: "refuse" }), {
    status: "refused",
  });
  assert.deepEqual((await store.list("odd")).records, []);
  assert.deepEqual(await members("odd"), [`c${odd.sid}`]);
  assert.deepEqual(await store.deleteByUser("odd"), [odd.sid]);
  assert.equal(await client.exists(`i:s:${odd.sid}`), 0);
});

test("L7: entries of sessions that are over by far are pruned by the next sign-in", async () => {
  const past = Date.now() - 2 * DAY;
  const over = (i: number) => ({
    createdAt: past + i,
    expiresAt: Date.now() + DAY,
    absoluteExpiresAt: Date.now() - DAY,
  });
  const [old] = records("pruned", 1, over) as [SessionRecord];
  await client.zAdd(stored.keys.user("pruned"), { value: `c${old.sid}`, score: old.absoluteExpiresAt });
  const next = sampleRecord({ userId: "pruned" });
  await store.create(next);
  assert.deepEqual(await members("pruned"), [`c${next.sid}`]);
});
