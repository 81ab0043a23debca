// `sessile migrate`: sessions that begin, change and end during the copy, and the stores that must not be served
// meanwhile.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { headerTransport, type SessionData, SessionManager } from "sessile";
import { sqliteStore } from "sessile/sqlite";
import type { SessionStore } from "sessile/store";
import { pausingStore, sampleRecord } from "sessile/testing";
import { temporaryFolder } from "sessile-test-support/folder";
import { startRedis } from "sessile-test-support/redis-server";
import { Copy } from "#dist/cli/migrate/copy.js";
import { abandon, Migration } from "#dist/cli/migrate/migration.js";
import { EndEveryone } from "#dist/console/end-everyone.js";
import { MARKER_SID, readMarker, setMarker, withoutMarker } from "#dist/store/marker.js";
import { openStore } from "#dist/store/open-store.js";
import { call, profile, signIn, signOut } from "../support/client.ts";
import { startServer } from "../support/server-process.ts";
import { freshStore } from "../support/stores.ts";
import { cli } from "./cli.ts";

const quiet = () => ({ update() {}, end() {} });
const never = new AbortController().signal;

const folder = temporaryFolder();
let files = 0;

function freshSqlite(): SessionStore {
  return sqliteStore({ path: join(folder, `${files++}.db`) });
}

/** A store in which a session begins with every read. */
function restlessStore(store: SessionStore): SessionStore {
  const scan: SessionStore["scan"] = async (page) => {
    await store.create(sampleRecord());
    return store.scan(page);
  };
  return new Proxy(store, {
    get: (target, name: keyof SessionStore) => (name === "scan" ? scan : target[name]?.bind(target as never)),
  });
}

async function pair(kind: "sqlite" | "redis") {
  const target = await freshStore(kind);
  const opened = await openStore({ store: target.option, cache: null, confirmReplicas: 0, deadline: 10_000 });
  const close = async () => {
    await opened.store.close();
    await opened.close();
    await target.close();
  };
  return { from: freshSqlite(), to: opened.store, close };
}

async function all(store: SessionStore): Promise<Map<string, unknown>> {
  const found = new Map<string, unknown>();
  for (let after: string | null | undefined; after !== null; ) {
    const { records, next } = await store.scan({ limit: 1000, ...(after !== undefined && { after }) });
    for (const record of records) if (record.sid !== MARKER_SID) found.set(record.sid, { ...record });
    after = next;
  }
  return found;
}

for (const kind of ["sqlite", "redis"] as const) {
  test(`F3: sessions that begin, change, rotate and end during a pass are right after the next one, in ${kind}`, async (t) => {
    const { from, to, close } = await pair(kind);
    t.after(close);
    const day = 86_400_000;
    const records = Array.from({ length: 300 }, (_, i) =>
      sampleRecord({
        userId: i % 10 === 0 ? null : `u${i % 7}`,
        createdAt: Date.now() - (i % 20) * 60_000,
        absoluteExpiresAt: Date.now() + day,
        expiresAt: Date.now() + day,
        idleTimeout: i % 3 === 0 ? null : day,
        persistent: i % 2 === 0,
      }),
    );
    for (const record of records) await from.create(record);
    const copy = new Copy({ from, to }, never);
    const [changed, rotated, ended, began] = [
      records[1],
      records[2],
      records[3],
      sampleRecord({ userId: "new" }),
    ] as const;
    await copy.pass(() => {
      // After the walk has shown a page and before the pass ends: what it does now, the pass does not see.
      void from.commit(changed?.sid ?? "", { at: Date.now(), set: { k: 1 } });
    });
    await from.commit(rotated?.sid ?? "", {
      at: Date.now(),
      rotate: { kind: "replace", family: "f", from: rotated?.secretDigest ?? "", to: "another" },
    });
    await from.delete(ended?.sid ?? "");
    await from.deleteByUser("u4");
    await from.create(began);
    assert.ok((await to.load(ended?.sid ?? "")) !== null, "the copy does not know yet");
    const { created, deleted } = await copy.pass(() => {});
    assert.equal(created, 1);
    assert.ok(deleted > 1);
    assert.deepEqual(await all(to), await all(from));
    assert.deepEqual(await copy.pass(() => {}), { created: 0, replaced: 0, deleted: 0 });
    const listed = (await to.list("u5", { limit: 1000 })).records.map(({ sid }) => sid);
    assert.deepEqual(listed.sort(), (await from.list("u5", { limit: 1000 })).records.map(({ sid }) => sid).sort());
  });
}

test("F3: a session that ends between being read and being copied is gone after the next pass", async () => {
  const [from, inner] = [freshSqlite(), freshSqlite()];
  const to = pausingStore(inner);
  const record = sampleRecord({ userId: "u" });
  await from.create(record);
  const copy = new Copy({ from, to }, never);
  const held = to.pause("create");
  const passing = copy.pass(() => {});
  await held.reached;
  await from.delete(record.sid);
  held.open();
  await passing;
  assert.notEqual(await inner.load(record.sid), null, "copied after it had ended");
  await copy.pass(() => {});
  assert.equal(await inner.load(record.sid), null);
});

