// How often a row is read whole.

import assert from "node:assert/strict";
import { test } from "node:test";
import { sqliteStore } from "sessile/sqlite";
import { fullRecord } from "sessile/testing";
import { openRaw, type RawDatabase, unable } from "./raw.ts";

test("a row that did not change is read whole twice, the second time for its text, whatever is in it", {
  skip: unable,
}, async () => {
  const database = openRaw(":memory:");
  const reads = readsOf(database);
  const store = sqliteStore({ database: reads.database });
  const odd = fullRecord({
    userId: "ann \\ \0 \" ' / \u007f é 😀",
    device: "\t\n\r\b\f\u0001\u001f\u2028",
    data: '{"a":"\\\\ \\" 😀"}',
  });
  await store.create(odd);
  for (let i = 0; i < 4; i++) assert.deepEqual(await store.load(odd.sid), odd);
  assert.equal(reads.count(), 2);
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

/**
 * The database, and how often a row was read whole on it; `getText` stands for the statement that gives a row as text.
 */
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
