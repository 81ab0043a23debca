// The order of steps in which a session begins. Between any two of them the process may end.

import type { SessionRecord } from "../../core/record.ts";
import { isExpired } from "../../core/record.ts";
import type { Created, UserLimit } from "../../core/store.ts";
import { encodeRecord, readableRecord } from "../network/codec.ts";
import type { Records } from "./records.ts";
import { type Confirmed, UserIndex } from "./user-index.ts";

/**
 * Inserts a session, or nothing. Only after this may the token be handed out; until then nothing but this process has
 * it.
 */
export async function createRecord(records: Records, record: SessionRecord, limit?: UserLimit): Promise<Created> {
  if (record.userId !== null) return createForUser(records, new UserIndex(records, record.userId), record, limit);
  return (await records.insert(record)) ? { status: "created", evicted: [] } : { status: "exists" };
}

/** Step 1: a place in the user's index, pending. */
async function createForUser(
  records: Records,
  index: UserIndex,
  record: SessionRecord,
  limit?: UserLimit,
): Promise<Created> {
  try {
    if (!(await index.admit(record))) return { status: "exists" };
  } catch (error) {
    void index.forget(["p"], [record.sid]).catch(() => {});
    throw error;
  }
  try {
    return await begin(records, index, record, limit);
  } catch (error) {
    // Not waited for, or a hanging Redis would cost two deadlines. The rest is harmless: a pending place counts for
    // nothing, and the record, whose token was never handed out, goes when its time is up.
    void withdraw(records, index, record).catch(() => {});
    throw error;
  }
}

/**
 * Step 2: the record, if its sid is free. Step 3: the place is confirmed within the limit, unless a revocation took it
 * away meanwhile. Step 4: the records of those that were evicted for it are deleted, then their marks.
 */
async function begin(records: Records, index: UserIndex, record: SessionRecord, limit?: UserLimit): Promise<Created> {
  if (!(await records.insert(record))) {
    await index.forget(["p"], [record.sid]);
    return { status: "exists" };
  }
  const { status, evicted, marked } = await confirmOrLook(records, index, record, limit, record.createdAt);
  if (status === "confirmed") {
    await index.finishMarked(marked);
    return { status: "created", evicted };
  }
  await withdraw(records, index, record);
  return { status: status === "refused" ? "refused" : "revoked" };
}

/** Before any session is evicted or refused, those that ended without notice are looked for: idle ones, above all. */
export async function confirmOrLook(
  records: Records,
  index: UserIndex,
  record: SessionRecord,
  limit: UserLimit | undefined,
  now: number,
): Promise<Confirmed> {
  const first = await index.confirm(record, limit, false);
  if (first.status !== "full") return first;
  await index.forgetEnded((sid) => hasEnded(records, sid, record.userId, now));
  return index.confirm(record, limit, true);
}

/**
 * True when the record is gone, has become another user's, or was expired and is gone now. One that was touched
 * meanwhile stays.
 */
async function hasEnded(records: Records, sid: string, userId: string | null, now: number): Promise<boolean> {
  const text = await records.read(sid);
  if (text === null) return true;
  const record = readableRecord(text, sid);
  return record !== null && (record.userId !== userId || (isExpired(record, now) && records.discard(sid, text)));
}

/** Takes back steps 1 and 2. Deletes only this very record: an insert that failed may have met another's. */
async function withdraw(records: Records, index: UserIndex, record: SessionRecord): Promise<void> {
  await records.discard(record.sid, encodeRecord(record));
  await index.forget(["p", "c", "r"], [record.sid]);
}
