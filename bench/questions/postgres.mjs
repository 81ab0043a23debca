// What do the Postgres store, connect-pg-simple and SQL by hand cost on one Postgres, call by call, without HTTP?
import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { postgresStore } from "sessile/postgres";
import { sampleRecord } from "sessile/testing";
import { startPostgres, withoutPostgres } from "sessile-test-support/postgres-server";
import { called, DATA, HOUR, MINUTE, userOf } from "../servers/common.mjs";

export const title = "Postgres, 10,000 sessions, one call after the other";

const require = createRequire(import.meta.url);
const { Pool } = require("pg");
const expressSession = require("express-session");
const text = JSON.stringify(DATA);

export async function run({ scale, windows, processes }) {
  if (withoutPostgres !== false) throw new Error(withoutPostgres);
  const sessions = Math.ceil(10_000 * scale);
  const server = await startPostgres(["fsync=on", "synchronous_commit=on", "autovacuum=off"]);
  const pools = [];
  const connect = () => pools[pools.push(new Pool({ connectionString: server.url, max: 4 })) - 1];
  try {
    const admin = connect();
    const all = [];
    for (const make of [sessile, connectPgSimple, byHand]) all.push(await make(connect(), sessions));
    await admin.query("VACUUM ANALYZE");
    const pace = { rounds: 6 * windows * processes, calls: Math.ceil(200 * scale) };
    const rows = await compareCalls(all, pace);
    const space = {};
    for (const { name, table } of all) space[name] = await bytesOf(admin, table, sessions);
    const hot = await hotShare(connect(), admin, scale);
    return { rows, space, hot, ...(await growth(connect(), admin, scale, pace)) };
  } finally {
    for (const pool of pools) await pool.end();
    await server.close();
  }
}

const recordOf = (number) => sampleRecord({ userId: userOf(number), data: text });

async function sessile(pool, sessions) {
  const store = postgresStore({ pool, deadline: 60_000 });
  const records = [];
  for (let i = 0; i < sessions; i++) {
    records.push(recordOf(i));
    await store.create(records[i]);
  }
  const change = async (i, delta) => {
    const { record } = await store.commit(records[i].sid, { at: Date.now(), ...delta }, records[i]);
    records[i] = record;
  };
  return {
    name: "sessile",
    table: "sessile_sessions",
    read: (i) => store.load(records[i].sid),
    update: (i, value) => change(i, { set: { theme: value } }),
    touch: (i) => change(i, { touch: { idleTimeout: HOUR } }),
    "sign-in": (i) => store.create(recordOf(i)),
  };
}

async function connectPgSimple(pool, sessions) {
  const Store = require("connect-pg-simple")(expressSession);
  const store = new Store({ pool, createTableIfMissing: true, pruneSessionInterval: false });
  const sids = Array.from({ length: sessions }, () => randomBytes(24).toString("base64url"));
  const expires = () => new Date(Date.now() + HOUR);
  const sessionOf = (i, data = DATA) => ({
    cookie: { originalMaxAge: HOUR, expires: expires() },
    user: userOf(i),
    ...data,
  });
  const set = (sid, session) => called(store, "set", sid, session);
  for (const [i, sid] of sids.entries()) await set(sid, sessionOf(i));
  return {
    name: "connect-pg-simple",
    table: "session",
    read: (i) => called(store, "get", sids[i]),
    update: (i, value) => set(sids[i], sessionOf(i, { ...DATA, theme: value })),
    touch: (i) => called(store, "touch", sids[i], sessionOf(i)),
    "sign-in": (i) => set(randomBytes(24).toString("base64url"), sessionOf(i)),
  };
}

/** The least that a program would do: prepared statements, and no promise beyond them. */
async function byHand(pool, sessions) {
  await pool.query(
    "CREATE TABLE by_hand (sid text PRIMARY KEY, user_id text, expires_at bigint NOT NULL, data text NOT NULL)",
  );
  await pool.query("CREATE INDEX ON by_hand (user_id); CREATE INDEX ON by_hand (expires_at)");
  const statement = (name, sql) => (values) => pool.query({ name, text: sql, values });
  const select = statement("read", "SELECT user_id, expires_at, data FROM by_hand WHERE sid = $1");
  const update = statement("update", "UPDATE by_hand SET data = $2, expires_at = $3 WHERE sid = $1");
  const touch = statement("touch", "UPDATE by_hand SET expires_at = $2 WHERE sid = $1");
  const insert = statement("insert", "INSERT INTO by_hand VALUES ($1, $2, $3, $4)");
  const sids = Array.from({ length: sessions }, () => randomBytes(17).toString("base64url"));
  const end = () => Date.now() + HOUR;
  for (const [i, sid] of sids.entries()) await insert([sid, userOf(i), end(), text]);
  return {
    name: "by hand",
    table: "by_hand",
    read: async (i) => {
      const [row] = (await select([sids[i]])).rows;
      return Number(row.expires_at) > Date.now() && JSON.parse(row.data);
    },
    update: (i, value) => update([sids[i], JSON.stringify({ ...DATA, theme: value }), end()]),
    touch: (i) => touch([sids[i], end()]),
    "sign-in": (i) => insert([randomBytes(17).toString("base64url"), userOf(i), end(), text]),
  };
}

