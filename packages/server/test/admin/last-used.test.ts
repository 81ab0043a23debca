// The order of last use: what is kept of a walk, for how long, and that one walk is enough for all who ask.

import assert from "node:assert/strict";
import { test } from "node:test";
import { headerTransport, memoryStore, SessionManager } from "sessile";
import { sampleRecord, testClock } from "sessile/testing";
import { waitUntil } from "sessile-test-support/wait-until";
import { LastUsed, MOST_RANKED } from "#dist/admin/last-used.js";

const BEGINNING = { isBeginning: true, again: false };

async function startWith(sessions: number) {
  const [store, clock, now] = [memoryStore(), testClock(), Date.now()];
  const begin = (lastSeenAt: number, device: string | null = null) => {
    const record = sampleRecord({ lastSeenAt, device });
    return store.create(record).then(() => record.sid);
  };
  const sids: string[] = [];
  for (let i = 0; i < sessions; i++) sids.push(await begin(now - ((i * 7919) % sessions)));
  const manager = new SessionManager({ store, transports: [headerTransport()], sweepInterval: 0 });
  const lastUsed = new LastUsed(manager, clock.now);
  const found = async (filter = {}, wish = BEGINNING) => {
    lastUsed.look(filter, wish);
    await waitUntil("the walk is over", () => lastUsed.look(filter, BEGINNING).looking === null);
    return lastUsed.look(filter, BEGINNING).order?.sids ?? [];
  };
  return { store, clock, now, begin, sids, manager, lastUsed, found };
}

test("the thousand used last of all sessions are found, in exact order", async () => {
  const { store, found } = await startWith(5000);
  const usedAt = await Promise.all((await found()).map(async (sid) => (await store.load(sid))?.lastSeenAt as number));
  const latest = Math.max(...usedAt);
  assert.deepEqual(
    usedAt,
    Array.from({ length: MOST_RANKED }, (_, i) => latest - i),
  );
});

test("an order is shown for a minute, its later pages for longer, and is found anew when that is asked for", async () => {
  const { lastUsed, clock, now, begin, found } = await startWith(3);
  const before = await found();
  const sid = await begin(now + 1);
  clock.advance(60_000);
  assert.deepEqual(lastUsed.look({}, BEGINNING), { order: lastUsed.look({}, BEGINNING).order, looking: null });
  clock.advance(1);
  assert.equal(lastUsed.look({}, { isBeginning: false, again: false }).looking, null);
  const { order, looking } = lastUsed.look({}, BEGINNING);
  assert.deepEqual([order?.sids, looking], [before, 0], "what is known is shown meanwhile");
  assert.deepEqual(await found(), [sid, ...before]);
  const another = await begin(now + 2);
  assert.deepEqual(await found({}, { isBeginning: true, again: true }), [another, sid, ...before]);
});

test("one walk at a time: whoever asks for the same shares it, whoever asks for something else waits", async () => {
  const { manager, lastUsed, now, begin } = await startWith(600);
  const firefox = await begin(now, "Firefox on Linux");
  let walks = 0;
  const listAll = manager.listAll.bind(manager);
  manager.listAll = (page) => {
    if (page?.after === undefined) walks++;
    return listAll(page);
  };
  for (let i = 0; i < 3; i++) lastUsed.look({}, BEGINNING);
  lastUsed.look({ device: "firefox" }, BEGINNING);
  assert.equal(walks, 1);
  await waitUntil("the other has had its turn", () => {
    return lastUsed.look({ device: "firefox" }, BEGINNING).order?.sids[0] === firefox;
  });
  assert.equal(lastUsed.look({ device: "firefox" }, BEGINNING).order?.sids.length, 1);
  assert.equal(lastUsed.look({}, BEGINNING).order?.sids.length, 601);
  assert.equal(walks, 2);
});

test("a walk that failed is told to whoever asked for it, once, and the next one begins anew", async () => {
  const { manager, lastUsed, found } = await startWith(3);
  const listAll = manager.listAll.bind(manager);
  manager.listAll = () => Promise.reject(new Error("down"));
  lastUsed.look({}, BEGINNING);
  await waitUntil("it failed", () => {
    try {
      lastUsed.look({}, BEGINNING);
      return false;
    } catch {
      return true;
    }
  });
  manager.listAll = listAll;
  assert.equal((await found()).length, 3);
});
