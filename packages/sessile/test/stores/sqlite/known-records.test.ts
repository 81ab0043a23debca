// How often a row is parsed, and what becomes of one that cannot be.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type SqliteDatabase, sqliteStore } from "sessile/sqlite";
import { fullRecord } from "sessile/testing";
import { openRaw, unable } from "./raw.ts";

test("a row that did not change is parsed once, whatever is in it, unless no copies are kept", {
  skip: unable,
}, async () => {
  for (const [maxCopyBytes, isKept] of [
    [undefined, true],
    [0, false],
  ] as const) {
    const database = openRaw(":memory:");
    const store = sqliteStore({ database, ...(maxCopyBytes !== undefined && { maxCopyBytes }) });
    const odd = fullRecord({
      userId: "ann \\ \0 \" ' / \u007f é 😀",
      device: "\t\n\r\b\f\u0001\u001f\u2028",
      data: '{"a":"\\\\ \\" 😀"}',
    });
    await store.create(odd);
    const first = await store.load(odd.sid);
    assert.deepEqual(first, odd);
    assert.equal((await store.load(odd.sid)) === first, isKept);
    assert.deepEqual(await store.load(odd.sid), odd);
    database.close();
  }
});

test("G2: a row with a value that JSON has not is damaged", { skip: unable }, async () => {
  const database = openRaw(":memory:");
  const record = fullRecord({ userId: "ann" });
  await sqliteStore({ database }).create(record);
  const get = (): never => {
    throw Object.assign(new Error("JSON cannot hold BLOB values"), { code: "ERR_SQLITE_ERROR", errcode: 1 });
  };
  const prepare: SqliteDatabase["prepare"] = (sql) => {
    const statement = database.prepare(sql);
    const [all, run] = [statement.all.bind(statement), statement.run.bind(statement)];
    return { get: sql.includes("json_array") ? get : statement.get.bind(statement), all, run };
  };
  const store = sqliteStore({ database: { exec: (sql) => database.exec(sql), prepare } });
  await assert.rejects(store.load(record.sid), { code: "ERR_SESSION_RECORD", message: /is damaged/ });
  assert.deepEqual((await store.list("ann")).records, []);
  assert.deepEqual(await store.commit(record.sid, { at: record.createdAt }), { status: "gone" });
  database.close();
});
