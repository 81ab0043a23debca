// A file that several connections change, in every way: a store says what the file does, whatever it remembers of it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sqliteStore } from "sessile/sqlite";
import type { SessionRecord } from "sessile/store";
import { fullRecord } from "sessile/testing";
import { byDepth } from "sessile-test-support/depth";
import { forkStore } from "../../support/store-process.ts";
import { newPath, openRaw, unable } from "./raw.ts";

describe("a session that was loaded", { skip: unable }, () => {
  /** All programs that can change the file: two stores here, one in another process, and one without the library. */
  test("F2: is answered as it is, whichever of four connections changes it, in every order", async () => {
    const path = newPath();
    const here = [sqliteStore({ path }), sqliteStore({ path })] as const;
    const remote = await forkStore({ path });
    const raw = openRaw(path);
    const now = new Map<string, SessionRecord | null>();
    const random = randomNumbers(7);
    const isRight = async (): Promise<void> => {
      for (const store of here) for (const [sid, record] of now) assert.deepEqual(await store.load(sid), record);
    };
    for (let step = 0; step < byDepth(60, 250, 3000); step++) {
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
    for (let kill = 0; kill < byDepth(1, 3, 30); kill++) {
      const remote = await forkStore({ path });
      const work = records.flatMap(({ sid, lastSeenAt }, at) => {
        const delta = { at: lastSeenAt + 1, set: { kill, at } };
        return [here.commit(sid, delta), remote.store.commit(sid, delta).catch(() => {})];
      });
      await work[kill % work.length];
      remote.process.kill("SIGKILL");
      for (const each of work) {
        await each;
        for (const { sid } of records) assert.deepEqual(await here.load(sid), await recordIn(raw, sid));
      }
    }
    raw.close();
    await here.close();
  });
});

/** The record as a store without any memory reads it. */
async function recordIn(database: ReturnType<typeof openRaw>, sid: string): Promise<SessionRecord | null> {
  return sqliteStore({ database }).load(sid);
}

/** Whole numbers below `bound`, the same ones every time. */
function randomNumbers(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return bound === 0 ? 0 : (state >>> 8) % bound;
  };
}
