// Grouping: what waits goes together, each write has its own fate, nothing overtakes.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { type SqliteDatabase, sqliteStore } from "sessile/sqlite";
import { sampleRecord } from "sessile/testing";
import { GroupCommit, type Outcome } from "#dist/stores/sqlite/group-commit.js";
import type { Operation } from "#dist/stores/sqlite/operations.js";
import { ensureSchema } from "#dist/stores/sqlite/schema.js";
import { WriteQueue, type Writer } from "#dist/stores/sqlite/write-queue.js";
import { newPath, openRaw, openTuned, unable } from "./raw.ts";

const remove = (sid: string) => ({ kind: "delete", sid }) as const;

test("writes that are asked for in one turn go together, and so do those that come while others are under way", async () => {
  const writer = new ScriptedWriter([done, done]);
  const queue = new WriteQueue(writer, 1000);
  const first = [queue.add(remove("a")), queue.add(remove("b"))];
  await writer.started();
  const second = [queue.add(remove("c")), queue.add(remove("d")), queue.add(remove("e"))];
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
function oneEachTurn(queue: WriteQueue): Promise<boolean>[] {
  const added: Promise<boolean>[] = [];
  const arrive = (sid: number) => {
    if (sid < 7) setImmediate(arrive, sid + 1);
    added.push(queue.add(remove(String(sid))));
  };
  arrive(0);
  return added;
}

test("after a group, those of the next turns join while each turn brings more, and four turns at most are waited for", async () => {
  const writer = new ScriptedWriter([done, done, done]);
  const queue = new WriteQueue(writer, 1000);
  for (let i = 0; i < 3; i++) writer.proceed();
  await Promise.all([queue.add(remove("a")), queue.add(remove("b"))]);
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
  const first = queue.add(remove("a"));
  await writer.started();
  const second = queue.add(remove("b"));
  for (let i = 0; i < 3; i++) writer.proceed();
  await Promise.all([first, second]);
  assert.deepEqual(writer.groups, [["a"], ["a", "b"], ["a", "b"]]);
});

test("P10: a write that waited for its whole deadline fails, and one that came late goes on", async () => {
  const writer = new ScriptedWriter([busy, done]);
  const queue = new WriteQueue(writer, 40);
  const early = assert.rejects(queue.add(remove("early")), {
    code: "ERR_SESSION_STORE",
    message: /`busyTimeout` \(40 ms\)/,
  });
  await writer.started();
  await new Promise((resolve) => setTimeout(resolve, 60));
  const late = queue.add(remove("late"));
  writer.proceed();
  await early;
  writer.proceed();
  assert.equal(await late, true);
  assert.deepEqual(writer.groups, [["early"], ["late"]]);
});

test("a transaction that failed fails every write in it, and the next one is tried", async () => {
  const failed: Outcome = { status: "failed", failure: { message: "disk I/O error", code: 10 } };
  const writer = new ScriptedWriter([(operations) => operations.map(() => failed), done]);
  const queue = new WriteQueue(writer, 1000);
  const expected = {
    code: "ERR_SESSION_STORE",
    message: /disk I\/O error/,
    cause: { message: "disk I/O error", code: 10 },
  };
  const rejected = [queue.add(remove("a")), queue.add(remove("b"))].map((write) =>
    assert.rejects(write, ({ code, message, cause }) => {
      assert.deepEqual(
        [code, expected.message.test(message), { ...cause, message: cause.message }],
        [expected.code, true, expected.cause],
      );
      return true;
    }),
  );
  writer.proceed();
  await Promise.all(rejected);
  const next = queue.add(remove("c"));
  writer.proceed();
  assert.equal(await next, true);
});

test("a write means what it meant when it was asked for", async () => {
  const writer = new ScriptedWriter([done]);
  const queue = new WriteQueue(writer, 1000);
  const delta = { at: 1, set: { k: "before" } };
  const write = queue.add({ kind: "commit", sid: "a", delta });
  delta.set.k = "after";
  writer.proceed();
  await write;
  assert.deepEqual((writer.operations[0] as { delta: unknown }).delta, { at: 1, set: { k: "before" } });
});

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

  test("an operation that cannot be done fails alone", () => {
    const database = openRaw(":memory:");
    ensureSchema(database, "shared");
    const [first, second] = [sampleRecord(), sampleRecord()];
    const broken = { ...sampleRecord(), createdAt: "yesterday" } as never;
    const groups = new GroupCommit(database);
    const outcomes = groups.attempt([first, broken, second].map((record) => ({ kind: "create", record })));
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ["done", "failed", "done"],
    );
    const sids = database
      .prepare("SELECT sid FROM sessile_sessions")
      .all()
      .map((row) => (row as { sid: string }).sid);
    assert.deepEqual(sids.sort(), [first.sid, second.sid].sort());
    database.close();
  });

  test("an eviction is undone when the session it was for cannot be stored", () => {
    const database = openRaw(":memory:");
    ensureSchema(database, "shared");
    const groups = new GroupCommit(database);
    const oldest = sampleRecord({ userId: "u" });
    const broken = { ...sampleRecord({ userId: "u" }), data: null } as never;
    const limit = { max: 1, onExceeded: "evictOldest" } as const;
    groups.attempt([{ kind: "create", record: oldest }]);
    groups.attempt([{ kind: "create", record: broken, limit }]);
    assert.notEqual(database.prepare("SELECT 1 FROM sessile_sessions WHERE sid = ?").get(oldest.sid), undefined);
    database.close();
  });

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

  test("a COMMIT that fails is never tried again, and nobody is told that it worked", async () => {
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

type Script = (operations: readonly Operation[]) => readonly Outcome[];

const done: Script = (operations) => operations.map(() => ({ status: "done", value: true }));
const busy: Script = (operations) => operations.map(() => ({ status: "busy" }));

/** Answers one group after the other as told, each when the test lets it. */
class ScriptedWriter implements Writer {
  readonly isBlocking: boolean;
  readonly groups: string[][] = [];
  readonly operations: Operation[] = [];
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

  async attempt(texts: readonly string[]): Promise<readonly Outcome[]> {
    const operations = texts.map((text) => JSON.parse(text) as Operation);
    this.operations.push(...operations);
    this.groups.push(operations.map((operation) => ("sid" in operation ? operation.sid : operation.kind)));
    this.#start();
    while (this.#permits === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#permits--;
    const answer = this.#script[this.groups.length - 1];
    assert.ok(answer !== undefined, "one group more than expected");
    return answer(operations);
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
  const failOnce = (): never => {
    isFailing = false;
    throw Object.assign(new Error("disk I/O error"), { errcode: 10 });
  };
  const prepare = (sql: string) => {
    const statement = raw.prepare(sql);
    if (sql !== "COMMIT") return statement;
    return { get: () => null, all: () => [], run: () => (isFailing ? failOnce() : statement.run()) };
  };
  const failCommit = (): void => {
    isFailing = true;
  };
  return { database: { exec: (sql) => raw.exec(sql), prepare }, failCommit };
}
