// The walks through a user's index: the list, and the revocation of all.

import type { SessionRecord } from "../../core/record.ts";
import type { Page, RecordPage } from "../../core/store.ts";
import { readableRecord } from "../network/codec.ts";
import { DEFAULT_PAGE, formatCursor, parseCursor } from "../paging.ts";
import type { Records } from "./records.ts";
import { type IndexPosition, UserIndex } from "./user-index.ts";

/**
 * A page of the user's sessions. Reads on until the page is full or the index ends, so entries whose record is gone
 * make no page short. Finishes a revocation that it meets: otherwise a session might live that no list shows.
 */
export async function listByUser(
  records: Records,
  userId: string,
  { limit = DEFAULT_PAGE, after }: Page,
): Promise<RecordPage> {
  const index = new UserIndex(records, userId);
  const found: SessionRecord[] = [];
  let position = after === undefined ? null : positionOf(after);
  for (let size = limit + 1; ; size = DEFAULT_PAGE) {
    const { marked, confirmed, next } = await index.read(position, size);
    await index.finishMarked(marked);
    const sids = confirmed.map(({ sid }) => sid);
    const texts = await Promise.all(sids.map((sid) => records.read(sid)));
    const readable = sids.map((sid, i) => readableRecord(texts[i] ?? null, sid));
    found.push(...readable.filter((record): record is SessionRecord => record?.userId === userId));
    await index
      .forget(
        ["c"],
        sids.filter((_, i) => texts[i] === null),
      )
      .catch(() => {});
    position = next;
    if (position === null || found.length > limit) break;
  }
  const shown = found.slice(0, limit);
  return { records: shown, next: found.length > limit ? formatCursor(shown[limit - 1] as SessionRecord) : null };
}

/**
 * 1 all present sids are marked as revoked, pending ones too; 2 their records are deleted; 3 the marks are removed.
 * Sessions that ended unnoticed are forgotten before, so that only what really ends here is reported.
 */
export async function revokeByUser(records: Records, userId: string, except?: string): Promise<readonly string[]> {
  const index = new UserIndex(records, userId);
  await index.forgetEnded((sid) => records.isAbsent(sid));
  const { begun, pending, marked } = await index.markAll(except);
  const ended = new Set([...begun, ...(await index.finishMarked(marked))]);
  for (const sid of pending) ended.delete(sid);
  return [...ended];
}

/** A cursor names a confirmed session, and so a member of the index. */
function positionOf(after: string): IndexPosition {
  const { createdAt, sid } = parseCursor(after);
  return { score: createdAt, member: `c${sid}` };
}
