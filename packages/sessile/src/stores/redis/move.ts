// The order of steps in which a session becomes another user's. Between any two of them the process may end.

import type { SessionRecord } from "../../core/record.ts";
import type { UserLimit } from "../../core/store.ts";
import { confirmOrLook } from "./create.ts";
import type { Records } from "./records.ts";
import { UserIndex } from "./user-index.ts";

interface Move {
  readonly before: SessionRecord;
  readonly after: SessionRecord;
  readonly limit: UserLimit | undefined;
  readonly now: number;
}

/**
 * Step 1: a place in the new user's index, pending, so that a revocation reaches the session from here on. If another
 * request moves the session to the same user, both have one place. A limit that refuses has to be kept before the
 * record is written, so there the place is confirmed at once. Step 2 is the write of the record.
 *
 * Answers `changed` when a revocation took the place away meanwhile. A place of a session that did not become the
 * user's after all, because its process ended here, stays: the user's next revocation ends that session, too.
 */
export async function admitOwner(
  records: Records,
  { after, limit, now }: Move,
): Promise<"admitted" | "refused" | "changed"> {
  if (after.userId === null) return "admitted";
  const { sid } = after;
  const index = new UserIndex(records, after.userId);
  await index.admit(after);
  if (limit?.onExceeded !== "refuse") return "admitted";
  const { status, marked } = await confirmOrLook(records, index, after, limit, now);
  await index.finishMarked(marked);
  if (status === "confirmed" || (await index.names(sid, ["c"]))) return "admitted";
  if (status === "refused") await index.forget(["p"], [sid]);
  else if (await index.names(sid, ["r"])) await index.finishMarked([sid]);
  return status === "refused" ? status : "changed";
}

/**
 * Step 3: the old place is given up, and the new one confirmed. Step 4: the records of those that were evicted for it
 * are deleted. The sids of these; `null` when a revocation took the place away meanwhile: then the session ends.
 *
 * After a crash before this step the old user's revocation still ends the session, and the next touch enters it into
 * the new user's index: until that user's next sign-in they may have one session more than the limit.
 */
export async function confirmOwner(
  records: Records,
  { before, after, limit, now }: Move,
): Promise<readonly string[] | null> {
  const { sid, userId } = after;
  if (before.userId !== null) await new UserIndex(records, before.userId).forget(["c", "p"], [sid]).catch(() => {});
  if (userId === null) return [];
  const index = new UserIndex(records, userId);
  if (limit?.onExceeded !== "refuse") {
    const { status, evicted, marked } = await confirmOrLook(records, index, after, limit, now);
    await index.finishMarked(marked);
    if (status === "confirmed") return evicted;
  }
  if (await index.names(sid, ["c"])) return [];
  await records.remove(sid);
  await index.forget(["p", "c", "r"], [sid]);
  return null;
}

/** The session was not there any more, and its sid is never used again. */
export async function withdrawOwner(records: Records, { after: { sid, userId } }: Move): Promise<void> {
  if (userId !== null) await new UserIndex(records, userId).forget(["p", "c"], [sid]);
}
