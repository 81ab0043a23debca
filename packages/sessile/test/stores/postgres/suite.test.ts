// The shared suite on PGlite, a Postgres of WebAssembly; and the options.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { PGlite } from "@electric-sql/pglite";
import postgres from "postgres";
import { type PostgresPool, postgresSchema, postgresStore } from "sessile/postgres";
import { sampleRecord, storeSuite } from "sessile/testing";

const database = await PGlite.create();
after(() => database.close());

storeSuite("postgres over PGlite", async () => {
  const store = () => postgresStore({ pool: database, deadline: 10_000 });
  return {
    stores: [store(), store()],
    corrupt: async (sid) => {
      await database.query("UPDATE sessile_sessions SET head = left(head, -1) WHERE sid = $1", [sid]);
    },
    close: async () => {},
  };
});

test("data that was damaged is no session, and the change of a process that knows the data mends it", async () => {
  const store = postgresStore({ pool: database, deadline: 10_000 });
  const record = sampleRecord({ userId: "damaged", data: '{"k":1}' });
  await store.create(record);
  await database.query("UPDATE sessile_sessions SET data = '{\"k\":2}' WHERE sid = $1", [record.sid]);
  await assert.rejects(store.load(record.sid), { code: "ERR_SESSION_RECORD" });
  assert.deepEqual(await store.commit(record.sid, { at: Date.now(), set: { n: 1 } }), { status: "gone" });
  await store.commit(record.sid, { at: Date.now(), set: { n: 1 } }, record);
  assert.equal((await store.load(record.sid))?.data, '{"k":1,"n":1}');
});

test("the schema that is printed is the one that the store makes", async () => {
  await database.exec(`CREATE SCHEMA printed; ${postgresSchema("printed.sessions")}`);
  const store = postgresStore({ pool: database, table: "printed.sessions", deadline: 10_000 });
  const record = sampleRecord({ userId: "1" });
  assert.deepEqual(await store.create(record, { max: 1, onExceeded: "refuse" }), { status: "created", evicted: [] });
  assert.deepEqual(await store.deleteByUser("1"), [record.sid]);
});

test("the schema of another release is refused and left alone", async () => {
  await database.exec("CREATE FUNCTION other_version() RETURNS integer LANGUAGE sql AS 'SELECT 9'");
  const store = postgresStore({ pool: database, table: "other", deadline: 10_000 });
  await assert.rejects(store.stats(), { code: "ERR_SESSION_STORE", message: /has version 9 .* knows version 3/ });
  const { rows } = await database.query("SELECT to_regclass('other') AS found");
  assert.deepEqual(rows, [{ found: null }]);
});

test("options that cannot work are refused by name", () => {
  const refused = (options: object, name: RegExp) => {
    assert.throws(() => postgresStore({ pool: database, ...options }), { code: "ERR_SESSION_OPTION", message: name });
  };
  refused({ ttl: 1 }, /`ttl`\. Did you mean `idleTimeout` of `SessionManager`/);
  for (const pool of [undefined, null, {}, "postgres://"]) refused({ pool: pool as unknown as PostgresPool }, /`pool`/);
  refused({ pool: postgres("postgres://127.0.0.1:1/none") }, /fetch_types: false/);
  for (const table of ["", "Upper", "a b", 'a"b', "a.b.c", "x".repeat(41), 1]) refused({ table }, /`table`/);
  for (const deadline of [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 60_001, "1"])
    refused({ deadline }, /`deadline`/);
});
