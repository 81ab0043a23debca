// Two processes on one SQLite file: what one has read before is worth nothing once the other has changed it.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { sqliteStore } from "sessile/sqlite";
import type { SessionRecord, SessionStore } from "sessile/store";
import { fullRecord } from "sessile/testing";
import { forkStore, type RemoteStore } from "../../support/store-process.ts";
import { newPath, unable } from "./raw.ts";

/** The changes of the other process to a session, and the state afterwards. */
const CHANGES: Readonly<Record<string, (there: SessionStore, record: SessionRecord) => Promise<SessionRecord | null>>> =
  {
    "was signed out": async (there, { sid }) => {
      assert.equal(await there.delete(sid), true);
      return null;
    },
    "was ended with all others of its user": async (there, { sid, userId }) => {
      assert.deepEqual(await there.deleteByUser(userId as string), [sid]);
      return null;
    },
    "was swept": async (there, { sid, expiresAt }) => {
      assert.deepEqual(await there.deleteExpired({ now: expiresAt, limit: 10 }), [sid]);
      return null;
    },
    "was evicted": async (there, { sid, userId, createdAt }) => {
      const next = fullRecord({ userId, createdAt });
      const created = await there.create(next, { max: 1, onExceeded: "evictOldest" });
      assert.deepEqual(created, { status: "created", evicted: [sid] });
      await there.delete(next.sid);
      return null;
    },
    "has another secret": (there, record) =>
      committed(there, record, {
        rotate: { kind: "replace", from: record.secretDigest, to: "another", family: "f" },
      }),
    "was touched": (there, record) => committed(there, record, { touch: { idleTimeout: 2 * 60 * 60_000 } }),
    "has other data": (there, record) => committed(there, record, { set: { text: "other" } }),
    "ended, and another of its sid and version began": async (there, record) => {
      const next = { ...fullRecord({ userId: "mallory" }), sid: record.sid, version: record.version };
      await there.delete(record.sid);
      assert.equal((await there.create(next)).status, "created");
      return next;
    },
  };

describe("a session that was read here twice", { skip: unable }, () => {
  const path = newPath();
  let remote: Promise<RemoteStore> | undefined;
  after(async () => (await remote)?.end());

  for (const [what, change] of Object.entries(CHANGES)) {
    test(`F2: and ${what} in another process, is what it is now to the next load`, async () => {
      remote ??= forkStore({ path });
      const { store: there } = await remote;
      const here = sqliteStore({ path });
      const record = fullRecord({ userId: "ann" });
      await here.create(record);
      for (let reads = 0; reads < 2; reads++) assert.deepEqual(await here.load(record.sid), record);
      const now = await change(there, record);
      for (let reads = 0; reads < 2; reads++) assert.deepEqual(await here.load(record.sid), now);
      await here.delete(record.sid);
      assert.equal(await here.load(record.sid), null);
      await here.close();
    });
  }
});

async function committed(
  there: SessionStore,
  { sid, lastSeenAt }: SessionRecord,
  delta: object,
): Promise<SessionRecord> {
  const answer = await there.commit(sid, { at: lastSeenAt + 1, ...delta });
  assert.equal(answer.status, "ok");
  return answer.record;
}
