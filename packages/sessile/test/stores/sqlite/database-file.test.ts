// A file that is removed or exchanged while a store has it open: nothing is acknowledged that will not be there, and
// reads notice.

import assert from "node:assert/strict";
import {
  copyFileSync,
  existsSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { sqliteStore } from "sessile/sqlite";
import type { SessionStore } from "sessile/store";
import { sampleRecord } from "sessile/testing";
import { temporaryFolder } from "sessile-test-support/folder";
import { newPath, openRaw, openTuned, pick, type RawDatabase, unable } from "./raw.ts";

const REFUSED = {
  code: "ERR_SESSION_STORE",
  message: /`.*s\.db` was removed or exchanged since it was opened; put it back/,
};

/** Accidents of the file. Each returns a function that puts the file back, if that can be done. */
const ACCIDENTS: Readonly<Record<string, (path: string) => (() => void) | undefined>> = {
  "removed, with its log": (path) => {
    for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix);
    return undefined;
  },
  "removed alone": (path) => {
    rmSync(path);
    return undefined;
  },
  "moved away": (path) => {
    renameSync(path, `${path}.away`);
    return () => renameSync(`${path}.away`, path);
  },
  "exchanged for another file": (path) => {
    copyFileSync(path, `${path}.copy`);
    renameSync(path, `${path}.away`);
    renameSync(`${path}.copy`, path);
    return () => renameSync(`${path}.away`, path);
  },
};

/** The log holds what was acknowledged since the last checkpoint, so it counts as the file does. */
const ACCIDENTS_OF_THE_LOG: typeof ACCIDENTS = {
  "robbed of its log": (path) => {
    renameSync(`${path}-wal`, `${path}-wal.away`);
    return () => renameSync(`${path}-wal.away`, `${path}-wal`);
  },
  "robbed of its log's index": (path) => {
    rmSync(`${path}-shm`);
    return undefined;
  },
};

const WRITES: Readonly<Record<string, (store: SessionStore) => Promise<unknown>>> = {
  create: (store) => store.create(sampleRecord()),
  delete: (store) => store.delete(sampleRecord().sid),
  deleteByUser: (store) => store.deleteByUser("u"),
  deleteExpired: (store) => store.deleteExpired({ now: 0, limit: 1 }),
};

describe("a sqlite file under an open store", { skip: unable }, () => {
  for (const [what, befall] of Object.entries({ ...ACCIDENTS, ...ACCIDENTS_OF_THE_LOG })) {
    test(`${what}: no write is acknowledged, reads fail within a second, and all is well once it is back`, async (t) => {
      const path = join(temporaryFolder(), "s.db");
      await endure(t, path, sqliteStore({ path }), befall);
    });
  }

  for (const [what, befall] of Object.entries(ACCIDENTS)) {
    test(`that the application has open, ${what}: the same`, async (t) => {
      const path = join(temporaryFolder(), "s.db");
      const database = openTuned(path);
      await endure(t, path, sqliteStore({ database }), befall);
      database.close();
    });
  }

  test("reached through a link that leads elsewhere since: the same", async (t) => {
    const [folder, other] = [temporaryFolder(), temporaryFolder()];
    const path = join(folder, "s.db");
    symlinkSync(join(other, "one.db"), path);
    await endure(t, path, sqliteStore({ path }), () => {
      copyFileSync(join(other, "one.db"), join(other, "two.db"));
      unlinkSync(path);
      symlinkSync(join(other, "two.db"), path);
      return () => {
        unlinkSync(path);
        symlinkSync(join(other, "one.db"), path);
      };
    });
  });

  test("in memory has no path that could lead elsewhere", async () => {
    const database = openTuned(":memory:");
    const store = sqliteStore({ database });
    assert.equal((await store.create(sampleRecord())).status, "created");
    database.close();
  });
});

const FIRST = sampleRecord().sid;

/** A store of each kind on a new file. */
const STORES: Readonly<Record<string, (path: string) => { store: SessionStore; database?: RawDatabase }>> = {
  "its own file": (path) => ({ store: sqliteStore({ path }) }),
  "a handle of the application": (path) => {
    const database = openTuned(path);
    return { store: sqliteStore({ database }), database };
  },
};

const TRUNCATED = { code: "ERR_SESSION_STORE", message: /truncated or overwrote the log `.*-wal`; restart/ };

const TRUNCATIONS: Readonly<Record<string, (log: string) => void>> = {
  truncated: (log) => truncateSync(log, 0),
  "truncated to a few bytes": (log) => truncateSync(log, 10),
  "truncated to its half": (log) => truncateSync(log, Math.floor(statSync(log).size / 2)),
  "truncated and extended with zeros": (log) => {
    const { size } = statSync(log);
    truncateSync(log, 0);
    truncateSync(log, size);
  },
};

