// When a record may be answered without a look at its row, and that it never is when anybody may have changed it.

import assert from "node:assert/strict";
import { closeSync, openSync, writeSync } from "node:fs";
import { describe, test } from "node:test";
import type { SessionRecord } from "sessile";
import { sqliteStore } from "sessile/sqlite";
import { fullRecord } from "sessile/testing";
import { KnownRecords } from "#dist/stores/known-records.js";
import { UnchangedRecords } from "#dist/stores/sqlite/unchanged.js";
import { findWalIndex, headerOf } from "#dist/stores/sqlite/wal-index.js";
import { forkStore } from "../../support/store-process.ts";
import { newPath, openRaw, unable } from "./raw.ts";

test("nothing is certain before a commit was seen in the header", () => {
  const { index, known, unchanged } = watched();
  known.add(fullRecord({ sid: "a" }), "[]");
  assert.equal(unchanged.get("a"), null);
  unchanged.writing();
  unchanged.wrote({ before: index.now(), after: index.now(), touched: [] });
  assert.equal(unchanged.get("a"), null);
  assert.equal(unchanged.get("a"), null);
  index.close();
});

test("what was read or compared since the last commit is certain, until there is one", () => {
  const { index, unchanged, ...records } = proven();
  assert.equal(unchanged.get("a"), null, "read before");
  records.compare("a");
  assert.equal(unchanged.get("a"), records.a);
  index.commit();
  assert.equal(unchanged.get("a"), null);
  records.compare("a");
  assert.equal(unchanged.get("a"), records.a);
  assert.equal(unchanged.get("b"), null);
  index.close();
});

test("a write of one's own leaves the others certain, also while it is under way", () => {
  const { index, unchanged, ...records } = proven();
  for (const sid of ["a", "b"]) records.compare(sid);
  unchanged.writing();
  assert.equal(unchanged.get("b"), records.b);
  const before = index.now();
  index.commit();
  assert.equal(unchanged.get("b"), null, "committed, and not known yet by whom");
  unchanged.wrote({ before, after: index.now(), touched: ["a"] });
  assert.deepEqual([unchanged.get("a"), unchanged.get("b")], [null, records.b]);
  index.close();
});

for (const [when, order] of [
  ["before", ["other", "own"]],
  ["after", ["own", "other"]],
] as const) {
  test(`nothing is certain when another committed ${when} a write of one's own`, () => {
    const { index, unchanged, ...records } = proven();
    records.compare("b");
    unchanged.writing();
    let [before, after] = ["", ""];
    for (const who of order) {
      if (who === "own") before = index.now();
      index.commit();
      if (who === "own") after = index.now();
    }
    unchanged.wrote({ before, after, touched: ["a"] });
    assert.equal(unchanged.get("b"), null);
    assert.equal(unchanged.get("b"), null);
    index.close();
  });
}

test("nothing is certain after a write of which nobody knows what became, and none when the header cannot be read", () => {
  const { index, unchanged, ...records } = proven();
  records.compare("b");
  unchanged.writing();
  unchanged.wrote(null);
  assert.equal(unchanged.get("b"), null);
  records.compare("b");
  assert.equal(unchanged.get("b"), records.b);
  index.close();
  assert.equal(unchanged.get("b"), null);
});

test("nothing is certain after a crash made the index anew, until there is a commit: its header may be one that was there before", () => {
  const { index, unchanged, ...records } = proven();
  index.makeAnew();
  records.compare("a");
  assert.equal(unchanged.get("a"), null);
  records.compare("a");
  index.makeAnew();
  assert.equal(unchanged.get("a"), null);
  index.commit();
  assert.equal(unchanged.get("a"), null);
  records.compare("a");
  assert.equal(unchanged.get("a"), records.a);
  index.close();
});

