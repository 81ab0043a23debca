// Grouping: what waits goes together, each write has its own fate, nothing overtakes.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { type SqliteDatabase, sqliteStore } from "sessile/sqlite";
import type { SessionStore } from "sessile/store";
import { sampleRecord } from "sessile/testing";
import { type Attempt, type Step, WriteQueue, type Writer } from "#dist/stores/sqlite/write-queue.js";
import { newPath, openRaw, openTuned, type RawDatabase, unable } from "./raw.ts";

const remove = (queue: WriteQueue, sid: string) => queue.add("delete a session", ["delete", sid]);

test("writes that are asked for in one turn go together, and so do those that come while others are under way", async () => {
  const writer = new ScriptedWriter([done, done]);
  const queue = new WriteQueue(writer, 1000);
  const first = [remove(queue, "a"), remove(queue, "b")];
  await writer.started();
  const second = [remove(queue, "c"), remove(queue, "d"), remove(queue, "e")];
  writer.proceed();
  await Promise.all(first);
  writer.proceed();
  await Promise.all(second);
  assert.deepEqual(writer.groups, [
    ["a", "b"],
    ["c", "d", "e"],
  ]);
});

/** Adds eight writes to `queue`, one in each turn of the event loop, the first of them now. */
function oneEachTurn(queue: WriteQueue): Promise<unknown>[] {
  const added: Promise<unknown>[] = [];
  const arrive = (sid: number) => {
    if (sid < 7) setImmediate(arrive, sid + 1);
    added.push(remove(queue, String(sid)));
  };
  arrive(0);
  return added;
}

test("after a group, those of the next turns join while each turn brings more, and four turns at most are waited for", async () => {
  const writer = new ScriptedWriter(Array(9).fill(done));
  const queue = new WriteQueue(writer, 1000);
  for (let i = 0; i < 9; i++) writer.proceed();
  await Promise.all([remove(queue, "a"), remove(queue, "b")]);
  const added = oneEachTurn(queue);
  while (added.length < 8) await new Promise((resolve) => setImmediate(resolve));
  await Promise.all(added);
  const joined = writer.groups[1]?.length ?? 0;
  assert.ok(joined > 1 && joined <= 5, `${joined} in one group`); // fewer than five when they took five milliseconds
});

test("a write that comes alone after one that came alone leaves at once, unless the calling thread does the work", async () => {
  for (const [isBlocking, expected] of [
    [false, ["0"]],
    [true, ["0", "1"]],
  ] as const) {
    const writer = new ScriptedWriter([done], isBlocking);
    const added = oneEachTurn(new WriteQueue(writer, 1000));
    await writer.started();
    assert.deepEqual(writer.groups[0]?.slice(0, 2), expected);
    for (const each of added) each.catch(() => {});
  }
});

test("a group that found the file locked is tried again, before those that came later", async () => {
  const writer = new ScriptedWriter([busy, busy, done]);
  const queue = new WriteQueue(writer, 10_000);
  const first = remove(queue, "a");
  await writer.started();
  const second = remove(queue, "b");
  for (let i = 0; i < 3; i++) writer.proceed();
  await Promise.all([first, second]);
  assert.deepEqual(writer.groups, [["a"], ["a", "b"], ["a", "b"]]);
});

test("P10: a write that waited for its whole deadline fails, and one that came late goes on", async () => {
  const writer = new ScriptedWriter([busy, done]);
  const queue = new WriteQueue(writer, 40);
  const early = assert.rejects(remove(queue, "early"), {
    code: "ERR_SESSION_STORE",
    message: /`busyTimeout` \(40 ms\)/,
  });
  await writer.started();
  await new Promise((resolve) => setTimeout(resolve, 60));
  const late = remove(queue, "late");
  writer.proceed();
  await early;
  writer.proceed();
  assert.deepEqual(await late, [["late"]]);
  assert.deepEqual(writer.groups, [["early"], ["late"]]);
});

test("a transaction that failed in its COMMIT fails every write in it and is not tried again, and the next one is tried", async () => {
  const writer = new ScriptedWriter([failedWhen(false), done]);
  const queue = new WriteQueue(writer, 1000);
  const rejected = ["a", "b"].map((sid) => assert.rejects(remove(queue, sid), isDiskError));
  writer.proceed();
  await Promise.all(rejected);
  const next = remove(queue, "c");
  writer.proceed();
  assert.deepEqual(await next, [["c"]]);
  assert.deepEqual(writer.groups, [["a", "b"], ["c"]]);
});

test("of a transaction in which a step failed, each write is tried alone", async () => {
  const writer = new ScriptedWriter([failedWhen(true), done, failedWhen(true), busy, done]);
  const queue = new WriteQueue(writer, 10_000);
  const [a, b, c] = ["a", "b", "c"].map((sid) => remove(queue, sid));
  const rejected = assert.rejects(b as Promise<unknown>, isDiskError);
  for (let i = 0; i < 5; i++) writer.proceed();
  assert.deepEqual(await Promise.all([a, c]), [[["a"]], [["c"]]]);
  await rejected;
  assert.deepEqual(writer.groups, [["a", "b", "c"], ["a"], ["b"], ["c"], ["c"]]);
});