test("a run that was interrupted goes on where it was, and ends what ended meanwhile", async () => {
  const [from, to] = [freshSqlite(), freshSqlite()];
  const records = Array.from({ length: 2500 }, () => sampleRecord());
  await Promise.all(records.map((record) => from.create(record)));
  const stop = new AbortController();
  const interrupted = new Migration({ store: from, name: "a" }, { store: to, name: "b" }, stop.signal, () => ({
    update: () => stop.abort(),
    end() {},
  }));
  await interrupted.begin().catch(() => {});
  await assert.rejects(interrupted.copyLive());
  for (const { sid } of records.slice(0, 50)) await from.delete(sid);
  const again = new Migration({ store: from, name: "a" }, { store: to, name: "b" }, never, quiet);
  await again.begin();
  await again.copyLive();
  const verdict = await again.finish();
  assert.deepEqual(verdict, { same: 2450, missing: [], revived: [], different: [] });
});

test("a source that goes on changing is not handed over, and a target with sessions of its own is left alone", async () => {
  const [from, to] = [freshSqlite(), freshSqlite()];
  await from.create(sampleRecord());
  const restless = new Migration({ store: restlessStore(from), name: "a" }, { store: to, name: "b" }, never, quiet);
  await restless.begin();
  await assert.rejects(restless.finish(), /a still changes\. Stop all servers/);
  const taken = freshSqlite();
  const theirs = sampleRecord();
  await taken.create(theirs);
  const refused = new Migration({ store: freshSqlite(), name: "d" }, { store: taken, name: "c" }, never, quiet);
  await assert.rejects(refused.begin(), /c holds sessions already/);
  assert.notEqual(await taken.load(theirs.sid), null);
  const other = new Migration({ store: freshSqlite(), name: "x" }, { store: to, name: "b" }, never, quiet);
  await assert.rejects(other.begin(), /b belongs to a migration from or to a/);
});

test("F3: served sessions move from SQLite to Redis: those signed in stay so, those signed out do not come back", async (t) => {
  const [source, target] = [await freshStore("sqlite"), await freshStore("redis")];
  t.after(target.close);
  const old = await startServer(["--store", source.option]);
  t.after(() => old.end("SIGKILL"));
  const tokens: string[] = [];
  for (let i = 0; i < 20; i++) tokens.push(await signIn(old.url));
  const migrate = (...args: string[]) => cli(["migrate", "--from", source.option, "--to", target.option, ...args]);
  const live = await migrate("--json");
  assert.equal(live.code, 0, live.stderr);
  assert.equal((JSON.parse(live.stdout) as { finished: boolean }).finished, false);
  for (const token of tokens.slice(0, 5)) await signOut(old.url, token);
  tokens.push(await signIn(old.url));
  await assert.rejects(startServer(["--store", target.option]), /is being filled with the sessions of sqlite:/);
  const final = await migrate("--final", "--json");
  assert.equal(final.code, 0, final.stderr);
  const { same, finished } = JSON.parse(final.stdout) as { same: number; finished: boolean };
  assert.deepEqual([same, finished], [16, true]);
  const ready = await call(old.url, "GET", "/health/ready");
  assert.deepEqual([ready.status, ready.body], [503, { detail: "Store has moved" }], "a server that was forgotten");
  await old.end();
  await assert.rejects(startServer(["--store", source.option]), /have moved to redis:.*Use that as --store/);
  const doctor = await cli(["doctor", "--store", source.option]);
  assert.equal(doctor.code, 1);
  assert.match(doctor.stdout, /^fails {2}store .*have moved to redis:/m);
  const server = await startServer(["--store", target.option]);
  t.after(() => server.end("SIGKILL"));
  for (const [i, token] of tokens.entries()) assert.equal((await profile(server.url, token)).status, i < 5 ? 401 : 200);
  assert.equal((await call(server.url, "GET", "/health/ready")).status, 200);
});

test("the way back is a migration the other way, and an unfinished one can be abandoned", async () => {
  const [a, b] = [await freshStore("sqlite"), await freshStore("sqlite")];
  const run = (from: string, to: string, ...args: string[]) => cli(["migrate", "--from", from, "--to", to, ...args]);
  const server = await startServer(["--store", a.option]);
  const token = await signIn(server.url);
  await server.end();
  assert.equal((await run(a.option, b.option, "--final")).code, 0);
  const moved = await startServer(["--store", b.option]);
  const second = await signIn(moved.url);
  await signOut(moved.url, token);
  await moved.end();
  assert.equal((await run(b.option, a.option, "--final")).code, 0);
  const back = await startServer(["--store", a.option]);
  assert.deepEqual([(await profile(back.url, token)).status, (await profile(back.url, second)).status], [401, 200]);
  await back.end();
  assert.equal((await run(a.option, b.option)).code, 0);
  assert.match((await run(a.option, b.option, "--abandon")).stdout, /may be served again/);
  const served = await startServer(["--store", a.option]);
  await served.end();
  await assert.rejects(startServer(["--store", b.option]), /is being filled/);
});

