// The order of steps in which a session begins. Between any two of them the process may end.

import type { SessionRecord } from "../../core/record.ts";
import { isExpired } from "../../core/record.ts";
import type { Created, UserLimit } from "../../core/store.ts";
import { encodeRecord, readableRecord } from "./codec.ts";
import { discardText, insertRecord, type Reach, readText } from "./records.ts";
import { admit, type Confirmation, confirm, finishMarked, forget } from "./user-index.ts";
import { forgetEnded } from "./walk.ts";

/** Inserts a session without a user: it has no index and no limit. */
export async function createAnonymous(reach: Reach, record: SessionRecord): Promise<Created> {
  return (await insertRecord(reach, record)) ? { status: "created", evicted: [] } : { status: "exists" };
}

/**
 * Inserts a user's session, or nothing. Only after this may the token be handed out; until then nothing but this process has it.
 * Step 1: a place in the user's index, pending.
 */
export async function createForUser(
  reach: Reach,
  userId: string,
  record: SessionRecord,
  limit?: UserLimit,
): Promise<Created> {
  const index = reach.keys.user(userId);
  try {
    if (!(await admit(reach, index, record))) return { status: "exists" };
  } catch (error) {
    void forget(reach, index, ["p"], [record.sid]).catch(() => {});
    throw error;
  }
  try {
    return await begin(reach, index, record, limit);
  } catch (error) {
    // Not waited for, or a hanging Redis would cost two deadlines. What cannot be taken back is of no use to anyone: a pending place is
    // given up after a minute, and the record, whose token nobody has, goes when its time is up.
    void withdraw(reach, index, record).catch(() => {});
    throw error;
  }
}

/**
 * Step 2: the record, if its sid is free. Step 3: the place is confirmed within the limit, unless a revocation took it away meanwhile.
 * Step 4: the records of those that were evicted for it are deleted, then their marks.
 */
async function begin(reach: Reach, index: string, record: SessionRecord, limit?: UserLimit): Promise<Created> {
  if (!(await insertRecord(reach, record))) {
    await forget(reach, index, ["p"], [record.sid]);
    return { status: "exists" };
  }
  const { status, evicted, marked } = await confirmOrLook(reach, index, record, limit);
  if (status === "confirmed") {
    await finishMarked(reach, index, marked);
    return { status: "created", evicted };
  }
  await withdraw(reach, index, record);
  return { status: status === "refused" ? "refused" : "revoked" };
}

/** Before any session is evicted or refused, those that ended without notice are looked for: idle ones, above all. */
async function confirmOrLook(
  reach: Reach,
  index: string,
  record: SessionRecord,
  limit?: UserLimit,
): Promise<Confirmation> {
  const first = await confirm(reach, index, record, limit, false);
  if (first.status !== "full") return first;
  await forgetEnded(reach, index, (sid) => hasEnded(reach, sid, record.createdAt));
  return confirm(reach, index, record, limit, true);
}

/** True when the record is gone, or was expired and is gone now. One that was touched meanwhile stays. */
async function hasEnded(reach: Reach, sid: string, now: number): Promise<boolean> {
  const text = await readText(reach, sid);
  if (text === null) return true;
  const record = readableRecord(text, sid);
  return record !== null && isExpired(record, now) && discardText(reach, sid, text);
}

/** Takes back steps 1 and 2. Deletes only this very record: an insert that failed may have met another's. */
async function withdraw(reach: Reach, index: string, record: SessionRecord): Promise<void> {
  await discardText(reach, record.sid, encodeRecord(record));
  await forget(reach, index, ["p", "c", "r"], [record.sid]);
}
