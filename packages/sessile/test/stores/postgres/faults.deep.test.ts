// PostgreSQL hangs, dies, is full, is a replica: 503 in time, nothing acknowledged is undone, and it goes on by itself.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdtempSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import pg from "pg";
import { postgresStore } from "sessile/postgres";
import type { SessionRecord, SessionStore } from "sessile/store";
import { sampleRecord } from "sessile/testing";
import { byDepth } from "sessile-test-support/depth";
import {
  type PostgresServer,
  startPostgres,
  UNPRIVILEGED,
  withoutPostgres,
} from "sessile-test-support/postgres-server";
import { waitUntil } from "sessile-test-support/wait-until";
import { LIBRARIES, POOLS, patientStore } from "./clients.ts";

const DEADLINE = 300;
const DEEPLY = { timeout: 300_000, skip: withoutPostgres };
const STORE_ERROR = { code: "ERR_SESSION_STORE" };

/** Uses a store with this deadline, on a server of its own. */
async function withStore(
  library: (typeof LIBRARIES)[number],
  settings: readonly string[],
  use: (store: SessionStore, server: PostgresServer) => Promise<void>,
  options: object = {},
): Promise<void> {
  const server = await startPostgres(settings);
  const { pool, close } = POOLS[library](server.url, 10, options);
  try {
    await patientStore(pool).stats(); // makes the tables
    await use(postgresStore({ pool, deadline: DEADLINE }), server);
  } finally {
    await server.close();
    close().catch(() => {}); // its server is gone
  }
}

async function failsInTime(call: () => Promise<unknown>): Promise<void> {
  const began = performance.now();
  await assert.rejects(call(), STORE_ERROR);
  // A machine may be four times slower; without a deadline it would take forever.
  assert.ok(performance.now() - began < 20 * DEADLINE);
}

async function returnsTo(store: SessionStore, record: SessionRecord): Promise<void> {
  await waitUntil("the session can be loaded again", async () => (await store.load(record.sid)) !== null);
}

