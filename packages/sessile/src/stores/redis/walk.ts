// What goes through a user's index: the list, the revocation of all, and the search for sessions that ended unnoticed.

import type { SessionRecord } from "../../core/record.ts";
import type { Page, RecordPage } from "../../core/store.ts";
import { DEFAULT_PAGE, formatCursor, parseCursor } from "../paging.ts";
import { readableRecord } from "./codec.ts";
import { isAbsent, type Reach, readText } from "./records.ts";
import { finishMarked, forget, type IndexPart, type IndexPosition, markAll, readIndex } from "./user-index.ts";

/**
 * A page of the user's sessions. Reads on until the page is full or the index ends, so entries whose record is gone make
 * no page short. Finishes a revocation that it meets: otherwise a session might live that no list shows.
 */
export async function listByUser(
  reach: Reach,
  userId: string,
  { limit = DEFAULT_PAGE, after }: Page,
): Promise<RecordPage> {
  const index = reach.keys.user(userId);
  const records: SessionRecord[] = [];
  let position = after === undefined ? null : positionOf(after);
  for (let size = limit + 1; ; size = DEFAULT_PAGE) {
    const part = await readIndex(reach, index, position, size);
    await finishMarked(reach, index, part.marked);
    const texts = await Promise.all(part.confirmed.map(({ sid }) => readText(reach, sid)));
    const found = part.confirmed.map(({ sid }, i) => readableRecord(texts[i] ?? null, sid));
    records.push(...(found.filter((record) => record?.userId === userId) as SessionRecord[]));
    const absent = part.confirmed.filter((_, i) => texts[i] === null).map(({ sid }) => sid);
    await forget(reach, index, ["c"], absent).catch(() => {});
    position = part.next;
    if (position === null || records.length > limit) break;
  }
  const shown = records.slice(0, limit);
  return { records: shown, next: records.length > limit ? formatCursor(shown[limit - 1] as SessionRecord) : null };
}

/**
 * 1 all present sids are marked as revoked, pending ones too; 2 their records are deleted; 3 the marks are removed.
 * Sessions that ended unnoticed are forgotten before, so that only what really ends here is reported.
 */
export async function revokeByUser(reach: Reach, userId: string, except?: string): Promise<readonly string[]> {
  const index = reach.keys.user(userId);
  await forgetEnded(reach, index, (sid) => isAbsent(reach, sid));
  const { begun, pending, marked } = await markAll(reach, index, except);
  const ended = new Set([...begun, ...(await finishMarked(reach, index, marked))]);
  for (const sid of pending) ended.delete(sid);
  return [...ended];
}

/** Removes the confirmed entries for which `hasEnded`. A sid that was confirmed is never used again, so that is safe. */
export async function forgetEnded(
  reach: Reach,
  index: string,
  hasEnded: (sid: string) => Promise<boolean>,
): Promise<void> {
  let position: IndexPosition | null = null;
  do {
    const { confirmed, next }: IndexPart = await readIndex(reach, index, position);
    const ended = await Promise.all(confirmed.map(({ sid }) => hasEnded(sid)));
    await forget(
      reach,
      index,
      ["c"],
      confirmed.filter((_, i) => ended[i]).map(({ sid }) => sid),
    );
    position = next;
  } while (position !== null);
}

/** A cursor names a confirmed session, and so a member of the index. */
function positionOf(after: string): IndexPosition {
  const { absoluteExpiresAt, sid } = parseCursor(after);
  return { score: absoluteExpiresAt, member: `c${sid}` };
}
