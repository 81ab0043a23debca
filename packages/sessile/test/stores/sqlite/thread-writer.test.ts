// The writer thread: it keeps no program alive, loses no write, and may die.

import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, renameSync, statSync } from "node:fs";
import { describe, test } from "node:test";
import type { Worker } from "node:worker_threads";
import { sqliteStore } from "sessile/sqlite";
import type { SessionStore } from "sessile/store";
import { sampleRecord } from "sessile/testing";
import { isNode, newPath, openRaw, runElsewhere, unable } from "./raw.ts";

describe("the writer thread", { skip: unable }, () => {
  test("when it dies, the write that waits fails and the next one works", async () => {
    const path = newPath();
    const { store, worker } = await openWatched(path);
    await store.create(sampleRecord());
    const blocker = openRaw(path);
    blocker.exec("BEGIN IMMEDIATE");
    const waiting = assert.rejects(store.create(sampleRecord()), {
      code: "ERR_SESSION_STORE",
      message: /the writer thread ended/,
    });
    await new Promise((resolve) => setImmediate(resolve));
    await worker.terminate();
    await waiting;
    blocker.exec("COMMIT");
    blocker.close();
    const record = sampleRecord();
    assert.equal((await store.create(record)).status, "created");
    assert.deepEqual(await store.load(record.sid), record);
    await store.close();
  });

  test("when it died while idle, no call fails", async () => {
    const { store, worker } = await openWatched(newPath());
    await store.create(sampleRecord());
    await worker.terminate();
    assert.equal((await store.create(sampleRecord())).status, "created");
    await store.close();
  });

  test("after the file was taken away writes fail and no second file is made in its place", async () => {
    const path = newPath();
    const { store, worker } = await openWatched(path);
    await store.create(sampleRecord());
    await worker.terminate();
    renameSync(path, `${path}.moved`);
    await assert.rejects(store.create(sampleRecord()), {
      code: "ERR_SESSION_STORE",
      message: /was removed or exchanged/,
    });
    assert.ok(!existsSync(path));
    renameSync(`${path}.moved`, path);
    assert.equal((await store.create(sampleRecord())).status, "created");
    await store.close();
  });

  test("M6: close waits for every write that was asked for, and empties the log", async () => {
    const path = newPath();
    const store = sqliteStore({ path });
    const records = Array.from({ length: 500 }, () => sampleRecord());
    const creating = Promise.all(records.map((record) => store.create(record)));
    const other = openRaw(path);
    other.prepare("SELECT count(*) FROM sessile_sessions").get();
    await store.close();
    assert.ok((await creating).every(({ status }) => status === "created"));
    assert.equal(statSync(`${path}-wal`).size, 0);
    other.close();
    const again = sqliteStore({ path });
    assert.equal((await again.stats()).sessions, 500);
    await again.close();
  });

  test("close may be called twice, and leaves nothing open", async () => {
    const path = newPath();
    const { store, worker } = await openWatched(path);
    const ended = once(worker, "exit");
    await Promise.all([store.close(), store.close()]);
    await ended;
    assert.ok(!existsSync(`${path}-wal`) && !existsSync(`${path}-shm`));
  });

  test("a program that does not close its store ends all the same", async () => {
    const path = newPath();
    const output = await run(path, `await store.create(sampleRecord()); console.log((await store.stats()).sessions);`);
    assert.equal(output, "1\n");
  });

  test("a program does not end before a write that is not awaited", async () => {
    const path = newPath();
    await run(path, `for (let i = 0; i < 50; i++) void store.create(sampleRecord());`);
    const store = sqliteStore({ path });
    assert.equal((await store.stats()).sessions, 50);
    await store.close();
  });

  test("modules that the program preloads are not loaded into the thread", { skip: !isNode }, async () => {
    const preload = ["--import", `data:text/javascript,console.log("loaded")`];
    assert.equal(await run(newPath(), `await store.create(sampleRecord()); await store.close();`, preload), "loaded\n");
  });
});

/** A store and its thread. */
async function openWatched(path: string): Promise<{ store: SessionStore; worker: Worker }> {
  const started = once(process, "worker");
  const store = sqliteStore({ path });
  const [worker] = (await started) as [Worker];
  return { store, worker };
}

function run(path: string, body: string, flags: readonly string[] = []): Promise<string> {
  return runElsewhere(`const store = sqliteStore({ path: ${JSON.stringify(path)} }); ${body}`, flags);
}
