// The order of steps in which a session begins. Between any two of them the process may end.

import type { SessionRecord } from "../../core/record.ts";
import type { Created, UserLimit } from "../../core/store.ts";
import { isExpired } from "../../core/validity.ts";
import { encodeRecord, readableRecord } from "./codec.ts";
import { discardText, insertRecord, type Reach, readText } from "./records.ts";
import { type Admission, admit, confirm, finishMarked, forget } from "./user-index.ts";
import { forgetEnded } from "./walk.ts";

/** Inserts a session without a user: it has no index and no limit. */
export async function createAnonymous(reach: Reach, record: SessionRecord): Promise<Created> {
  return (await insertRecord(reach, record)) ? { status: "created", evicted: [] } : { status: "exists" };
}

/** Inserts a user's session, or nothing. Only after this may the token be handed out; until then nobody has it. */
export async function createForUser(
  reach: Reach,
  userId: string,
  record: SessionRecord,
  limit?: UserLimit,
): Promise<Created> {
  const index = reach.keys.user(userId);
  const admission = await findPlace(reach, index, record, limit);
  if (admission.status === "exists") return { status: "exists" };
  if (admission.status !== "admitted") return { status: "refused" };
  try {
    return await begin(reach, index, record, admission);
  } catch (error) {
    // Nobody waits for that, or a hanging Redis would cost two deadlines. What cannot be taken back is of no use to anybody:
    // the place is given up after a minute, and the record, whose token nobody has, goes when its time is up.
    void withdraw(reach, index, record).catch(() => {});
    throw error;
  }
}

/**
 * Step 1: a place in the user's index, pending; what is over the limit is marked as revoked. Before anybody is evicted or
 * refused, the sessions that ended without notice are looked for: idle ones, above all.
 */
async function findPlace(reach: Reach, index: string, record: SessionRecord, limit?: UserLimit): Promise<Admission> {
  try {
    const admission = await admit(reach, index, record, limit, false);
    if (admission.status !== "full") return admission;
    await forgetEnded(reach, index, (sid) => hasEnded(reach, sid, record.createdAt));
    return await admit(reach, index, record, limit, true);
  } catch (error) {
    void forget(reach, index, ["p"], [record.sid]).catch(() => {});
    throw error;
  }
}

/**
 * Step 2: the record, if its sid is free. Step 3: the marked records are deleted, then their marks. Step 4: the place is
 * confirmed, unless a revocation took it away meanwhile.
 */
async function begin(reach: Reach, index: string, record: SessionRecord, admission: Admission): Promise<Created> {
  if (!(await insertRecord(reach, record))) {
    await forget(reach, index, ["p"], [record.sid]);
    return { status: "exists" };
  }
  await finishMarked(reach, index, admission.marked);
  if (await confirm(reach, index, record)) return { status: "created", evicted: admission.evicted };
  await withdraw(reach, index, record);
  return { status: "revoked" };
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
