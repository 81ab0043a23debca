// Processes that are killed in the middle of their work, and disks that fail.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, test } from "node:test";
import { isDeepStrictEqual, promisify } from "node:util";
import { sqliteStore } from "sessile/sqlite";
import type { SessionRecord, SessionStore } from "sessile/store";
import { sampleRecord } from "sessile/testing";
import { byDepth } from "sessile-test-support/depth";
import { forkStore } from "../../support/store-process.ts";
import { newPath, openRaw, pick, unable } from "./raw.ts";

/** Of the log, in bytes; a frame is a page of the file and what says where it belongs. */
const LOG_HEADER = 32;
const FRAME = 24 + 4096;

/** How often a process is killed. */
const KILLS = byDepth(3, 10, 500);

describe("a sqlite store that is cut off", { skip: unable }, () => {
  test("R1: kill -9 undoes no create and no delete that was acknowledged", async () => {
    const path = newPath();
    const log = new AcknowledgedLog();
    for (let kill = 0; kill < KILLS; kill++) {
      const { store, process: child } = await forkStore({ path });
      await log.check(store);
      const ended = once(child, "exit");
      const acknowledged = 20 + Math.floor(Math.random() * 200);
      await log.work(store, acknowledged, () => child.kill("SIGKILL"));
      await ended;
    }
    const store = sqliteStore({ path });
    await log.check(store);
    await store.close();
    const raw = openRaw(path);
    assert.equal(pick(raw, "PRAGMA integrity_check"), "ok");
    raw.close();
    assert.ok(log.size > KILLS * 10, `${log.size} operations were acknowledged`);
  });

  test("R2: a log that a power loss cut off anywhere leaves the sessions of one moment, and a later one the more is left", async () => {
    const path = newPath();
    const store = sqliteStore({ path });
    const moments = [await sidsIn(store)];
    for (let i = 0; i < 24; i++) {
      const [oldest] = moments.at(-1) as readonly string[];
      if (i % 3 === 2) await store.delete(oldest as string);
      else await store.create(sampleRecord({ userId: "zoe" }));
      moments.push(await sidsIn(store));
    }
    const log = readFileSync(`${path}-wal`);
    let moment = 0;
    for (let length = LOG_HEADER; length <= log.length; length += FRAME / 2) {
      const cut = newPath();
      copyFileSync(path, cut);
      writeFileSync(`${cut}-wal`, log.subarray(0, length));
      const database = openRaw(cut);
      const left = await sidsIn(sqliteStore({ database }));
      database.close();
      moment = moments.findIndex((sids, at) => at >= moment && isDeepStrictEqual(sids, left));
      assert.notEqual(moment, -1, `cut off at ${length} of ${log.length}`);
    }
    assert.equal(moment, moments.length - 1);
    await store.close();
  });

  test("R24: a backup that is put back holds sessions that ended since, and one statement ends all", async () => {
    const [path, backup] = [newPath(), newPath()];
    const store = sqliteStore({ path });
    const records = [sampleRecord({ userId: "zoe" }), sampleRecord({ userId: "zoe" })];
    for (const record of records) await store.create(record);
    const raw = openRaw(path);
    raw.exec(`VACUUM INTO '${backup}'`);
    raw.close();
    await store.delete(records[0]?.sid as string);
    await store.close();
    const database = openRaw(backup);
    const restored = sqliteStore({ database });
    assert.equal((await sidsIn(restored)).length, 2);
    database.exec("DELETE FROM sessile_sessions");
    for (const { sid } of records) assert.equal(await restored.load(sid), null);
    assert.deepEqual((await restored.list("zoe")).records, []);
    assert.equal(
      (await restored.create(records[1] as SessionRecord, { max: 1, onExceeded: "refuse" })).status,
      "created",
    );
    database.close();
  });

  test("R13: on a disk that takes no more, writes fail and say so, reads answer, and the process lives", async () => {
    const path = newPath();
    const script = `import { sqliteStore } from "sessile/sqlite"; import { sampleRecord } from "sessile/testing";
      process.on("SIGXFSZ", () => {});
      const store = sqliteStore({ path: ${JSON.stringify(path)} });
      const sids = [], codes = [];
      while (codes.length < 10) {
        const record = sampleRecord({ data: JSON.stringify({ k: "x".repeat(5000) }) });
        await store.create(record).then(() => sids.push(record.sid), ({ code }) => codes.push(code));
      }
      const loaded = await Promise.all(sids.map((sid) => store.load(sid)));
      const deleted = await store.delete(sids[0]).catch(({ code }) => code);
      console.log(JSON.stringify({ codes, isComplete: loaded.every(Boolean), deleted, sids }));
      process.exit();`;
    const cwd = dirname(new URL(import.meta.url).pathname);
    // No file may grow beyond 2 MB (4 where a block is 1,024 bytes).
    const command = 'ulimit -f 4096; exec "$0" --input-type=module -e "$1"';
    const { stdout } = await promisify(execFile)("sh", ["-c", command, process.execPath, script], {
      cwd,
      maxBuffer: 1e8,
    });
    const { codes, isComplete, deleted, sids } = JSON.parse(stdout) as {
      codes: string[];
      isComplete: boolean;
      deleted: unknown;
      sids: string[];
    };
    assert.deepEqual([[...new Set(codes)], isComplete], [["ERR_SESSION_STORE"], true]);
    assert.ok(sids.length > 50, `${sids.length} were created before the disk was full`);
    const store = sqliteStore({ path });
    for (const sid of sids.slice(1)) assert.notEqual(await store.load(sid), null);
    assert.equal(deleted, (await store.load(sids[0] as string)) === null ? true : "ERR_SESSION_STORE");
    await store.close();
  });
});

async function sidsIn(store: SessionStore): Promise<readonly string[]> {
  return (await store.scan({ limit: 100 })).records.map(({ sid }) => sid).sort();
}

/** The calls of the test, and the answers of the store. */
class AcknowledgedLog {
  readonly #live = new Set<string>();
  readonly #dead = new Set<string>();
  size = 0;

  /** Creates and deletes, eight at a time, until `count` were acknowledged and `stop` cuts the rest off. */
  async work(store: SessionStore, count: number, stop: () => void): Promise<void> {
    let remaining = count;
    const worker = async (): Promise<void> => {
      for (;;) {
        await this.#step(store);
        if (--remaining === 0) stop();
      }
    };
    await Promise.allSettled(Array.from({ length: 8 }, worker));
  }

  async #step(store: SessionStore): Promise<void> {
    const [victim] = this.#live;
    if (victim !== undefined && Math.random() < 0.4) {
      this.#live.delete(victim);
      assert.equal(await store.delete(victim), true);
      this.#dead.add(victim);
    } else {
      const record = sampleRecord({ userId: "zoe", data: '{"k":1}' });
      assert.equal((await store.create(record)).status, "created");
      this.#live.add(record.sid);
    }
    this.size++;
  }

  async check(store: SessionStore): Promise<void> {
    for (const sid of this.#live) assert.equal((await store.load(sid))?.sid, sid, "an acknowledged create was undone");
    for (const sid of this.#dead) assert.equal(await store.load(sid), null, "an acknowledged delete was undone");
  }
}
