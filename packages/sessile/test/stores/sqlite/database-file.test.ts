// A file that is removed or exchanged while a store has it open: nothing is acknowledged that will not be there, and
// reads notice.

import assert from "node:assert/strict";
import { copyFileSync, existsSync, readdirSync, renameSync, rmSync, symlinkSync, unlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import type { SessionStore } from "sessile";
import { sqliteStore } from "sessile/sqlite";
import { sampleRecord } from "sessile/testing";
import { temporaryFolder } from "sessile-test-support/folder";
import { openTuned, unable } from "./raw.ts";

const REFUSED = {
  code: "ERR_SESSION_STORE",
  message: /`.*s\.db` was removed or exchanged since it was opened; put it back/,
};

/** What may happen to the file, and how it is put back where that can be. */
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