for (const library of LIBRARIES) {
  test(`P2: while Postgres hangs every call fails in time over ${library}, and all goes on afterwards`, DEEPLY, () =>
    withStore(library, [], async (store, server) => {
      const record = sampleRecord({ userId: "u" });
      await store.create(record);
      server.pause();
      const calls = [
        () => store.load(record.sid),
        () => store.list("u"),
        () => store.commit(record.sid, { at: record.createdAt, set: { k: 1 } }, record),
        () => store.create(sampleRecord({ userId: "u" })),
        () => store.deleteByUser("nobody"),
      ];
      await Promise.all(calls.map(failsInTime));
      await Promise.all(Array.from({ length: 100 }, () => failsInTime(() => store.load(record.sid))));
      assert.equal((await circuitOf(store)).state, "open");
      server.resume();
      await returnsTo(store, record);
    }),
  );

  test(`R3: a Postgres that is killed and started again costs 503s and no restart over ${library}`, DEEPLY, () =>
    withStore(library, [], async (store, server) => {
      const record = sampleRecord({ userId: "u" });
      await store.create(record);
      await server.kill();
      await failsInTime(() => store.load(record.sid));
      await failsInTime(() => store.delete(record.sid));
      await server.restart();
      await returnsTo(store, record);
      await waitUntil("a write succeeds", () => store.delete(record.sid));
      assert.equal(await store.load(record.sid), null);
    }),
  );

  test(`a Postgres without a free connection costs 503s until it has one over ${library}`, DEEPLY, () =>
    withStore(library, ["max_connections=8", "superuser_reserved_connections=0"], async (_store, server) => {
      const record = sampleRecord({ userId: "u" });
      const first = POOLS[library](server.url, 1);
      await patientStore(first.pool).create(record);
      await first.close();
      const taken: pg.Client[] = [];
      for (let isFull = false; !isFull; ) {
        const client = new pg.Client(server.url);
        client.on("error", () => {});
        await client.connect().then(
          () => taken.push(client),
          () => (isFull = true),
        );
      }
      const late = POOLS[library](server.url, 2);
      const store = postgresStore({ pool: late.pool, deadline: DEADLINE });
      await failsInTime(() => store.load(record.sid));
      for (const client of taken) await client.end();
      await returnsTo(store, record);
      await late.close();
    }),
  );

  test(`a statement that Postgres or the deadline ends gives back its connection over ${library}`, DEEPLY, () =>
    withStore(library, [], async (_store, server) => {
      for (const [deadline, statementTimeout] of [
        [20_000, 50],
        [DEADLINE, 0],
      ] as const) {
        const limit =
          library === "pg"
            ? { statement_timeout: statementTimeout }
            : { connection: { statement_timeout: statementTimeout } };
        const { pool, close } = POOLS[library](server.url, 1, limit);
        const store = postgresStore({ pool, deadline });
        const record = sampleRecord({ userId: "u" });
        await waitUntil("the session is created", async () => (await store.create(record)).status !== "refused");
        const other = new pg.Client(server.url);
        await other.connect();
        await other.query("BEGIN");
        await other.query("SELECT FROM sessile_sessions WHERE sid = $1 FOR UPDATE", [record.sid]);
        const change = { at: record.createdAt, set: { k: 1 } };
        await assert.rejects(store.commit(record.sid, change, record), STORE_ERROR);
        await returnsTo(store, record);
        await other.end();
        assert.equal((await store.load(record.sid))?.version, 1, "what failed is not done later");
        await close();
      }
    }),
  );

  test(`a full disk costs sign-ins alone, and none once there is room over ${library}`, DEEPLY, (t) =>
    withStore(library, [], async (_store, server) => {
      const disk = smallDisk();
      if (disk === null) return t.skip("needs a tmpfs of its own: mount, as root");
      t.after(() => disk.unmount());
      const admin = new pg.Client(server.url);
      await admin.connect();
      await admin.query(`CREATE TABLESPACE small LOCATION '${disk.folder}'`);
      await admin.query("ALTER ROLE postgres SET default_tablespace = small");
      await admin.end();
      const { pool, close } = POOLS[library](server.url);
      const table = "on_a_small_disk";
      const record = sampleRecord({ userId: "u" });
      await patientStore(pool, { table }).create(record);
      const store = postgresStore({ pool, table, deadline: 20 * DEADLINE });
      disk.fill();
      const signIn = () => store.create(sampleRecord({ userId: "u", data: JSON.stringify({ k: "v".repeat(20_000) }) }));
      await waitUntil("sign-ins fail", async () =>
        signIn().then(
          () => false,
          () => true,
        ),
      );
      for (let i = 0; i < 60; i++) await assert.rejects(signIn(), STORE_ERROR);
      assert.equal((await store.load(record.sid))?.sid, record.sid, "reads go on");
      assert.equal(await store.delete(record.sid), true, "and sign-outs");
      assert.equal(await store.load(record.sid), null);
      disk.empty();
      assert.equal((await signIn()).status, "created");
      await close();
    }),
  );

  test(`R4: a replica is refused over ${library}, and taken when it is promoted`, DEEPLY, async () => {
    const primary = await startPostgres(["wal_level=replica", "max_wal_senders=4"]);
    const replica = await startPostgres([], primary);
    const [on, behind] = [POOLS[library](primary.url), POOLS[library](replica.url)];
    try {
      const record = sampleRecord({ userId: "u" });
      await patientStore(on.pool).create(record);
      const store = patientStore(behind.pool);
      const admin = new pg.Client(replica.url);
      await admin.connect();
      const count = "SELECT count(*)::int AS count FROM sessile_sessions";
      await waitUntil("it is replicated", async () => (await admin.query(count)).rows[0].count === 1);
      const refused = { code: "ERR_SESSION_STORE", message: /leads to a replica/ };
      for (const call of [() => store.load(record.sid), () => store.list("u"), () => store.delete(record.sid)])
        await assert.rejects(call(), refused);
      await primary.kill();
      await admin.query("SELECT pg_promote()");
      await admin.end();
      await returnsTo(store, record);
      assert.equal(await store.delete(record.sid), true);
    } finally {
      await replica.close();
      await primary.close();
      on.close().catch(() => {});
      behind.close().catch(() => {});
    }
  });
}

