// The way of many touches at once to a store that compares before it writes.

import { applyDelta } from "../core/delta.ts";
import type { SessionRecord } from "../core/record.ts";
import type { SessionStore, StoreTouches } from "../core/store.ts";

/** A record as a request loaded it, and as a touch leaves it. */
export interface Touched {
  readonly record: SessionRecord;
  readonly next: SessionRecord;
}

/**
 * `write` writes each `next` over its `record`, where that is still what is stored, and resolves to the sids that it has
 * written. The others go by `commit`, which reads first, and which alone may find that a session is over.
 */
export async function touchAll(
  store: Pick<SessionStore, "commit">,
  touches: StoreTouches,
  write: (touched: readonly Touched[]) => Promise<readonly string[]>,
): Promise<void> {
  const touched = touches.flatMap(([sid, delta, record]) => {
    const next = record?.sid === sid && applyDelta(record, delta);
    return typeof next === "object" ? [{ record: record as SessionRecord, next }] : [];
  });
  const written = new Set(touched.length > 0 ? await write(touched) : []);
  const others = touches.filter(([sid]) => !written.has(sid));
  const answers = await Promise.allSettled(others.map(([sid, delta]) => store.commit(sid, delta)));
  for (const answer of answers) if (answer.status === "rejected") throw answer.reason;
}