describe("a session that was loaded", { skip: unable }, () => {
  /** Everybody who can change the file: two stores here, one in another process, and a program without the library. */
  test("F2: is answered as it is, whoever of four connections changes it, in every order", async () => {
    const path = newPath();
    const here = [sqliteStore({ path }), sqliteStore({ path })] as const;
    const remote = await forkStore({ path });
    const raw = openRaw(path);
    const now = new Map<string, SessionRecord | null>();
    const random = randomNumbers(7);
    const isRight = async (): Promise<void> => {
      for (const store of here) for (const [sid, record] of now) assert.deepEqual(await store.load(sid), record);
    };
    for (let step = 0; step < 250; step++) {
      const sids = [...now].filter(([, record]) => record !== null).map(([sid]) => sid);
      const sid = sids[random(sids.length)];
      const store = [...here, remote.store][random(3)] as (typeof here)[0];
      const kind = sid === undefined ? 0 : random(6);
      if (kind === 0) {
        const record = fullRecord({ userId: `user-${random(3)}` });
        await store.create(record);
        now.set(record.sid, record);
      } else if (kind === 1) {
        assert.equal(await store.delete(sid as string), true);
        now.set(sid as string, null);
      } else if (kind === 2) {
        const { lastSeenAt } = now.get(sid as string) as SessionRecord;
        const committed = await store.commit(sid as string, { at: lastSeenAt + 1, set: { step } });
        assert.equal(committed.status, "ok");
        if (committed.status === "ok") now.set(sid as string, committed.record);
      } else if (kind === 3) {
        raw.prepare("DELETE FROM sessile_sessions WHERE sid = ?").run(sid as string);
        now.set(sid as string, null);
      } else if (kind === 4) {
        raw.exec(`PRAGMA wal_checkpoint(${["PASSIVE", "FULL", "RESTART", "TRUNCATE"][random(4)]})`);
      } else {
        const userId = `user-${random(3)}`;
        for (const ended of await store.deleteByUser(userId)) now.set(ended, null);
      }
      await isRight();
    }
    await isRight();
    raw.close();
    await remote.end();
    for (const store of here) await store.close();
  });

  test("F2: is what the file says while two processes write at once, one is killed, and the other goes on", async () => {
    const path = newPath();
    const here = sqliteStore({ path });
    const raw = openRaw(path);
    const records = Array.from({ length: 30 }, () => fullRecord());
    for (const record of records) await here.create(record);
    for (let kill = 0; kill < 3; kill++) {
      const remote = await forkStore({ path });
      const work = records.flatMap(({ sid, lastSeenAt }, at) => {
        const delta = { at: lastSeenAt + 1, set: { kill, at } };
        return [here.commit(sid, delta), remote.store.commit(sid, delta).catch(() => {})];
      });
      await work[kill];
      remote.process.kill("SIGKILL");
      for (const each of work) {
        await each;
        for (const { sid } of records) assert.deepEqual(await here.load(sid), await recordIn(raw, sid));
      }
    }
    raw.close();
    await here.close();
  });

  test("the header of the index is found, and another one after a commit", {
    skip: process.platform !== "linux" && "only Linux tells where it is",
  }, async () => {
    const path = newPath();
    const store = sqliteStore({ path });
    const index = findWalIndex(path) as number;
    const before = headerOf(index);
    assert.equal(before?.length, 48);
    assert.equal(headerOf(index), before);
    await store.create(fullRecord());
    assert.notEqual(headerOf(index), before);
    await store.close();
    assert.equal(findWalIndex(path), null);
    assert.equal(findWalIndex(`${path}.other`), null);
  });

  test("the header is not read where somebody else in this process has the index open as well", {
    skip: process.platform !== "linux" && "only Linux tells where it is",
  }, async () => {
    const path = newPath();
    const store = sqliteStore({ path });
    assert.notEqual(findWalIndex(path), null);
    const other = openSync(`${path}-shm`, "r");
    assert.equal(findWalIndex(path), null);
    closeSync(other);
    await store.close();
  });
});

/** What a store that remembers nothing reads. */
async function recordIn(database: ReturnType<typeof openRaw>, sid: string): Promise<SessionRecord | null> {
  return sqliteStore({ database }).load(sid);
}

/** A file in place of an index. */
function watched() {
  const file = openSync(newPath(), "w+");
  let commits = 0;
  const write = (): void => {
    const header = new Uint32Array(12);
    header.set([3_007_000, 0, commits]);
    writeSync(file, new Uint8Array(header.buffer), 0, 48, 0);
  };
  const commit = (): void => {
    commits++;
    write();
  };
  const makeAnew = (): void => {
    commits = 0;
    write();
  };
  commit();
  const index = { commit, makeAnew, now: () => headerOf(file) as string, close: () => closeSync(file) };
  const known = new KnownRecords();
  return { index, known, unchanged: new UnchangedRecords(file, known) };
}

/** The same after a first commit, with two records that were read before it. */
function proven() {
  const { index, known, unchanged } = watched();
  const [a, b] = ["a", "b"].map((sid) => fullRecord({ sid }));
  for (const record of [a, b] as SessionRecord[]) known.add(record, "[]");
  unchanged.writing();
  const before = index.now();
  index.commit();
  unchanged.wrote({ before, after: index.now(), touched: [] });
  return { index, unchanged, a, b, compare: (sid: string) => known.get(sid, () => "[]") };
}

/** Whole numbers below `bound`, the same ones every time. */
function randomNumbers(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return bound === 0 ? 0 : (state >>> 8) % bound;
  };
}
