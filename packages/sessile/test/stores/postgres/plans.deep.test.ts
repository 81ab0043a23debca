// How PostgreSQL runs the store's statements in a large table: by an index each, and touches without writing to any.

import assert from "node:assert/strict";
import { after, before, type TestContext, test } from "node:test";
import pg from "pg";
import type { SessionRecord } from "sessile/store";
import { sampleRecord } from "sessile/testing";
import { byDepth } from "sessile-test-support/depth";
import { type PostgresServer, startPostgres, withoutPostgres } from "sessile-test-support/postgres-server";
import { waitUntil } from "sessile-test-support/wait-until";
import { Names, statements } from "#dist/stores/postgres/sql.js";
import { patientStore } from "./clients.ts";

const ROWS = byDepth(20_000, 100_000, 1_000_000);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DEEPLY = { timeout: 600_000, skip: withoutPostgres };

let server: PostgresServer | undefined;
let pool: pg.Pool;

before(async () => {
  if (withoutPostgres !== false) return;
  server = await startPostgres(["autovacuum=off"]);
  pool = new pg.Pool({ connectionString: server.url });
});
after(async () => {
  await pool?.end();
  await server?.close();
});

test(`every statement of a request finds its rows by an index, among ${ROWS} sessions`, DEEPLY, async (t) => {
  const store = patientStore(pool);
  const { sid } = sampleRecord();
  await store.create(sampleRecord({ sid, userId: "7" }));
  const alone = await timeOfReads(() => sid);
  await pool.query(
    `INSERT INTO sessile_sessions SELECT lpad(n::text, 22, '0'), (n % 1000)::text, $1::bigint + n, $1::bigint + 3600000,
     $1::bigint + (n % 6) * 600000, repeat('h', 400), '{}' FROM generate_series(1, $2::int) AS n`,
    [Date.now(), ROWS],
  );
  await pool.query("VACUUM ANALYZE sessile_sessions");
  const among = await timeOfReads((i) => String(1 + ((i * 7919) % ROWS)).padStart(22, "0"));
  const bytes = "SELECT pg_total_relation_size('sessile_sessions')::bigint / $1 AS bytes";
  const size = (await pool.query(bytes, [ROWS])).rows[0].bytes;
  t.diagnostic(`a read: ${alone} ms with one session, ${among} ms among ${ROWS}; ${size} bytes a session`);
  const {
    load,
    replace,
    touch,
    touchAll,
    delete: end,
    list,
    scan,
    deleteExpired,
    withdraw,
  } = statements(new Names("sessile_sessions"));
  const far = String(Date.now());
  const touched = [sid, "h", "h", far, far];
  const uses: [text: string, values: (string | null)[], index: string][] = [
    [load.text, [sid], "sessile_sessions_pkey"],
    [replace.text, [sid, "h", "h", null, far, far, "1000"], "sessile_sessions_pkey"],
    [touch.text, [sid, "h", "h", null, far, far, "1000"], "sessile_sessions_pkey"],
    [touchAll.text, touched.map((value) => Array(100).fill(value).join("\n")), "sessile_sessions_pkey"],
    [end.text, [sid, null, "1000"], "sessile_sessions_pkey"],
    ["SELECT FROM sessile_sessions WHERE sid = $1 AND head = $2 FOR UPDATE", [sid, "h"], "sessile_sessions_pkey"],
    [withdraw.text, [sid, "h"], "sessile_sessions_pkey"],
    [list.text, ["7", "0", "", "101"], "sessile_sessions_by_user"],
    [scan.text, [sid, "101"], "sessile_sessions_pkey"],
    [deleteExpired.text, [far, "100", "0"], "sessile_sessions_by_due"],
  ];
  for (const [text, values, index] of uses) {
    const plan = await planOf(text, values);
    assert.ok(plan.includes(index), `${text}\n${plan}`);
    assert.ok(!plan.includes("Seq Scan"), `${text}\n${plan}`);
  }
  // Those inside the functions.
  const inside = [
    "SELECT count(*) FROM sessile_sessions WHERE user_id = $1 AND expires_at > $2",
    "SELECT sid FROM sessile_sessions WHERE user_id = $1 AND expires_at > $2 ORDER BY created_at DESC, sid DESC OFFSET 1",
    "DELETE FROM sessile_sessions WHERE user_id = $1 AND sid IS DISTINCT FROM $2",
  ];
  for (const text of inside) {
    const plan = await planOf(text, ["7", "1"]);
    assert.ok(plan.includes("sessile_sessions_by_user") && !plan.includes("Seq Scan"), `${text}\n${plan}`);
  }
});

test(`${ROWS} expired sessions go by an index, a batch a statement`, DEEPLY, async (t) => {
  const store = patientStore(pool, { table: "ending" });
  await store.stats(); // makes the table
  const now = Date.now();
  await pool.query(
    `INSERT INTO ending SELECT lpad(n::text, 22, '0'), (n % 1000)::text, 0, $1::bigint - n % 3600000,
     $1::bigint - n % 3600000, repeat('h', 400), '{}' FROM generate_series(1, $2::int) AS n`,
    [now, ROWS],
  );
  await pool.query("VACUUM ANALYZE ending");
  const { deleteExpired } = statements(new Names("ending"));
  const plan = await planOf(deleteExpired.text, [String(now), "1000", "0"]);
  assert.ok(plan.includes("ending_by_due") && !plan.includes("Seq Scan"), plan);
  const times: number[] = [];
  for (let deleted = -1; deleted !== 0; ) {
    const began = performance.now();
    deleted = (await store.deleteExpired({ now, limit: 1000 })).length;
    times.push(performance.now() - began);
  }
  assert.equal((await pool.query("SELECT FROM ending LIMIT 1")).rowCount, 0);
  const figures = (some: readonly number[]) => {
    const sorted = some.toSorted((a, b) => a - b);
    const [median, most, longest] = [0.5, 0.99, 1].map((share) => sorted[Math.floor((sorted.length - 1) * share)]);
    return `median ${median?.toFixed(1)}, 99 % ${most?.toFixed(1)}, longest ${longest?.toFixed(1)}`;
  };
  const tenth = Math.floor(times.length / 10);
  t.diagnostic(`${times.length} statements, ms: ${figures(times)}`);
  t.diagnostic(`first tenth: ${figures(times.slice(0, tenth))}; last tenth: ${figures(times.slice(-tenth))}`);
});

