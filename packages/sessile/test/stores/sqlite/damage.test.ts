// Rows and files that were changed: no user becomes another, and nothing crashes.

import assert from "node:assert/strict";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { isSessionError } from "sessile";
import { sqliteStore } from "sessile/sqlite";
import type { SessionRecord, SessionStore } from "sessile/store";
import { fullRecord, sampleRecord } from "sessile/testing";
import { byDepth } from "sessile-test-support/depth";
import { newPath, openRaw, unable } from "./raw.ts";

/** The number of bytes that are flipped, one a file. */
const FLIPS = byDepth(50, 250, 10_000);

describe("a damaged sqlite store", { skip: unable }, () => {
  for (const [what, change] of [
    ["another user", "user_id = 'mallory'"],
    ["no user", "user_id = NULL"],
    ["another secret", "secret_digest = 'x'"],
    ["a rotation that is no JSON", "rotation = '['"],
    ["other data", `data = '{"admin":true}'`],
    ["a later deadline", "expires_at = expires_at + 1"],
    ["a number beyond 2^53", "created_at = 9007199254740993"],
    ["another sid", "sid = 'AAAAAAAAAAAAAAAAAAAAAA'"],
    ["another checksum", "checksum = checksum + 1"],
  ] as const) {
    for (const when of ["", ", also when it was read before,"] as const)
      test(`G2: a row with ${what}${when} is no session`, async () => {
        const database = openRaw(":memory:");
        const store = sqliteStore({ database });
        const [victim, intact] = [fullRecord({ userId: "zoe" }), fullRecord({ userId: "zoe" })];
        for (const record of [victim, intact]) await store.create(record);
        if (when !== "") for (let reads = 0; reads < 2; reads++) assert.deepEqual(await store.load(victim.sid), victim);
        database.prepare(`UPDATE sessile_sessions SET ${change} WHERE sid = ?`).run(victim.sid);
        const sid = what === "another sid" ? "AAAAAAAAAAAAAAAAAAAAAA" : victim.sid;
        await assert.rejects(async () => store.load(sid), {
          code: "ERR_SESSION_RECORD",
          message: /does not match its checksum/,
        });
        assert.deepEqual(await store.commit(sid, { at: victim.createdAt, touch: { idleTimeout: 1e14 } }), {
          status: "gone",
        });
        for (const userId of ["zoe", "mallory"]) {
          assert.deepEqual(
            (await store.list(userId)).records.map((record) => record.sid),
            userId === "zoe" ? [intact.sid] : [],
          );
        }
        assert.equal(await store.delete(sid), true);
        database.close();
      });
  }

  test("G2: a page is full although records on it cannot be read", async () => {
    const database = openRaw(":memory:");
    const store = sqliteStore({ database });
    const records = Array.from({ length: 9 }, (_, i) => sampleRecord({ userId: "zoe", createdAt: Date.now() + i }));
    for (const record of records) await store.create(record);
    for (const i of [0, 1, 2, 3, 5, 8])
      database.prepare("UPDATE sessile_sessions SET device = 'x' WHERE sid = ?").run(records[i]?.sid as string);
    const readable = [4, 6, 7].map((i) => records[i]?.sid);
    const first = await store.list("zoe", { limit: 2 });
    const second = await store.list("zoe", { limit: 2, after: first.next ?? "" });
    assert.deepEqual(
      [...first.records, ...second.records].map(({ sid }) => sid),
      readable,
    );
    assert.equal(second.next, null);
    database.close();
  });

  test("R14: a flipped byte anywhere in the file gives no user another session, and crashes nothing", async () => {
    const { path, records } = await filled();
    const original = readFileSync(path);
    for (let flip = 0; flip < FLIPS; flip++) {
      const at = flip < 100 ? flip : Math.floor(Math.random() * original.length);
      const damaged = newPath();
      writeFileSync(damaged, flipped(original, at));
      await survives(damaged, records, `byte ${at} of ${original.length}`);
    }
  });

  test("R14: a flipped byte in the log gives no user another session, and crashes nothing", async () => {
    const { path, records, log } = await filled();
    for (let flip = 0; flip < FLIPS / 5; flip++) {
      const at = Math.floor(Math.random() * log.length);
      const damaged = newPath();
      copyFileSync(path, damaged);
      writeFileSync(`${damaged}-wal`, flipped(log, at));
      await survives(damaged, records, `byte ${at} of the log`);
    }
  });

  test("R14: a file that was cut off gives no user another session, and crashes nothing", async () => {
    const { path, records } = await filled();
    const original = readFileSync(path);
    for (let length = 1; length < original.length; length += Math.ceil(original.length / 25)) {
      const damaged = newPath();
      writeFileSync(damaged, original.subarray(0, length));
      await survives(damaged, records, `cut off at ${length}`);
    }
  });

  test("R14: a file with flipped bytes on every page is survived by the writer thread, too", async () => {
    const { path, records } = await filled();
    for (let round = 0; round < 5; round++) {
      let bytes: Buffer = readFileSync(path);
      for (let page = 4096; page < bytes.length; page += 4096)
        bytes = flipped(bytes, page + Math.floor(Math.random() * 4096));
      const damaged = newPath();
      writeFileSync(damaged, bytes);
      const store = sqliteStore({ path: damaged });
      await survivesUse(store, records, `round ${round}`);
      await store.close();
    }
  });
});