const KILLS = byDepth(2, 10, 200);

test(
  `R1: ${KILLS} times killed under load, no acknowledged sign-out comes back and no sign-in is lost`,
  DEEPLY,
  async (t) => {
    const server = await startPostgres();
    const { pool, close } = POOLS.pg(server.url);
    const count = { created: 0, deleted: 0, changed: 0, failed: 0 };
    try {
      await patientStore(pool).stats();
      for (let kill = 0; kill < KILLS; kill++) {
        const store = postgresStore({ pool, deadline: 2000 });
        const [live, dead, changed] = [new Set<string>(), new Set<string>(), new Map<string, number>()];
        let isOver = false;
        const write = async (writer: number): Promise<void> => {
          while (!isOver) {
            const record = sampleRecord({ userId: `user${writer}` });
            const { sid } = record;
            try {
              await store.create(record);
              live.add(sid);
              const answer = await store.commit(sid, { at: record.createdAt, set: { n: kill } }, record);
              if (answer.status === "ok") changed.set(sid, kill);
              if (Math.random() < 0.5) continue;
              live.delete(sid); // in doubt until it is acknowledged
              if (await store.delete(sid)) dead.add(sid);
            } catch {
              count.failed++;
              return;
            }
          }
        };
        const writers = Array.from({ length: 8 }, (_, writer) => write(writer));
        await waitUntil("there are sign-outs", () => dead.size >= 30);
        await server.kill();
        isOver = true;
        await Promise.all(writers);
        await server.restart();
        const reader = patientStore(pool);
        await waitUntil("it answers", async () => (await reader.load(sampleRecord().sid)) === null);
        for (const sid of dead) assert.equal(await reader.load(sid), null, "an acknowledged sign-out came back");
        for (const sid of live) {
          const found = await reader.load(sid);
          assert.ok(found !== null, "an acknowledged sign-in was lost");
          if (changed.has(sid)) assert.equal(found.data, `{"n":${kill}}`, "an acknowledged change was lost");
        }
        count.created += live.size;
        count.deleted += dead.size;
        count.changed += changed.size;
      }
      t.diagnostic(JSON.stringify(count));
    } finally {
      await server.close();
      close().catch(() => {}); // its server is gone
    }
  },
);

/** A file system of 4 MiB for Postgres; `null` where none can be mounted. */
function smallDisk(): { folder: string; fill(): void; empty(): void; unmount(): void } | null {
  const folder = mkdtempSync(join(tmpdir(), "sessile-small-disk-"));
  const owner = UNPRIVILEGED.uid === undefined ? "" : `,uid=${UNPRIVILEGED.uid},gid=${UNPRIVILEGED.gid}`;
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=4m,mode=700${owner}`, "tmpfs", folder]);
  const file = join(folder, "filler");
  if (status !== 0) {
    rmdirSync(folder);
    return null;
  }
  return {
    folder,
    fill() {
      const chunk = Buffer.alloc(16_384);
      try {
        for (;;) appendFileSync(file, chunk);
      } catch {}
    },
    empty: () => rmSync(file),
    unmount() {
      spawnSync("umount", ["--lazy", folder]);
      rmdirSync(folder);
    },
  };
}

/** By the message of a call that the circuit lets fail: `stats` itself asks Postgres. */
async function circuitOf(store: SessionStore): Promise<{ state: string }> {
  const message = await store.stats().catch((error: Error) => error.message);
  return { state: /is out and will be asked again/.test(String(message)) ? "open" : String(message) };
}
