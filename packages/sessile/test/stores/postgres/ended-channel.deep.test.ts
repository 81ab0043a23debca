// Other processes are told which sessions ended, over a connection of its own; or they are told to look themselves.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import pg from "pg";
import { headerTransport, SessionManager } from "sessile";
import { type PostgresPool, postgresStore } from "sessile/postgres";
import type { SessionStore } from "sessile/store";
import { mintSession, sampleRecord } from "sessile/testing";
import { startPgbouncer, withoutPgbouncer } from "sessile-test-support/pgbouncer";
import { type PostgresServer, startPostgres, withoutPostgres } from "sessile-test-support/postgres-server";
import { waitUntil } from "sessile-test-support/wait-until";
import { LIBRARIES, POOLS, patientStore } from "./clients.ts";

let server: PostgresServer;
let admin: pg.Pool;
const DEEPLY = { timeout: 120_000, skip: withoutPostgres };

if (withoutPostgres === false) {
  server = await startPostgres();
  admin = new pg.Pool({ connectionString: server.url });
  admin.on("error", () => {});
  after(async () => {
    admin.end().catch(() => {});
    await server.close();
  });
}

interface Hearing {
  readonly heard: (string | null)[];
  readonly store: SessionStore;
}

/** Listens, and waits until that is proven: until then `null` comes twice a second. */
async function listen(pool: PostgresPool, table: string): Promise<Hearing> {
  const store = patientStore(pool, { table });
  const heard: (string | null)[] = [];
  store.watch?.((sid) => heard.push(sid));
  await untilHeard(heard, store);
  return { heard, store };
}

/** Ends sessions until the end of one is heard. */
async function untilHeard(heard: (string | null)[], store: SessionStore): Promise<void> {
  await waitUntil("an end is heard", async () => {
    const { sid } = sampleRecord();
    await store.create(sampleRecord({ sid }));
    await store.delete(sid);
    await new Promise((resolve) => setTimeout(resolve, 20));
    return heard.includes(sid);
  });
}

for (const library of LIBRARIES) {
  test(`a session that ends in another process over ${library} is told, however it ends`, DEEPLY, async () => {
    const [here, elsewhere] = [POOLS[library](server.url), POOLS[library](server.url)];
    const table = `ended_${library}`;
    const { heard, store } = await listen(here.pool, table);
    const other = patientStore(elsewhere.pool, { table });
    const [signedOut, revoked, evicted] = ["a", "b", "c"].map((userId) => sampleRecord({ userId }));
    for (const record of [signedOut, revoked, evicted]) await other.create(record!);
    heard.length = 0;
    await other.commit(signedOut!.sid, { at: Date.now(), set: { k: 1 } });
    await other.delete(signedOut!.sid);
    await other.deleteByUser("b");
    await other.create(sampleRecord({ userId: "c" }), { max: 1, onExceeded: "evictOldest" });
    await waitUntil("all three are heard", () => heard.filter((sid) => sid !== null).length >= 3);
    assert.deepEqual(
      heard.filter((sid) => sid !== null).sort(),
      [signedOut?.sid, revoked?.sid, evicted?.sid].sort(),
      "and no change is told that is not an end",
    );
    await store.close();
    await here.close();
    await elsewhere.close();
  });

  test(`connections close when their session ends in another process over ${library}`, DEEPLY, async () => {
    const [here, elsewhere] = [POOLS[library](server.url), POOLS[library](server.url)];
    const table = `closing_${library}`;
    const stores = [patientStore(here.pool, { table }), patientStore(elsewhere.pool, { table })] as const;
    const [one, two] = stores.map((store) => new SessionManager({ store, transports: [headerTransport()] })) as [
      SessionManager,
      SessionManager,
    ];
    const { headers } = await mintSession(one, "42");
    const request = { method: "GET", path: "/", header: (name: string) => headers[name] };
    const { session } = await one.open(request);
    let endedAt = 0;
    session.onEnded(() => {
      endedAt = performance.now();
    });
    await untilHeard(await heardBy(stores[0]), stores[1]);
    const began = performance.now();
    await two.revoke(session.sid as string);
    await waitUntil("it is closed", () => endedAt > 0);
    assert.ok(endedAt - began < 400, `${endedAt - began} ms: sooner than asking twice a second would notice`);
    for (const manager of [one, two]) await manager.close();
    await here.close();
    await elsewhere.close();
  });
}

for (const library of LIBRARIES) {
  test(`a lost connection is told over ${library}, and another one listens`, DEEPLY, async () => {
    const { pool, close } = POOLS[library](server.url);
    const { heard, store } = await listen(pool, `lost_${library}`);
    const second = await listen(pool, `lost_${library}`);
    for (let round = 0; round < 3; round++) {
      heard.length = 0;
      await admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ILIKE 'listen%'");
      await waitUntil("something may have been missed", () => heard.includes(null));
      await untilHeard(heard, store);
      await untilHeard(second.heard, store);
    }
    await store.close();
    await untilHeard(second.heard, second.store);
    await second.store.close();
    const last = "SELECT FROM pg_stat_activity WHERE query ILIKE 'listen%'";
    await waitUntil("nothing listens", async () => (await admin.query(last)).rowCount === 0);
    await close();
  });

  test(`an end that is not announced over ${library} is found by looking`, DEEPLY, async () => {
    const { pool, close } = POOLS[library](server.url);
    const table = `unannounced_${library}`;
    const store = patientStore(pool, { table });
    const manager = new SessionManager({ store, transports: [headerTransport()] });
    const { headers } = await mintSession(manager, "42");
    const { session } = await manager.open({ method: "GET", path: "/", header: (name) => headers[name] });
    let isEnded = false;
    session.onEnded(() => {
      isEnded = true;
    });
    await untilHeard(await heardBy(store), store);
    await admin.query(`DELETE FROM ${table}`);
    await admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ILIKE 'listen%'");
    await waitUntil("it is closed", () => isEnded);
    await manager.close();
    await close();
  });
}

async function heardBy(store: SessionStore): Promise<(string | null)[]> {
  const heard: (string | null)[] = [];
  store.watch?.((sid) => heard.push(sid));
  return heard;
}

test("through a pooler that passes nothing on, listeners look for themselves", {
  ...DEEPLY,
  skip: withoutPostgres || withoutPgbouncer,
}, async () => {
  const bouncer = await startPgbouncer(server);
  const { pool, close } = POOLS.pg(bouncer.url, 5);
  const store = patientStore(pool, { table: "silent" });
  const heard: (string | null)[] = [];
  store.watch?.((sid) => heard.push(sid));
  await waitUntil("it was told to look three times", () => heard.filter((sid) => sid === null).length >= 3);
  await store.close();
  await close();
  await bouncer.close();
});

test("without announcements there is no `watch`, and nothing is sent to the channel", DEEPLY, async () => {
  const { pool, close } = POOLS.pg(server.url);
  const quiet = postgresStore({ pool, table: "quiet", deadline: 20_000, announce: false });
  assert.equal(quiet.watch, undefined);
  const listener = new pg.Client(server.url);
  await listener.connect();
  const messages: unknown[] = [];
  listener.on("notification", ({ payload }) => messages.push(payload));
  await listener.query('LISTEN "quiet_ended"');
  const record = sampleRecord({ userId: "u" });
  await quiet.create(record);
  await quiet.delete(record.sid);
  await quiet.deleteByUser("u");
  await admin.query("SELECT pg_notify('quiet_ended', 'last')");
  await waitUntil("the last message is heard", () => messages.length > 0);
  assert.deepEqual(messages, ["last"]);
  await listener.end();
  await close();
});
