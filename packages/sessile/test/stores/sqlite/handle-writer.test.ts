// A database that the application opened: it stays the application's. And the ways in which drivers differ.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { type SqliteDatabase, type SqliteStatement, sqliteStore } from "sessile/sqlite";
import { fullRecord, sampleRecord } from "sessile/testing";
import { newPath, openRaw, openTuned, pick, unable } from "./raw.ts";

describe("a store on the application's database", { skip: unable }, () => {
  test("leaves the application's tables, settings and identity as they are", async () => {
    const database = openRaw(newPath());
    database.exec(
      "PRAGMA application_id = 42; PRAGMA busy_timeout = 1234; CREATE TABLE orders (id INTEGER); INSERT INTO orders VALUES (1)",
    );
    const settings = () =>
      ["application_id", "busy_timeout", "journal_mode", "synchronous"].map((name) => pick(database, `PRAGMA ${name}`));
    const before = settings();
    const store = sqliteStore({ database });
    await store.create(sampleRecord());
    await store.close();
    assert.deepEqual(settings(), before);
    assert.equal(pick(database, "SELECT count(*) FROM orders"), 1);
    database.close();
  });

  test("close of the store leaves the database open", async () => {
    const database = openRaw(":memory:");
    const store = sqliteStore({ database });
    const creating = store.create(sampleRecord());
    await store.close();
    await creating;
    assert.equal(pick(database, "SELECT count(*) FROM sessile_sessions"), 1);
    database.close();
  });

  test("a database that the application closed is ERR_SESSION_STORE", async () => {
    const database = openRaw(newPath());
    const store = sqliteStore({ database });
    database.close();
    await assert.rejects(async () => store.load(sampleRecord().sid), { code: "ERR_SESSION_STORE" });
    await assert.rejects(store.create(sampleRecord()), { code: "ERR_SESSION_STORE" });
  });

  test("a write waits for a transaction that the application has open on the same handle", async () => {
    const database = openTuned(newPath());
    const store = sqliteStore({ database });
    database.exec("BEGIN; CREATE TABLE orders (id INTEGER)");
    const creating = store.create(sampleRecord());
    await turn();
    await turn();
    database.exec("ROLLBACK");
    assert.equal((await creating).status, "created");
    database.close();
  });

  test("a transaction that the application leaves open fails the write at the deadline", async () => {
    const database = openTuned(newPath());
    const store = sqliteStore({ database, busyTimeout: 50 });
    database.exec("BEGIN");
    await assert.rejects(store.create(sampleRecord()), { code: "ERR_SESSION_STORE", message: /`busyTimeout`/ });
    database.exec("ROLLBACK");
    assert.equal((await store.create(sampleRecord())).status, "created");
    database.close();
  });

  test("R18: tables of a newer release are refused", () => {
    const database = openRaw(":memory:");
    sqliteStore({ database });
    database.exec("UPDATE sessile_meta SET version = 3");
    assert.throws(() => sqliteStore({ database }), { code: "ERR_SESSION_STORE", message: /version 2/ });
    database.close();
  });
});