test("C7: of a session that ended nothing is left in the file", { skip: unable }, async () => {
  const path = newPath();
  const store = sqliteStore({ path });
  const marker = "MARKER-of-one-session";
  const bystanders = Array.from({ length: 20 }, () => sampleRecord({ userId: "bystander" }));
  const small = sampleRecord({ userId: marker, device: marker, data: JSON.stringify({ k: marker }) });
  const large = sampleRecord({ data: JSON.stringify({ k: `${marker} `.repeat(2000) }) });
  const changed = sampleRecord({ data: JSON.stringify({ k: marker }) });
  for (const record of [...bystanders, small, large, changed]) await store.create(record);
  const raw = openRaw(path);
  const emptyLog = (): unknown => raw.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get();
  emptyLog();
  assert.ok(readFileSync(path).includes(marker));
  await store.commit(changed.sid, { at: Date.now(), set: { k: "x" } });
  for (const { sid } of [small, large]) await store.delete(sid);
  emptyLog();
  assert.ok(!readFileSync(path).includes(marker) && !readFileSync(`${path}-wal`).includes(marker));
  raw.close();
  await store.close();
});

/** A closed file with sessions of several users, its records, and the log as it was before closing. */
async function filled(): Promise<{ path: string; records: readonly SessionRecord[]; log: Buffer }> {
  const path = newPath();
  const store = sqliteStore({ path });
  const records = Array.from({ length: 60 }, (_, i) =>
    fullRecord({ userId: `user-${i % 5}`, data: JSON.stringify({ k: "x".repeat(i * 50) }) }),
  );
  for (const record of records) await store.create(record);
  const log = readFileSync(`${path}-wal`);
  await store.close();
  return { path, records, log };
}

function flipped(original: Buffer, at: number): Buffer {
  const bytes = Buffer.from(original);
  bytes[at] = (bytes[at] as number) ^ (1 + Math.floor(Math.random() * 255));
  return bytes;
}

/** Opens the file on a handle, which is quick, and uses it. */
async function survives(path: string, records: readonly SessionRecord[], where: string): Promise<void> {
  const database = openRaw(path);
  const store = await answerOf<SessionStore>(async () => sqliteStore({ database }));
  if (store !== null) await survivesUse(store, records, where);
  database.close();
}

/** Every answer is refused, absent, or exactly what was stored. */
async function survivesUse(store: SessionStore, records: readonly SessionRecord[], where: string): Promise<void> {
  for (const record of records) {
    const loaded = await answerOf(async () => store.load(record.sid));
    if (loaded !== null) assert.deepEqual({ ...loaded }, { ...record }, where);
  }
  for (let user = 0; user < 5; user++) {
    const page = await answerOf(() => store.list(`user-${user}`));
    for (const { userId } of page?.records ?? []) assert.equal(userId, `user-${user}`, where);
  }
  await answerOf(() => store.commit(records[7]?.sid as string, { at: Date.now(), set: { more: "y".repeat(3000) } }));
  await answerOf(() => store.create(sampleRecord({ userId: "user-1" }), { max: 3, onExceeded: "evictOldest" }));
  await answerOf(() => store.deleteByUser("user-2"));
  await answerOf(() => store.deleteExpired({ now: Number.MAX_SAFE_INTEGER, limit: 10 }));
  await answerOf(() => store.stats());
}

/** The answer; `null` for an error of the library. Any other error fails the test. */
async function answerOf<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    if (isSessionError(error)) return null;
    throw error;
  }
}
