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
 * request moves the session to the same user, both have one place. Step 2 is the write of the record.
 *
 * False under a limit that refuses: whether the place can be confirmed is known only after the write, and a session
 * that others use cannot be taken back then, as that of a `create` can.
 */
export async function admitOwner(records: Records, { after, limit }: Move): Promise<boolean> {
  if (after.userId === null) return true;
  if (limit?.onExceeded === "refuse") return false;
  await new UserIndex(records, after.userId).admit(after);
  return true;
}

/**
 * Step 3: the old place is given up, and the new one confirmed. Step 4: the records of those that were evicted for it
 * are deleted. The sids of these; `null` when a revocation took the place away meanwhile: then the session ends.
 *
 * After a crash before step 3 both users' revocations end the session. The first touch after a minute confirms its
 * place: until then no list of the new user names it, and until their next sign-in afterwards they may have one session
 * more than the limit.
 */
export async function confirmOwner(
  records: Records,
  { before, after, limit, now }: Move,
): Promise<readonly string[] | null> {
  const { sid, userId } = after;
  if (before.userId !== null) await new UserIndex(records, before.userId).forget(["c", "p"], [sid]).catch(() => {});
  if (userId === null) return [];
  const index = new UserIndex(records, userId);
  const { status, evicted, marked } = await confirmOrLook(records, index, after, limit, now);
  await index.finishMarked(marked);
  if (status === "confirmed") return evicted;
  if (await index.names(sid, ["c"])) return [];
  await records.remove(sid);
  await index.forget(["p", "c", "r"], [sid]);
  return null;
}

/** The session is not there any more, and its sid is never used again. */
export async function withdrawOwner(records: Records, { after: { sid, userId } }: Move): Promise<void> {
  if (userId !== null) await new UserIndex(records, userId).forget(["p", "c"], [sid]);
}
