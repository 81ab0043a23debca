// The user's index when it is large, out of date, or left behind by a process that crashed.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createClient } from "@redis/client";
import type { SessionRecord } from "sessile/store";
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
  const now = Date.now();
  const all = records("ties", 250, (i) => ({ createdAt: now + Math.floor(i / 120) }));
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

test("a sign-in that crashed takes no place of another, and is ended by a revocation", async () => {
  const [crashed] = records("crashed", 1) as [SessionRecord];
  const limit = { max: 1, onExceeded: "refuse" } as const;
  await new UserIndex(stored, "crashed").admit(crashed);
  await stored.insert(crashed);
  const next = sampleRecord({ userId: "crashed" });
  assert.deepEqual(await store.create(next, limit), { status: "created", evicted: [] });
  assert.deepEqual((await members("crashed")).sort(), [`c${next.sid}`, `p${crashed.sid}`]);
  assert.deepEqual(await store.deleteByUser("crashed"), [next.sid]);
  assert.equal(await store.load(crashed.sid), null);
  assert.deepEqual(await members("crashed"), []);
});

test("D8: sessions whose record Redis dropped make room before a session is refused or evicted", async () => {
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

test("L7: sign-ins forget what sessions that are gone and sign-ins that crashed left in a large index", async () => {
  const key = stored.keys.user("grown");
  const [alive] = records("grown", 1) as [SessionRecord];
  await create([alive]);
  const left = records("grown", 400).map(({ sid }) => sid);
  const now = Date.now();
  await client.zAdd(key, [
    ...left.slice(0, 200).map((sid) => ({ value: `c${sid}`, score: now - DAY })),
    ...left.slice(200).map((sid) => ({ value: `p${sid}`, score: now - 60_000 })),
  ]);
  const young = `p${sampleRecord().sid}`;
  await client.zAdd(key, { value: young, score: now + 60_000 });
  const others = async () => (await members("grown")).filter((member) => left.includes(member.slice(1)));
  let signIns = 0;
  while ((await others()).length > 200) {
    await store.create(sampleRecord({ userId: "grown" }));
    assert.ok(++signIns < 400, `${(await others()).length} are left of 400 after ${signIns} sign-ins`);
  }
  assert.ok((await members("grown")).includes(young), "one that is under way stays");
  assert.equal((await pages("grown", 100)).flat().length, signIns + 1);
});

test("a sign-in looks at no more than four entries, however large the index is", async () => {
  await create(records("large", 2000));
  const { store: watched, sent } = watchedStore(client, "i:");
  await watched.create(sampleRecord({ userId: "large" }));
  assert.ok(sent.filter(([name]) => name === "EXISTS").length <= 4, JSON.stringify(sent));
});

test("the index lives as long as the longest session of the user, in whatever order they end and begin", async () => {
  const [long, short, next] = [30 * DAY, DAY / 24, DAY].map((age) =>
    sampleRecord({ userId: "long", absoluteExpiresAt: Date.now() + age }),
  ) as [SessionRecord, SessionRecord, SessionRecord];
  const lasts = async (record: SessionRecord, doing: string) =>
    assert.equal(await client.pExpireTime(stored.keys.user("long")), record.absoluteExpiresAt + 60_000, doing);
  await store.create(short);
  await lasts(short, "the first");
  await store.create(long);
  await store.create(next);
  await lasts(long, "the longest and one more");
  await store.delete(short.sid);
  await store.delete(next.sid);
  await new UserIndex(stored, "long").markAll();
  await lasts(long, "a mark alone");
});

test("an entry that was lost comes back at its age", async () => {
  const all = records("lost", 3, (i) => ({
    createdAt: Date.now() - 1000 + i,
    absoluteExpiresAt: Date.now() + DAY - i,
  }));
  await create(all);
  const [, lost] = all as [SessionRecord, SessionRecord];
  const key = stored.keys.user("lost");
  await client.zRem(key, `c${lost.sid}`);
  assert.equal(await new UserIndex(stored, "lost").enter(lost), true);
  assert.deepEqual(
    (await store.list("lost")).records.map(({ sid }) => sid),
    all.map(({ sid }) => sid),
  );
});

test("a touch confirms the place of a session whose process ended while it became the user's, after a minute", async () => {
  const [record] = records("joined", 1) as [SessionRecord];
  await create([record]);
  const [key, index] = [stored.keys.user("joined"), new UserIndex(stored, "joined")];
  for (const [age, isEntered] of [
    [30_000, false],
    [90_000, true],
  ] as const) {
    await client.del(key);
    await client.zAdd(key, { score: Date.now() - age, value: `p${record.sid}` });
    assert.equal(await index.enter(record), isEntered);
    assert.deepEqual(await members("joined"), [`${isEntered ? "c" : "p"}${record.sid}`]);
  }
  assert.deepEqual(await store.deleteByUser("joined"), [record.sid]);
});
