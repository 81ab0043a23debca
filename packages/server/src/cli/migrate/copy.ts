// Copies the sessions of one store into another, in passes, while servers still write to the source.

import { isSessionError } from "sessile";
import type { SessionRecord, SessionStore } from "sessile/store";
import { MARKER_SID } from "../../store/marker.ts";
import { inParallel, pagesOf, patiently } from "./patience.ts";

/** Number of writes that run at once. */
const AT_ONCE = 500;

/** The result of one pass. */
export interface Pass {
  readonly created: number;
  readonly replaced: number;
  readonly deleted: number;
}

export interface Ends {
  readonly from: SessionStore;
  readonly to: SessionStore;
}

/**
 * Each commit raises the session's number of writes, and no sid is used twice; so a copy is current when sid and number
 * agree. A pass reads the whole source, writes sessions that are new or have another number, and deletes copies that
 * the source no longer has, which is how sign-outs arrive. Changes behind the reader are left to the next pass; the
 * last one therefore needs a source without writers.
 */
export class Copy {
  readonly #ends: Ends;
  readonly #signal: AbortSignal;
  /**
   * The sessions in the target. The value is twice the number of writes, plus the parity of the last round that found
   * it.
   */
  readonly #held = new Map<string, number>();
  #round = 0;

  constructor(ends: Ends, signal: AbortSignal) {
    this.#ends = ends;
    this.#signal = signal;
  }

  get size(): number {
    return this.#held.size;
  }

  get sids(): IterableIterator<string> {
    return this.#held.keys();
  }

  /** Reads the sessions that a run before has left in the target. */
  async readTarget(progress: (done: number) => void): Promise<void> {
    for await (const page of pagesOf(this.#ends.to, this.#signal)) {
      for (const { sid, writes } of page) if (sid !== MARKER_SID) this.#held.set(sid, writes * 2);
      progress(this.#held.size);
    }
  }

  /** Calls `progress` with the number of sessions read from the source. */
  async pass(progress: (done: number) => void): Promise<Pass> {
    const parity = ++this.#round % 2;
    const counts = { created: 0, replaced: 0, deleted: 0 };
    let seen = 0;
    for await (const page of pagesOf(this.#ends.from, this.#signal)) {
      const live = page.filter(({ sid, expiresAt }) => sid !== MARKER_SID && expiresAt > Date.now());
      await inParallel(this.#byUser(live), AT_ONCE, async (records) => {
        for (const record of records) await this.#bring(record, parity, counts);
      });
      seen += page.length;
      progress(seen);
    }
    await inParallel(this.#unseen(parity), AT_ONCE, async (sid) => {
      if (await patiently(() => this.#ends.to.delete(sid))) counts.deleted++;
      this.#held.delete(sid);
    });
    return counts;
  }

  /**
   * Sessions of one user are written one after the other: Redis would evict one of two that are begun in the other
   * order of their creation.
   */
  #byUser(records: readonly SessionRecord[]): Iterable<readonly SessionRecord[]> {
    const groups = new Map<string, SessionRecord[]>();
    for (const record of records) {
      const key = record.userId === null ? `anonymous ${record.sid}` : `user ${record.userId}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [record]);
      else group.push(record);
    }
    return groups.values();
  }

  async #bring(record: SessionRecord, parity: number, counts: { created: number; replaced: number }): Promise<void> {
    const held = this.#held.get(record.sid);
    if (held === undefined || Math.floor(held / 2) !== record.writes) {
      const done = await patiently(() => put(this.#ends.to, record));
      if (done === "created") counts.created++;
      else if (done === "replaced") counts.replaced++;
    }
    this.#held.set(record.sid, record.writes * 2 + parity);
  }

  /** The map may change during the walk. */
  *#unseen(parity: number): Generator<string> {
    for (const [sid, held] of this.#held) if (held % 2 !== parity) yield sid;
  }
}

/**
 * Safe to repeat after a failure half-way: no server uses the target yet, so no request can meet the missing record.
 */
async function put(to: SessionStore, record: SessionRecord): Promise<"created" | "replaced" | "same"> {
  if ((await to.create(record)).status === "created") return "created";
  const there = await readable(to, record.sid);
  if (there?.writes === record.writes) return "same";
  await to.delete(record.sid);
  if ((await to.create(record)).status === "created") return "replaced";
  // The user's index had an entry without a record; `list` removes it.
  if (record.userId !== null) await to.list(record.userId, { limit: 1000 });
  if ((await to.create(record)).status === "created") return "replaced";
  throw new Error(`Session ${record.sid} cannot be written: something else writes to the target.`);
}

async function readable(store: SessionStore, sid: string): Promise<SessionRecord | null> {
  try {
    return await store.load(sid);
  } catch (error) {
    if (isSessionError(error, "ERR_SESSION_RECORD")) return null;
    throw error;
  }
}
