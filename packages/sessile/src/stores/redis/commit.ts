// The stored form of one record in Redis, as a commit reads and replaces it.

import type { SessionRecord } from "../../core/record.ts";
import { beginningOfRecord, beginningOfText, readableRecord } from "../network/codec.ts";
import type { Known, Stored } from "../network/compared-commit.ts";
import type { Touched } from "../touch-all.ts";
import { admitOwner, confirmOwner, withdrawOwner } from "./move.ts";
import type { Records } from "./records.ts";
import { UserIndex } from "./user-index.ts";

/**
 * The mark is the beginning of the stored text. The first touch of a minute also enters the session into its user's
 * index, should that have been lost. Nothing waits for it: the next one tries again.
 */
export function storedRecord(records: Records, sid: string, endsAt: number): Stored {
  return {
    markOf: beginningOfRecord,
    read: async () => knownOf(await records.read(sid, endsAt), sid),
    async replace({ record, mark }, next, { at, userLimit }) {
      const move = next.userId !== record.userId && { before: record, after: next, limit: userLimit, now: at };
      if (move && !(await admitOwner(records, move))) return "refused";
      const [answer, current = null] = await records.replace(mark, next, endsAt);
      if (move && answer !== "written" && current === null) await withdrawOwner(records, move);
      if (answer !== "written") return knownOf(current, sid);
      const evicted = move ? await confirmOwner(records, move) : [];
      if (evicted === null) return null;
      if (looksAtIndex({ record, next })) void enter(records, next).catch(() => {});
      return evicted;
    },
  };
}

function knownOf(text: string | null, sid: string): Known | null {
  const record = readableRecord(text, sid);
  return record && { record, mark: beginningOfText(text as string, sid) };
}

export async function enter(records: Records, record: SessionRecord): Promise<void> {
  if (record.userId !== null) await new UserIndex(records, record.userId).enter(record);
}

/** Whether a change is the first touch of a minute of a user's session. */
export function looksAtIndex({ record, next }: Touched): boolean {
  return next.userId !== null && minuteOf(next) !== minuteOf(record);
}

function minuteOf({ lastSeenAt }: SessionRecord): number {
  return Math.floor(lastSeenAt / 60_000);
}
