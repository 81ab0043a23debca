// Another process holds the lock: the store waits, within its deadline, and other calls do not wait with it.

import assert from "node:assert/strict";
import { once } from "node:events";
import { statSync } from "node:fs";
import { describe, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { sqliteStore } from "sessile/sqlite";
import type { SessionStore } from "sessile/store";
import { sampleRecord } from "sessile/testing";
import { lock } from "./lock-process.ts";
import { newPath, openRaw, openTuned, pick, unable } from "./raw.ts";

const BUSY_TIMEOUT = 2000;

describe("while another process holds the lock", { skip: unable }, () => {
  for (const [name, open] of [
    ["a file", (path: string) => sqliteStore({ path, busyTimeout: BUSY_TIMEOUT })],
    ["a handle", (path: string) => sqliteStore({ database: impatient(path), busyTimeout: BUSY_TIMEOUT })],
  ] as const) {
    test(`R15: a write to ${name} fails at the deadline, reads answer, the event loop goes on`, async () => {
      const path = newPath();
      const store = open(path);
      const record = sampleRecord({ userId: "zoe" });
      await store.create(record);
      const holder = await lock(path);
      const startedAt = performance.now();
      const failing = assert.rejects(store.delete(record.sid), {
        code: "ERR_SESSION_STORE",
        message: /locked .*`busyTimeout` \(2000 ms\)/,
      });
      const turns = await keepReading(store, record.sid, failing);
      const waited = performance.now() - startedAt;
      assert.ok(waited >= BUSY_TIMEOUT, `failed after ${waited} ms`);
      assert.ok(turns > 10, `${turns} turns`);
      holder.kill("SIGKILL");
      await once(holder, "exit");
      assert.equal(await store.delete(record.sid), true);
      await store.close();
    });

    test(`P10: a write to ${name} goes through when the lock is let go in time`, async () => {
      const path = newPath();
      const store = open(path);
      const holder = await lock(path);
      const creating = store.create(sampleRecord());
      await turn();
      holder.disconnect();
      assert.equal((await creating).status, "created");
      await store.close();
    });
  }

  test("opening an existing store needs no lock", async () => {
    const path = newPath();
    const record = sampleRecord();
    const first = sqliteStore({ path });
    await first.create(record);
    const holder = await lock(path);
    const second = sqliteStore({ path, busyTimeout: 50 });
    assert.deepEqual(await second.load(record.sid), record);
    holder.disconnect();
    await once(holder, "exit");
    for (const store of [first, second]) await store.close();
  });
});

test("opening a new file waits for a process that makes it, but not beyond its deadline", {
  skip: unable,
}, async () => {
  const path = newPath();
  const held = await lock(path);
  assert.throws(() => sqliteStore({ path, busyTimeout: 50 }), {
    code: "ERR_SESSION_STORE",
    message: /database is locked/,
  });
  held.kill("SIGKILL");
  await once(held, "exit");
  await lock(path, 200);
  await sqliteStore({ path, busyTimeout: 30_000 }).close();
});

test("P10: reads leave no transaction open that would keep the log from being emptied", { skip: unable }, async () => {
  const path = newPath();
  const store = sqliteStore({ path });
  for (let i = 0; i < 5; i++) await store.create(sampleRecord({ userId: "zoe" }));
  const { records } = await store.list("zoe", { limit: 2 });
  await store.load(records[0]?.sid as string);
  await store.stats();
  const raw = openRaw(path);
  assert.equal((raw.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get() as { busy: number }).busy, 0);
  raw.close();
  await store.close();
});

test("R16: a reader that stays makes the log grow and stops no write; once it is gone, the log is used anew", {
  skip: unable,
}, async () => {
  const path = newPath();
  const store = sqliteStore({ path });
  const write = async (megabytes: number): Promise<void> => {
    for (let i = 0; i < megabytes; i++) {
      const { sid } = sampleRecord();
      await store.create(sampleRecord({ sid, data: JSON.stringify({ k: "x".repeat(2 ** 20) }) }));
      assert.equal((await store.load(sid))?.sid, sid);
    }
  };
  const sizeOfLog = (): number => statSync(`${path}-wal`).size;
  const reader = openRaw(path);
  reader.exec("BEGIN");
  pick(reader, "SELECT count(*) FROM sessile_sessions");
  await write(20);
  const grown = sizeOfLog();
  assert.ok(grown > 20 * 2 ** 20, `${grown} bytes: all is in the log`);
  reader.close();
  await write(10);
  assert.ok(
    sizeOfLog() < grown + 2 * 2 ** 20,
    `${sizeOfLog()} bytes: most of it went where there was something before`,
  );
  await store.close();
});

/** An application's connection that would rather wait than go on: the store must not do as it does. */
function impatient(path: string) {
  const database = openTuned(path);
  database.exec("PRAGMA busy_timeout = 60000");
  return database;
}

/** Loads the record turn after turn until `end` settles. */
async function keepReading(store: SessionStore, sid: string, end: Promise<void>): Promise<number> {
  let isOver = false;
  const ended = end.finally(() => {
    isOver = true;
  });
  let turns = 0;
  while (!isOver) {
    assert.equal((await store.load(sid))?.sid, sid);
    await turn();
    turns++;
  }
  await ended;
  return turns;
}