test("every write gets what its own steps found", async () => {
  const writer = new ScriptedWriter([done]);
  const queue = new WriteQueue(writer, 1000);
  const writes = [queue.add("x", ["exists", "1"], ["delete", "2"]), queue.add("x"), queue.add("x", ["delete", "3"])];
  writer.proceed();
  assert.deepEqual(await Promise.all(writes), [[["1"], ["2"]], [], [["3"]]]);
});

/** A store that writes in a thread, and one that writes on a handle; and the file behind it. */
const EITHER = {
  "the thread": (): Opened => {
    const path = newPath();
    const store = sqliteStore({ path });
    const database = openRaw(path);
    return { store, database, close: () => store.close().finally(() => database.close()) };
  },
  "a handle": (): Opened => {
    const database = openTuned(newPath());
    return { store: sqliteStore({ database }), database, close: async () => database.close() };
  },
};

interface Opened {
  readonly store: SessionStore;
  readonly database: RawDatabase;
  readonly close: () => Promise<void>;
}

describe("grouped writes", { skip: unable }, () => {
  test("64 parallel creates take a few transactions", async () => {
    const path = newPath();
    const store = sqliteStore({ path });
    await store.create(sampleRecord());
    const before = transactionsIn(path);
    await Promise.all(Array.from({ length: 64 }, () => store.create(sampleRecord({ userId: "u" }))));
    const count = transactionsIn(path) - before;
    assert.ok(count >= 1 && count <= 4, `${count} transactions`);
    await store.close();
  });

  test("64 parallel commits on a handle take a few transactions", async () => {
    const path = newPath();
    const database = openTuned(path);
    const store = sqliteStore({ database });
    const record = sampleRecord();
    await store.create(record);
    const before = transactionsIn(path);
    await Promise.all(
      Array.from({ length: 64 }, (_, i) => store.commit(record.sid, { at: Date.now(), set: { [`k${i}`]: i } })),
    );
    assert.equal(transactionsIn(path) - before, 1);
    assert.equal((await store.load(record.sid))?.version, 65);
    database.close();
  });

  for (const [name, open] of Object.entries(EITHER)) {
    test(`on ${name}, one that cannot be done fails alone`, async () => {
      const { store, database, close } = open();
      const [first, second] = [sampleRecord(), sampleRecord()];
      const broken = { ...sampleRecord(), createdAt: "yesterday" } as never;
      const created = await Promise.allSettled([first, broken, second].map((record) => store.create(record)));
      assert.deepEqual(
        created.map(({ status }) => status),
        ["fulfilled", "rejected", "fulfilled"],
      );
      const sids = database
        .prepare("SELECT sid FROM sessile_sessions")
        .all()
        .map((row) => (row as { sid: string }).sid);
      assert.deepEqual(sids.sort(), [first.sid, second.sid].sort());
      await close();
    });

    test(`on ${name}, an eviction is undone when the session it was for cannot be stored`, async () => {
      const { store, close } = open();
      const oldest = sampleRecord({ userId: "u" });
      const broken = { ...sampleRecord({ userId: "u" }), data: null } as never;
      await store.create(oldest);
      await assert.rejects(store.create(broken, { max: 1, onExceeded: "evictOldest" }), { code: "ERR_SESSION_STORE" });
      assert.deepEqual(await store.load(oldest.sid), oldest);
      await close();
    });

    test(`on ${name}, 64 commits of one session at once, none of which can wait for another, all stay`, async () => {
      const { store, close } = open();
      const record = sampleRecord();
      await store.create(record);
      const set = (i: number) => ({ at: record.createdAt, set: { [`k${i}`]: i } });
      const committed = await Promise.all(
        Array.from({ length: 64 }, (_, i) => store.commit(record.sid, set(i), record)),
      );
      assert.deepEqual([...new Set(committed.map(({ status }) => status))], ["ok"]);
      const { version, data } = (await store.load(record.sid)) as typeof record;
      assert.deepEqual([version, Object.keys(JSON.parse(data)).length], [65, 64]);
      await close();
    });

    test(`on ${name}, a commit says of the record what the file does, whatever it was given as its base`, async () => {
      const { store, database, close } = open();
      const record = sampleRecord();
      const at = record.createdAt;
      await store.create(record);
      const first = await store.commit(record.sid, { at, set: { a: 1 } }, record);
      const second = await store.commit(record.sid, { at, set: { b: 1 } }, record);
      assert.equal(first.status === "ok" && first.record.version, 2);
      assert.deepEqual(second, { status: "ok", record: await store.load(record.sid) });
      const stale = await store.commit(record.sid, { at, ifVersion: 1, set: { c: 1 } }, record);
      assert.deepEqual(stale, { status: "conflict", record: await store.load(record.sid) });
      database.exec(`UPDATE sessile_sessions SET rotation = '["x"]'`);
      assert.deepEqual(await store.commit(record.sid, { at, set: { d: 1 } }, record), { status: "gone" });
      await store.delete(record.sid);
      assert.deepEqual(await store.commit(record.sid, { at, set: { d: 1 } }, record), { status: "gone" });
      await close();
    });
  }

  test("R11: in a full database creating fails and deleting works, also in one group", async () => {
    const database = openTuned(newPath());
    const store = sqliteStore({ database });
    const victim = sampleRecord();
    await store.create(victim);
    database.exec(
      `PRAGMA max_page_count = ${Number(Object.values(database.prepare("PRAGMA page_count").get() as object)[0])}`,
    );
    const big = sampleRecord({ data: JSON.stringify({ k: "x".repeat(50_000) }) });
    const [created, deleted] = await Promise.allSettled([store.create(big), store.delete(victim.sid)]);
    assert.equal(deleted.status === "fulfilled" && deleted.value, true);
    assert.match(
      String(created.status === "rejected" && created.reason),
      /could not create a session: database or disk is full/,
    );
    assert.deepEqual([await store.load(big.sid), await store.load(victim.sid)], [null, null]);
    database.close();
  });

  test("a COMMIT that fails is never tried again, and no caller is told that it worked", async () => {
    const { database, failCommit } = commitFails(openTuned(newPath()));
    const store = sqliteStore({ database });
    const records = [sampleRecord(), sampleRecord()];
    failCommit();
    for (const answer of await Promise.allSettled(records.map((record) => store.create(record)))) {
      assert.match(String(answer.status === "rejected" && answer.reason), /disk I\/O error/);
    }
    for (const { sid } of records) assert.equal(await store.load(sid), null);
    for (const record of records) assert.equal((await store.create(record)).status, "created");
  });
});

