// A streaming replica takes over from a primary that was killed under load: what an acknowledged change survives.

import assert from "node:assert/strict";
import { test } from "node:test";
import pg from "pg";
import { postgresStore } from "sessile/postgres";
import type { SessionStore } from "sessile/store";
import { sampleRecord } from "sessile/testing";
import { byDepth } from "sessile-test-support/depth";
import { type PostgresServer, startPostgres, withoutPostgres } from "sessile-test-support/postgres-server";
import { waitUntil } from "sessile-test-support/wait-until";
import { POOLS, patientStore } from "./clients.ts";

const DEEPLY = { timeout: 1_200_000, skip: withoutPostgres };
const ROUNDS = byDepth(1, 2, 20);
const SYNCHRONOUS = ["synchronous_standby_names=*"];

interface Pair {
  readonly primary: PostgresServer;
  readonly replica: PostgresServer;
  /** A superuser's connections to the replica. */
  readonly admin: pg.Pool;
  readonly store: SessionStore;
}

/** The sids of what was acknowledged. */
interface Acknowledged {
  readonly live: Set<string>;
  readonly ended: Set<string>;
}

async function withPair(settings: readonly string[], use: (pair: Pair) => Promise<void>): Promise<void> {
  const primary = await startPostgres(["wal_level=replica", "max_wal_senders=4", ...settings]);
  const replica = await startPostgres([], primary);
  const admin = new pg.Pool({ connectionString: replica.url });
  admin.on("error", () => {});
  const { pool, close } = POOLS.pg(primary.url);
  try {
    await patientStore(pool).stats(); // makes the tables
    await use({ primary, replica, admin, store: postgresStore({ pool, deadline: 1000 }) });
  } finally {
    close().catch(() => {});
    admin.end().catch(() => {});
    await replica.close();
    await primary.close();
  }
}

/** Signs in, and signs half of them out, until a call fails. */
async function write(store: SessionStore, { live, ended }: Acknowledged): Promise<void> {
  for (let i = 0; ; i++) {
    const record = sampleRecord({ userId: `user${i}` });
    try {
      await store.create(record);
      live.add(record.sid);
      if (i % 2 === 0) continue;
      live.delete(record.sid); // in doubt until it is acknowledged
      await store.delete(record.sid);
      ended.add(record.sid);
    } catch {
      return;
    }
  }
}

/** Kills the primary and promotes the replica; the number of acknowledged changes that are not there. */
async function failOver({ primary, replica, admin }: Pair, { live, ended }: Acknowledged) {
  await primary.kill();
  await admin.query("SELECT pg_promote()");
  const { pool, close } = POOLS.pg(replica.url);
  const store = patientStore(pool);
  await waitUntil("the replica has taken over", async () => (await store.load(sampleRecord().sid)) === null);
  let [lost, revived] = [0, 0];
  for (const sid of live) if ((await store.load(sid)) === null) lost++;
  for (const sid of ended) if ((await store.load(sid)) !== null) revived++;
  await close();
  return { signedIn: live.size, lost, signedOut: ended.size, revived };
}

for (const [mode, settings] of [
  ["synchronous", SYNCHRONOUS],
  ["asynchronous", []],
] as const)
  test(
    `R4: the primary is killed under load and its ${mode} replica takes over, ${ROUNDS} times`,
    DEEPLY,
    async (t) => {
      for (let round = 0; round < ROUNDS; round++)
        await withPair(settings, async (pair) => {
          const known: Acknowledged = { live: new Set(), ended: new Set() };
          const writers = Array.from({ length: 8 }, () => write(pair.store, known));
          await waitUntil("there are sign-outs", () => known.ended.size >= 200);
          const [counts] = await Promise.all([failOver(pair, known), ...writers]);
          t.diagnostic(JSON.stringify(counts));
          if (mode === "synchronous") assert.deepEqual([counts.lost, counts.revived], [0, 0]);
        });
    },
  );

test(
  "an asynchronous replica that was cut off before it takes over has none of the later changes",
  DEEPLY,
  async (t) => {
    await withPair([], async (pair) => {
      const { store } = pair;
      const [before, after] = [20, 20].map((length) => Array.from({ length }, () => sampleRecord({ userId: "u" })));
      for (const record of before!) await store.create(record);
      await cutOff(pair, before!.length);
      for (const { sid } of before!) await store.delete(sid);
      for (const record of after!) await store.create(record);
      const sids = (records: typeof before) => new Set(records!.map(({ sid }) => sid));
      const counts = await failOver(pair, { live: sids(after), ended: sids(before) });
      t.diagnostic(JSON.stringify(counts));
      assert.deepEqual([counts.lost, counts.revived], [20, 20], "docs/faults.md says that it loses them");
    });
  },
);

test("without its synchronous replica the primary acknowledges nothing, and reads go on", DEEPLY, async () => {
  await withPair(SYNCHRONOUS, async (pair) => {
    const record = sampleRecord({ userId: "u" });
    await pair.store.create(record);
    await cutOff(pair, 1);
    await assert.rejects(pair.store.delete(record.sid), { code: "ERR_SESSION_STORE" });
    await pair.store.load(record.sid);
    const counts = await failOver(pair, { live: new Set([record.sid]), ended: new Set() });
    assert.equal(counts.lost, 0, "the sign-out was answered 503; the replica that took over has not seen it");
  });
});

/** Ends the replication when this number of sessions has arrived. */
async function cutOff({ admin }: Pair, sessions: number): Promise<void> {
  const count = "SELECT count(*)::int AS count FROM sessile_sessions";
  await waitUntil("they are replicated", async () => (await admin.query(count)).rows[0].count === sessions);
  await admin.query("ALTER SYSTEM SET primary_conninfo = ''");
  await admin.query("SELECT pg_reload_conf()");
  await waitUntil("nothing is received", async () => (await admin.query("TABLE pg_stat_wal_receiver")).rowCount === 0);
}