test(
  "sessions that change users with each other lock rows in one order, so neither stops the other",
  DEEPLY,
  async () => {
    const store = patientStore(pool, { table: "changing" });
    const sample = async (sid: string, userId: string, createdAt: number) => {
      const record = sampleRecord({ sid: sid.padEnd(22, "0"), userId, createdAt });
      await store.create(record);
      return record;
    };
    const now = Date.now();
    for (const userId of ["u", "v"]) await sample(`1${userId}`, userId, now - 2);
    const [ofU, ofV] = [await sample("2u", "u", now - 1), await sample("2v", "v", now - 1)];
    const client = await pool.connect();
    await client.query("BEGIN");
    await client.query("SELECT FROM changing WHERE sid LIKE '1%' FOR UPDATE"); // both have to wait for one of these
    const userLimit = { max: 1, onExceeded: "evictOldest" } as const;
    const change = (record: SessionRecord, owner: string) =>
      store.commit(record.sid, { at: now, owner, userLimit }, record);
    const changes = Promise.all([change(ofU, "v"), change(ofV, "u")]);
    const waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    await waitUntil("both wait", async () => (await pool.query(waiting)).rowCount === 2);
    await client.query("ROLLBACK");
    client.release();
    assert.deepEqual((await changes).map(({ status }) => status).sort(), ["gone", "ok"]);
  },
);

test("a sweep leaves locked rows to the next one", DEEPLY, async () => {
  const store = patientStore(pool, { table: "locked" });
  const now = Date.now();
  const records = [1, 2, 3, 4, 5].map((i) =>
    sampleRecord({ createdAt: now - 2 * HOUR + i, expiresAt: now - HOUR + i }),
  );
  for (const record of records) await store.create(record);
  const client = await pool.connect();
  await client.query("BEGIN");
  await client.query("SELECT FROM locked WHERE sid = $1 FOR UPDATE", [records[0]?.sid]);
  const sweep = async (limit: number) => (await store.deleteExpired({ now, limit })).length;
  assert.deepEqual([await sweep(2), await sweep(2), await sweep(2)], [2, 2, 0]);
  await client.query("ROLLBACK");
  client.release();
  assert.deepEqual([await sweep(2), await sweep(2)], [1, 0]);
});

for (const isMany of [false, true]) {
  const together = isMany ? ", written together," : "";
  test(`nine of ten touches in an hour of one a minute${together} write to no index`, DEEPLY, (t) =>
    measure(t, isMany),
  );
}

async function measure(t: TestContext, isMany: boolean): Promise<void> {
  const table = isMany ? "touched_together" : "touched";
  const store = patientStore(pool, { table });
  let records = Array.from({ length: 40 }, (_, i) => sampleRecord({ userId: `u${i}`, data: '{"cart":["a","b"]}' }));
  for (const record of records) await store.create(record);
  const start = Date.now();
  for (let minute = 1; minute <= 60; minute++) {
    const delta = { at: start + minute * MINUTE, touch: { idleTimeout: HOUR } };
    if (isMany) await store.touch?.(records.map((record) => [record.sid, delta, record]));
    else await Promise.all(records.map(({ sid }, i) => store.commit(sid, delta, records[i])));
    records = await Promise.all(records.map(async ({ sid }) => (await store.load(sid)) as SessionRecord));
    assert.ok(records.every(({ lastSeenAt }) => lastSeenAt === delta.at));
  }
  const figures = "SELECT n_tup_upd::int AS all, n_tup_hot_upd::int AS hot FROM pg_stat_user_tables WHERE relname = $1";
  let found = { all: 0, hot: 0 };
  await waitUntil("all touches are counted", async () => {
    found = (await pool.query(figures, [table])).rows[0];
    return found.all >= 40 * 60;
  });
  t.diagnostic(`${found.hot} of ${found.all} touches were HOT: ${((100 * found.hot) / found.all).toFixed(1)} %`);
  assert.ok(found.hot / found.all >= 0.85);
}

/** The median of 500, in milliseconds. */
async function timeOfReads(sidOf: (i: number) => string): Promise<string> {
  const { load } = statements(new Names("sessile_sessions"));
  const times: number[] = [];
  for (let i = 0; i < 500; i++) {
    const began = performance.now();
    await pool.query({ name: "read", text: load.text, values: [sidOf(i)] });
    times.push(performance.now() - began);
  }
  return times.toSorted((a, b) => a - b)[250]?.toFixed(2) ?? "";
}

/** As the server runs it for parameters that it does not know yet. */
async function planOf(text: string, values: (string | null)[]): Promise<string> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    const { rows } = await client.query({ text: `EXPLAIN ${text}`, values, rowMode: "array" });
    await client.query("ROLLBACK");
    return rows.map(([line]) => line).join("\n");
  } finally {
    client.release();
  }
}