type Script = (steps: readonly Step[]) => Attempt;

const done: Script = (steps) => ({ status: "done", found: steps.map(([, sid]) => [String(sid)]) });
const busy: Script = () => ({ status: "busy" });
const failedWhen =
  (isUndone: boolean): Script =>
  () => ({ status: "failed", error: Object.assign(new Error("disk I/O error"), { code: 10 }), isUndone });

function isDiskError({ code, message, cause }: Error & { code: string; cause: Error }): boolean {
  assert.deepEqual(
    [code, { ...cause, message: cause.message }],
    ["ERR_SESSION_STORE", { message: "disk I/O error", code: 10 }],
  );
  assert.match(message, /could not delete a session: disk I\/O error/);
  return true;
}

/** Answers one group after the other as told, each when the test lets it. */
class ScriptedWriter implements Writer {
  readonly isBlocking: boolean;
  readonly groups: string[][] = [];
  readonly #script: readonly Script[];
  #permits = 0;
  #wake: () => void = () => {};
  #start: () => void = () => {};
  #started = new Promise<void>((resolve) => {
    this.#start = resolve;
  });

  constructor(script: readonly Script[], isBlocking = false) {
    this.#script = script;
    this.isBlocking = isBlocking;
  }

  /** The first group is under way. */
  started(): Promise<void> {
    return this.#started;
  }

  /** Lets one group be answered. */
  proceed(): void {
    this.#permits++;
    this.#wake();
  }

  async attempt(steps: readonly Step[]): Promise<Attempt> {
    this.groups.push(steps.map(([, sid]) => String(sid)));
    this.#start();
    while (this.#permits === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#permits--;
    const answer = this.#script[this.groups.length - 1];
    assert.ok(answer !== undefined, "one group more than expected");
    return answer(steps);
  }

  async close(): Promise<void> {}
}

/** Counts the frames of the log that end a transaction: those say how many pages the file has afterwards. */
function transactionsIn(path: string): number {
  const log = readFileSync(`${path}-wal`);
  const pageSize = log.readUInt32BE(8);
  let count = 0;
  for (let at = 32; at + 24 <= log.length; at += 24 + pageSize) {
    const isCurrent = log.subarray(at + 8, at + 16).equals(log.subarray(16, 24));
    if (isCurrent && log.readUInt32BE(at + 4) > 0) count++;
  }
  return count;
}

function commitFails(raw: SqliteDatabase): { database: SqliteDatabase; failCommit: () => void } {
  let isFailing = false;
  const exec = (sql: string): unknown => {
    if (sql !== "COMMIT" || !isFailing) return raw.exec(sql);
    isFailing = false;
    throw Object.assign(new Error("disk I/O error"), { errcode: 10 });
  };
  const failCommit = (): void => {
    isFailing = true;
  };
  return { database: { exec, prepare: (sql) => raw.prepare(sql) }, failCommit };
}