/** Rounds by turns, so that all meet the same disturbances. */
async function compareCalls(all, { rounds, calls }) {
  const rows = [];
  for (const kind of ["read", "update", "touch", "sign-in"]) {
    const times = new Map(all.map(({ name }) => [name, []]));
    for (let round = 0; round <= rounds; round++)
      for (const each of all) {
        const time = await timeOf((i) => each[kind](i % Math.max(calls, 1), `theme ${round}`), calls);
        if (round > 0) times.get(each.name).push(time); // the first one warms up
      }
    for (const [name, list] of times)
      rows.push({
        kind,
        name,
        latency: lowest(list, "latency"),
        own: lowest(list, "cpu"),
      });
  }
  return rows;
}

/** Microseconds a call: the median by the clock, and the mean of this process' processor time. */
async function timeOf(call, calls) {
  const used = process.cpuUsage();
  const times = [];
  for (let i = 0; i < calls; i++) {
    const began = performance.now();
    await call(i);
    times.push(1000 * (performance.now() - began));
  }
  const { user, system } = process.cpuUsage(used);
  return { latency: median(times), cpu: (user + system) / calls };
}

/** Other work on the machine only adds. */
const lowest = (list, key) => Math.min(...list.map((each) => each[key]));

function median(list) {
  return list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
}

/** With its indexes, before any change. */
async function bytesOf(pool, table, sessions) {
  const { rows } = await pool.query("SELECT pg_total_relation_size($1::regclass)::int AS bytes", [table]);
  return Math.round(rows[0].bytes / sessions);
}

/** Of the touches of an hour, one a minute and session, those that wrote to no index. */
async function hotShare(pool, admin, scale) {
  const store = postgresStore({ pool, table: "touched", deadline: 60_000 });
  let records = Array.from({ length: Math.ceil(200 * scale) }, (_, i) => recordOf(i));
  for (const record of records) await store.create(record);
  for (let minute = 1; minute <= 60; minute++)
    records = await Promise.all(
      records.map(async (record) => {
        const at = record.createdAt + minute * MINUTE;
        return (await store.commit(record.sid, { at, touch: { idleTimeout: HOUR } }, record)).record;
      }),
    );
  const counts =
    "SELECT n_tup_upd::int AS all, n_tup_hot_upd::int AS hot FROM pg_stat_user_tables WHERE relname = 'touched'";
  for (let found = { all: 0 }; ; found = (await admin.query(counts)).rows[0])
    if (found.all >= 60 * records.length) return { touches: found.all, hot: found.hot, share: found.hot / found.all };
}

const MOST = 1_000_000;

/** Reads of ten thousand sessions alone and among a million that then expire and are swept, as the manager does it. */
async function growth(pool, admin, scale, { rounds, calls }) {
  const store = postgresStore({ pool, table: "grown", deadline: 60_000 });
  const records = Array.from({ length: Math.ceil(10_000 * scale) }, (_, i) => recordOf(i));
  for (const record of records) await store.create(record);
  const read = (i) => store.load(records[(i * 7919) % records.length].sid);
  const rowOf = async (sessions) => {
    await admin.query("VACUUM ANALYZE grown");
    await admin.query("CHECKPOINT"); // otherwise the disk is busy with the filling
    const times = [];
    for (let round = 0; round < rounds; round++) times.push(await timeOf(read, calls));
    return { sessions, latency: lowest(times, "latency"), own: lowest(times, "cpu") };
  };
  const rows = [await rowOf(records.length)];
  const others = Math.ceil(MOST * scale);
  const now = Date.now();
  await admin.query(
    `INSERT INTO grown SELECT substr(md5(n::text), 1, 22), 'u' || n % 100000, $1::bigint - n, $1::bigint - n, $1::bigint - n,
     repeat('h', 500), $3 FROM generate_series(1, $2::int) AS n`,
    [now, others, text],
  );
  rows.push(await rowOf(records.length + others));
  const times = [];
  for (let deleted = -1; deleted !== 0; ) {
    const began = performance.now();
    deleted = (await store.deleteExpired({ now, limit: 1000 })).length;
    times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.floor((times.length - 1) * share)];
  return { growth: rows, sweep: { sessions: others, median: at(0.5), p99: at(0.99), longest: at(1) } };
}
