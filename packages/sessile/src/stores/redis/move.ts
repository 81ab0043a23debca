// The order of steps in which a session becomes another user's. Between any two of them the process may end.

import type { SessionRecord } from "../../core/record.ts";
import type { Records } from "./records.ts";
import { UserIndex } from "./user-index.ts";

/**
 * Step 1: a place in the new user's index, pending, so that a revocation reaches the session from here on. If another
 * request moves the session to the same user, both have one place. Step 2 is the write of the record.
 */
export async function admitOwner(records: Records, next: SessionRecord): Promise<void> {
  if (next.userId !== null) await new UserIndex(records, next.userId).admit(next);
}

/**
 * Step 3: the old place is given up, and the new one confirmed. False when a revocation took it away meanwhile: then
 * the session ends. After a crash before this step the old user's revocation still ends the session, and the next touch
 * enters it into the new user's index.
 */
export async function confirmOwner(records: Records, before: SessionRecord, after: SessionRecord): Promise<boolean> {
  const { sid, userId } = after;
  if (before.userId !== null) await new UserIndex(records, before.userId).forget(["c", "p"], [sid]).catch(() => {});
  if (userId === null) return true;
  const index = new UserIndex(records, userId);
  const { status } = await index.confirm(after, undefined, false);
  if (status === "confirmed" || (await index.names(sid, ["c"]))) return true;
  await records.remove(sid);
  await index.forget(["p", "c", "r"], [sid]);
  return false;
}
