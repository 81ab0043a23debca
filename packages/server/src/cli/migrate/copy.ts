// Makes the sessions of one store the same as those of another, in passes, while that other is being written. Knows no command line.

import { isSessionError } from "sessile";
import type { SessionRecord, SessionStore } from "sessile/store";
import { MARKER_SID } from "../../store/marker.ts";
import { inParallel, pagesOf, patiently } from "./patience.ts";

/** Writes under way at once. */
const AT_ONCE = 500;

/** What one pass did. */
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
 * Every commit counts the writes of a session up and a sid is never used again, so sid and that number say whether a copy is as it should be. A
 * pass walks the source, writes what is new or has another number, and then deletes what the walk did not show: that is how a
 * sign-out arrives. What changes behind the walk's back is seen by the next pass; so the last one has to run when nobody writes any more.
 */
export class Copy {
  readonly #ends: Ends;
  readonly #signal: AbortSignal;
  /** What the target holds: by sid, twice the number of writes and the round in which the source showed it, odd or even. */
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

  /** Finds out what the target holds already, from a run before. */
  async readTarget(progress: (done: number) => void): Promise<void> {
    for await (const page of pagesOf(this.#ends.to, this.#signal)) {
      for (const { sid, writes } of page) if (sid !== MARKER_SID) this.#held.set(sid, writes * 2);
      progress(this.#held.size);
    }
  }

  /** `progress` is told how many sessions of the source were looked at. */
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

  /** One user's sessions one after the other: begun at once but created at different times, they would push each other out in Redis. */
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

  /** May be changed while it is walked. */
  *#unseen(parity: number): Generator<string> {
    for (const [sid, held] of this.#held) if (held % 2 !== parity) yield sid;
  }
}

/** Safe to run again after it failed in the middle: nobody serves the target yet, so a moment without the record is seen by nobody. */
async function put(to: SessionStore, record: SessionRecord): Promise<"created" | "replaced" | "same"> {
  if ((await to.create(record)).status === "created") return "created";
  const there = await readable(to, record.sid);
  if (there?.writes === record.writes) return "same";
  await to.delete(record.sid);
  if ((await to.create(record)).status === "created") return "replaced";
  // An entry of the user's index outlived its record; listing forgets such entries.
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
