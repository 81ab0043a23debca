// Many touches in one step, on a Redis that is no Cluster.

import type { KnownRecords } from "../known-records.ts";
import { encodeRecord, stampIn } from "../network/codec.ts";
import type { Touched } from "../touch-all.ts";
import { enter, looksAtIndex } from "./commit.ts";
import { isAnswer } from "./link.ts";
import type { Records } from "./records.ts";
import { TOUCH } from "./scripts.ts";

/**
 * Resolves to the sids of those that were still the expected ones: to none on a server that is a Cluster's after all. A
 * session that its user's index has lost is entered again, as by a commit.
 */
export async function touchRecords(
  records: Records,
  known: KnownRecords | null,
  touched: readonly Touched[],
): Promise<readonly string[]> {
  const { keys, link } = records;
  const texts = touched.map(({ next }) => encodeRecord(next));
  const words = touched.map((each, i) => {
    const { record, next } = each;
    const [before, after] = [known?.textOf(record) ?? encodeRecord(record), texts[i] as string].map(stampIn);
    return `${before} ${after} ${next.lastSeenAt} ${next.expiresAt} ${Number(looksAtIndex(each))}`;
  });
  const sessions = touched.map(({ next }) => keys.session(next.sid));
  const looking = touched.filter(looksAtIndex);
  const indexes = looking.map(({ next }) => keys.user(next.userId as string));
  const answers = await link.runOver(TOUCH, [...sessions, ...indexes], [words.join(" ")]).catch((error: unknown) => {
    if (isAnswer(error, "CROSSSLOT")) return [];
    throw error;
  });
  const isDone = (answers as readonly unknown[]).map((answer) => Number(answer) === 1);
  const written = touched.filter((_, i) => isDone[i]);
  for (const [i, { next }] of touched.entries()) if (isDone[i]) known?.add(next, texts[i] as string);
  const lost = looking.filter((each, i) => !isDone[touched.length + i] && written.includes(each));
  for (const { next } of lost) void enter(records, next).catch(() => {});
  return written.map(({ next }) => next.sid);
}
