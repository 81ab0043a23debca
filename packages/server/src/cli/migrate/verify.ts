// The comparison of two stores, session by session and field by field. Changes nothing.

import { isDeepStrictEqual } from "node:util";
import type { SessionRecord } from "sessile/store";
import { MARKER_SID } from "../../store/marker.ts";
import type { Copy, Ends } from "./copy.ts";
import { inParallel, pagesOf, patiently } from "./patience.ts";

export interface Verdict {
  /** Number of live sessions that are the same in both. */
  readonly same: number;
  /** Sids of sessions that only the source has, that only the target has, and that differ. */
  readonly missing: readonly string[];
  readonly revived: readonly string[];
  readonly different: readonly string[];
}

const AT_ONCE = 500;

/**
 * `copy` has the sid of every session. Those that expire during the comparison count neither as present nor as missing.
 */
export async function verify(
  ends: Ends,
  copy: Copy,
  signal: AbortSignal,
  progress: (done: number) => void,
): Promise<Verdict> {
  const verdict = { same: 0, missing: [] as string[], revived: [] as string[], different: [] as string[] };
  const seen = new Set<string>();
  for await (const page of pagesOf(ends.to, signal)) {
    const fresh = page.filter(({ sid }) => sid !== MARKER_SID && !seen.has(sid));
    for (const { sid } of fresh) seen.add(sid);
    await inParallel(fresh, AT_ONCE, async (copied) => {
      const original = await patiently(async () => ends.from.load(copied.sid));
      if (isDeepStrictEqual({ ...original }, { ...copied })) verdict.same++;
      else if (isLive(copied) && original === null) verdict.revived.push(copied.sid);
      else if (isLive(copied)) verdict.different.push(copied.sid);
    });
    progress(seen.size);
  }
  const unseen = [...copy.sids].filter((sid) => !seen.has(sid));
  await inParallel(unseen, AT_ONCE, async (sid) => {
    const original = await patiently(async () => ends.from.load(sid));
    if (original !== null && isLive(original)) verdict.missing.push(sid);
  });
  return verdict;
}

function isLive({ expiresAt }: SessionRecord): boolean {
  return expiresAt > Date.now();
}
