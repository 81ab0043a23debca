// What a store remembers of rows that it has read, and that it never answers what the file does not hold any more.

import assert from "node:assert/strict";
import { test } from "node:test";
import { sqliteStore } from "sessile/sqlite";
import { fullRecord } from "sessile/testing";
import type { SessionRecord } from "#dist/index.js";
import { KnownRecords } from "#dist/stores/sqlite/known-records.js";
import { openRaw, type RawDatabase, unable } from "./raw.ts";

const record = (sid: string, data = "{}") => ({ sid, data }) as SessionRecord;

test("a record is known while its row is what it was when it was read, and then no more", () => {
  const known = new KnownRecords();
  const a = record("a");
  known.add(a, () => "[1,7]");
  assert.equal(
    known.get("a", () => "[1,7]"),
    a,
  );
  assert.equal(
    known.get("a", () => "[1,8]"),
    null,
  );
  assert.equal(
    known.get("a", () => "[1,7]"),
    null,
    "it is forgotten",
  );
});

test("a row that is gone is no record, and is forgotten", () => {
  const known = new KnownRecords();
  known.add(record("a"), () => "[]");
  assert.equal(
    known.get("a", () => null),
    null,
  );
  assert.equal(isKnown(known, "a"), false);
});

test("ten thousand records are known, and large ones are not", () => {
  const known = new KnownRecords();
  known.add(record("large", "x".repeat(1001)), () => "[]");
  assert.equal(isKnown(known, "large"), false);
  for (let i = 0; i <= 10_000; i++) known.add(record(String(i)), () => "[]");
  assert.deepEqual(
    ["0", "1", "10000"].map((sid) => isKnown(known, sid)),
    [false, true, true],
  );
});

test("nobody asks about the row of a record that is not known", () => {
  assert.equal(isKnown(new KnownRecords(), "a"), false);
});

test("a row that did not change is read whole once, whatever is in it", { skip: unable }, async () => {
  const database = openRaw(":memory:");
  const reads = readsOf(database);
  const store = sqliteStore({ database: reads.database });
  const odd = fullRecord({
    userId: "ann \\ \0 \" ' / \u007f é 😀",
    device: "\t\n\r\b\f\u0001\u001f\u2028",
    data: '{"a":"\\\\ \\" 😀"}',
  });
  await store.create(odd);
  for (let i = 0; i < 3; i++) assert.deepEqual(await store.load(odd.sid), odd);
  assert.equal(reads.count(), 1);
  database.close();
});

test("a row of which SQLite can make no text is read whole", { skip: unable }, async () => {
  const database = openRaw(":memory:");
  const reads = readsOf(database, () => {
    throw new Error("JSON cannot hold BLOB values");
  });
  const store = sqliteStore({ database: reads.database });
  const record = fullRecord();
  await store.create(record);
  for (let i = 0; i < 3; i++) assert.deepEqual(await store.load(record.sid), record);
  assert.equal(reads.count(), 3);
  database.close();
});

/** The database, and how often a row was read whole on it; `getText` stands for the statement that gives a row as text. */
function readsOf(database: RawDatabase, getText?: () => never) {
  let count = 0;
  const prepare = (sql: string) => {
    const statement = database.prepare(sql);
    const isText = sql.startsWith("SELECT json_array(");
    const get = (...parameters: unknown[]) => {
      if (isText && getText !== undefined) return getText();
      if (sql.startsWith("SELECT sid, user_id")) count++;
      return statement.get(...parameters);
    };
    const [all, run] = [statement.all.bind(statement), statement.run.bind(statement)];
    return { get, all, run };
  };
  return { database: { exec: (sql: string) => database.exec(sql), prepare }, count: () => count };
}

/** Whether anybody asks what is in its row now. */
function isKnown(known: KnownRecords, sid: string): boolean {
  let isAsked = false;
  known.get(sid, () => {
    isAsked = true;
    return "[]";
  });
  return isAsked;
}