test("F3: sessions that have moved are not copied a second time from what was left behind", async () => {
  const [from, to] = [freshSqlite(), freshSqlite()];
  const record = sampleRecord();
  await from.create(record);
  const first = new Migration({ store: from, name: "a" }, { store: to, name: "b" }, never, quiet);
  await first.begin();
  await first.finish();
  await to.delete(record.sid);
  for (const target of [
    { store: to, name: "b" }, // empty again, because all users signed out
    { store: freshSqlite(), name: "c" },
  ]) {
    const second = new Migration({ store: from, name: "a" }, target, never, quiet);
    await assert.rejects(second.begin(), /a have moved to b, .*Migrate from b\./);
    assert.equal(await target.store.load(record.sid), null);
  }
});

test("F3: a migration is abandoned by its own two stores only", async () => {
  const [a, d] = [freshSqlite(), freshSqlite()];
  await setMarker(a, { state: "moved", store: "b" });
  await setMarker(d, { state: "filling", store: "c" });
  const stranger = abandon({ store: a, name: "a" }, { store: d, name: "d" });
  await assert.rejects(stranger, /no unfinished migration from a into d/);
  await setMarker(d, { state: "filling", store: "a" });
  await abandon({ store: a, name: "a" }, { store: d, name: "d" });
  assert.deepEqual(await readMarker(a), { state: "moved", store: "b" }, "what was handed to another is not taken back");
});

test("F3: the mark of a store changes in one step; no revocation ends it, and no list shows it", async () => {
  const store = freshSqlite();
  await setMarker(store, { state: "moved", store: "b" });
  const broken = new Proxy(store, {
    get: (target, name: keyof SessionStore) => {
      if (name === "commit") return () => Promise.reject(new Error("a crash"));
      return target[name]?.bind(target as never);
    },
  });
  await assert.rejects(setMarker(broken, { state: "filling", store: "b" }), /a crash/);
  assert.deepEqual(await readMarker(store), { state: "moved", store: "b" });
  await setMarker(store, { state: "filling", store: "b" });
  assert.deepEqual(await readMarker(store), { state: "filling", store: "b" });
  await store.create(sampleRecord({ userId: null }));
  const seen = withoutMarker(store);
  const manager = new SessionManager<SessionData>({ store: seen, transports: [headerTransport()], sweepInterval: 0 });
  const everyone = new EndEveryone(manager);
  assert.equal(await everyone.run(), 1);
  assert.deepEqual(await readMarker(store), { state: "filling", store: "b" });
  const path = join(folder, `${files++}.db`);
  const marked = sqliteStore({ path });
  await setMarker(marked, { state: "moved", store: "b" });
  await marked.close();
  const run = (...args: string[]) => cli([...args, "--store", `sqlite:${path}`]);
  assert.equal((await run("sessions", "list")).stdout, "There are no live sessions here.\n");
  assert.equal((await run("sessions", "list", "--all", "--json")).stdout, "");
  assert.equal((JSON.parse((await run("stats", "--count", "--json")).stdout) as { live: number }).live, 0);
  for (const command of ["show", "revoke"]) assert.equal((await run("sessions", command, MARKER_SID)).code, 1);
  const again = sqliteStore({ path });
  assert.deepEqual(await readMarker(again), { state: "moved", store: "b" });
  await again.close();
});

test("two Redis with different passwords need neither on the command line", async (t) => {
  const [from, to] = await Promise.all(["old", "new"].map((word) => startRedis(["--requirepass", word])));
  t.after(() => Promise.all([from?.close(), to?.close()]));
  const args = ["migrate", "--from", `${from?.url}`, "--to", `${to?.url}`, "--final", "--json"];
  const both = await cli(args, { SESSILE_SOURCE_PASSWORD: "old", SESSILE_REDIS_PASSWORD: "new" });
  assert.equal(both.code, 0, both.stderr);
  for (const word of ["old", "new"]) {
    const { code, stderr } = await cli(args, { SESSILE_REDIS_PASSWORD: word });
    assert.equal(code, 2);
    assert.match(stderr, /cannot be reached: WRONGPASS/);
  }
});

test("what cannot be migrated is refused with what to do", async () => {
  const run = (...args: string[]) => cli(["migrate", ...args]);
  assert.match((await run("--to", "memory")).stderr, /--from is needed/);
  assert.match((await run("--from", "memory", "--to", "sqlite:x.db")).stderr, /inside the server's own process/);
  assert.match((await run("--from", "sqlite:/no.db", "--to", "sqlite:/no.db")).stderr, /are the same store/);
  assert.match((await run("--from", "sqlite:/no.db", "--to", "sqlite:/no2.db")).stderr, /There is no store/);
});