describe("drivers that differ", { skip: unable }, () => {
  test("a driver that gives bigints, and null where there is no row, works as the others", async () => {
    const raw = openRaw(":memory:");
    const store = sqliteStore({ database: wrap(raw, { row: bigints, miss: null }) });
    const record = fullRecord({ userId: "zoe" });
    assert.equal(await store.load(record.sid), null);
    await store.create(record);
    assert.deepEqual({ ...(await store.load(record.sid)) }, { ...record });
    assert.equal((await store.commit(record.sid, { at: Date.now(), set: { k: 1 } })).status, "ok");
    assert.equal((await store.list("zoe", { limit: 1 })).records.length, 1);
    assert.deepEqual(await store.stats(), { kind: "sqlite", sessions: 1 });
    assert.deepEqual([await store.delete(record.sid), await store.delete(record.sid)], [true, false]);
    raw.close();
  });

  test("texts that a driver would cut off at a NUL, and backslashes, come back whole and stay apart", async () => {
    const raw = openRaw(":memory:");
    const store = sqliteStore({ database: raw });
    const texts = ["a", "a\0", "a\0b", "a\\0", "a\\", "a\\\\", "\\\0\\0", "\0"];
    const records = texts.map((text) => sampleRecord({ userId: text, device: text }));
    for (const record of records) await store.create(record, { max: 1, onExceeded: "refuse" });
    assert.equal(pick(raw, "SELECT count(*) FROM sessile_sessions WHERE instr(user_id || device, char(0)) > 0"), 0);
    for (const record of records) {
      assert.deepEqual((await store.list(record.userId as string)).records, [record]);
      assert.deepEqual(await store.deleteByUser(record.userId as string), [record.sid]);
    }
    raw.close();
  });

  test("R14: an entry of a user's index that leads to another user's session shows nothing", async () => {
    const raw = openRaw(":memory:");
    const [mine, yours] = [sampleRecord({ userId: "me" }), sampleRecord({ userId: "you" })];
    const mislead = (row: unknown): unknown =>
      Object.keys(row as object).length === 2 ? { ...(row as object), sid: yours.sid } : row;
    const store = sqliteStore({ database: wrap(raw, { row: mislead }) });
    for (const record of [mine, yours]) await store.create(record);
    assert.deepEqual((await store.list("me")).records, []);
    assert.deepEqual((await store.list("you")).records, [yours]);
    raw.close();
  });

  test("a lock is a lock in every driver's words", async () => {
    for (const words of [
      { code: "SQLITE_BUSY" },
      { code: "SQLITE_BUSY_SNAPSHOT" },
      { code: "ERR_SQLITE_ERROR", errcode: 5 },
      { errcode: 261 },
      {},
    ]) {
      const raw = openRaw(":memory:");
      let refusals = 2;
      const begin = (): void => {
        if (refusals-- > 0) throw Object.assign(new Error("database is locked"), words);
      };
      const store = sqliteStore({ database: wrap(raw, { before: { "BEGIN IMMEDIATE": begin } }) });
      refusals = 2;
      assert.equal((await store.create(sampleRecord())).status, "created", JSON.stringify(words));
      assert.ok(refusals < 0);
      raw.close();
    }
  });

  test("a sign-in that was written although its COMMIT failed is withdrawn, another session of its sid is not", async () => {
    const raw = openRaw(":memory:");
    let fails = 0;
    const commit = (): void => {
      if (fails-- <= 0) return;
      raw.exec("COMMIT");
      throw new Error("disk I/O error");
    };
    const store = sqliteStore({ database: wrap(raw, { before: { COMMIT: commit } }) });
    const record = fullRecord({ userId: "me" });
    for (const other of [null, sampleRecord({ sid: record.sid, userId: "me" })]) {
      if (other !== null) await store.create(other);
      fails = 1;
      await assert.rejects(store.create(record), { code: "ERR_SESSION_STORE" });
      await store.delete("another write, after the one that withdraws");
      assert.deepEqual((await store.list("me")).records, other === null ? [] : [other]);
    }
    raw.close();
  });

  test("a driver that answers later, or with rows that are arrays, is refused", () => {
    const raw = openRaw(":memory:");
    const expected = { code: "ERR_SESSION_OPTION", message: /synchronous driver that gives rows as objects/ };
    assert.throws(() => sqliteStore({ database: wrap(raw, { row: async (row) => row }) }), expected);
    assert.throws(() => sqliteStore({ database: wrap(raw, { row: (row) => Object.values(row as object) }) }), expected);
    raw.close();
  });

  test("what a driver says is in the cause, and no value that was bound is anywhere", async () => {
    const raw = openRaw(":memory:");
    const store = sqliteStore({ database: raw });
    raw.exec("CREATE TRIGGER no BEFORE INSERT ON sessile_sessions BEGIN SELECT RAISE(ABORT, 'not today'); END");
    const record = fullRecord({ userId: "zoe" });
    const error = (await store.create(record).catch((reason: unknown) => reason)) as Error & {
      code: string;
      cause: Error;
    };
    assert.deepEqual(
      [error.code, error.message, error.cause.message],
      ["ERR_SESSION_STORE", "The SQLite store could not create a session: not today.", "not today"],
    );
    const everything = [error.stack, error.cause.stack, JSON.stringify(error), JSON.stringify(error.cause)].join();
    for (const secret of [record.secretDigest, record.data, record.userId as string])
      assert.ok(!everything.includes(secret));
    raw.close();
  });
});

interface Habits {
  readonly row?: (row: unknown) => unknown;
  readonly miss?: null;
  readonly before?: Readonly<Record<string, () => void>>;
}

/** A driver with other habits than node:sqlite. */
function wrap(raw: SqliteDatabase, { row = (value) => value, miss, before = {} }: Habits): SqliteDatabase {
  const prepare = (sql: string): SqliteStatement => {
    const statement = raw.prepare(sql);
    return {
      get(...parameters) {
        const found = statement.get(...parameters);
        return found === undefined ? miss : row(found);
      },
      all: (...parameters) => statement.all(...parameters).map(row),
      run: (...parameters) => statement.run(...parameters),
    };
  };
  const exec = (sql: string) => {
    before[sql]?.();
    return raw.exec(sql);
  };
  return { exec, prepare };
}

function bigints(row: unknown): unknown {
  return Object.fromEntries(
    Object.entries(row as object).map(([name, value]) => [name, typeof value === "number" ? BigInt(value) : value]),
  );
}