describe("the log of a sqlite store", { skip: unable }, () => {
  for (const [kind, open] of Object.entries(STORES)) {
    for (const [what, truncate] of Object.entries(TRUNCATIONS)) {
      test(`${what}, on ${kind}: no write is acknowledged, reads fail within a second`, async (t) => {
        const path = newPath();
        const { store, database } = await filled(open(path));
        const before = performance.now();
        truncate(`${path}-wal`);
        const record = sampleRecord({ sid: FIRST });
        for (const again of [1, 2]) {
          for (const [name, write] of Object.entries(WRITES))
            await assert.rejects(write(store), TRUNCATED, name + again);
          const clock = t.mock.method(performance, "now", () => before + 1000 * again);
          await assert.rejects(async () => store.load(FIRST), { code: TRUNCATED.code });
          await assert.rejects(store.commit(FIRST, { at: record.createdAt, set: { k: 1 } }), { code: TRUNCATED.code });
          clock.mock.restore();
        }
        await store.close();
        database?.close();
      });
    }

    test(`truncated, on ${kind}: the file opens again, with what the last checkpoint put into it`, async () => {
      const path = newPath();
      const { store, database } = open(path);
      await store.create(sampleRecord({ sid: FIRST }));
      const other = openRaw(path);
      other.exec("PRAGMA wal_checkpoint(TRUNCATE)");
      other.close();
      await filled({ store }, sampleRecord().sid);
      truncateSync(`${path}-wal`, 0);
      await assert.rejects(store.create(sampleRecord()), TRUNCATED);
      await store.close();
      database?.close();
      const again = sqliteStore({ path });
      assert.equal((await again.load(FIRST))?.sid, FIRST);
      assert.equal((await again.create(sampleRecord())).status, "created");
      await again.close();
    });

    test(`emptied by another connection's checkpoint, on ${kind}: writes and reads go on, and are in the file`, async (t) => {
      const path = newPath();
      const { store, database } = await filled(open(path));
      const other = openRaw(path);
      const before = performance.now();
      for (const round of [1, 2, 3]) {
        other.exec("PRAGMA wal_checkpoint(TRUNCATE)");
        assert.equal(statSync(`${path}-wal`).size, 0);
        const clock = t.mock.method(performance, "now", () => before + 1000 * round);
        assert.equal((await store.load(FIRST))?.sid, FIRST);
        clock.mock.restore();
        assert.equal((await store.create(sampleRecord())).status, "created");
        assert.equal(await store.delete(sampleRecord().sid), false);
        other.exec("PRAGMA wal_checkpoint(RESTART)");
        assert.equal((await store.create(sampleRecord())).status, "created");
      }
      other.close();
      await store.close();
      database?.close();
      const file = openRaw(path);
      assert.equal(pick(file, "SELECT count(*) FROM sessile_sessions"), 15);
      file.close();
    });
  }

  test("of zeros, which a crash left behind a truncated file, does not keep a store from its work", async () => {
    const path = newPath();
    await sqliteStore({ path }).close();
    copyFileSync(path, `${path}-wal`);
    truncateSync(`${path}-wal`, 0);
    truncateSync(`${path}-wal`, 10_000);
    const { store } = await filled({ store: sqliteStore({ path }) });
    assert.equal((await store.load(FIRST))?.sid, FIRST);
    await store.close();
  });

  test("is none in a database without WAL mode, which the store uses all the same", async () => {
    const database = openRaw(newPath());
    const { store } = await filled({ store: sqliteStore({ database }) });
    assert.equal((await store.load(FIRST))?.sid, FIRST);
    database.close();
  });
});

/** Writes 9 records, each in a transaction of its own. */
async function filled<T extends { store: SessionStore }>(opened: T, first = FIRST): Promise<T> {
  await opened.store.create(sampleRecord({ sid: first }));
  for (let count = 0; count < 8; count++) await opened.store.create(sampleRecord());
  return opened;
}

async function endure(
  t: TestContext,
  path: string,
  store: SessionStore,
  befall: (path: string) => (() => void) | undefined,
) {
  const record = sampleRecord({ userId: "u" });
  await store.create(record);
  const before = performance.now();
  const restore = befall(path);
  const left = readdirSync(dirname(path));
  for (const [name, write] of Object.entries(WRITES)) await assert.rejects(write(store), REFUSED, name);
  const change = { at: record.createdAt, set: { k: 1 } };
  await assert.rejects(store.commit(record.sid, change, record), REFUSED);
  const clock = t.mock.method(performance, "now", () => before + 1000);
  for (const again of [1, 2]) {
    await assert.rejects(async () => store.load(record.sid), REFUSED, `load ${again}`);
    await assert.rejects(store.list("u"), REFUSED);
    await assert.rejects(store.stats(), REFUSED);
    await assert.rejects(store.commit(record.sid, change), REFUSED);
  }
  clock.mock.restore();
  assert.deepEqual(readdirSync(dirname(path)), left, "no file was made");
  if (restore === undefined) return store.close();
  restore();
  assert.equal((await store.create(sampleRecord())).status, "created");
  await store.close();
  assert.ok(existsSync(path));
}
