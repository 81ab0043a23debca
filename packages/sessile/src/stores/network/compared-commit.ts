// The way of a delta to a stored record: applied here by `applyDelta`, written if the record is still the same.

import { applyDelta, type SessionDelta } from "../../core/delta.ts";
import { isSessionError } from "../../core/errors.ts";
import type { SessionRecord } from "../../core/record.ts";
import { type Committed, committed } from "../../core/store.ts";
import { failure } from "./calls.ts";
import { KeyedQueue } from "./keyed-queue.ts";

const GONE: Committed = Object.freeze({ status: "gone" });

/** A record, and the mark by which the server recognises its stored form. */
export interface Known {
  readonly record: SessionRecord;
  readonly mark: string;
}

/** The stored form of one record. */
export interface Stored {
  markOf(record: SessionRecord): string;
  /** `null` when there is none, or it cannot be read. */
  read(): Promise<Known | null>;
  /**
   * Writes `next` over `known`: the sids that ended for it, or `refused` by the limit of the delta. Otherwise what is
   * there instead.
   */
  replace(
    known: Known,
    next: SessionRecord,
    delta: SessionDelta,
  ): Promise<readonly string[] | "refused" | Known | null>;
}

/**
 * Starts from `base`, usually the record as the request loaded it: then the usual commit is one round trip. It may be
 * out of date, so nothing is refused because of it; what refuses a delta is a record read during this very call.
 *
 * Each time round, another writer has written in between. The deadline ends it, at the latest.
 */
export async function commitDelta(stored: Stored, delta: SessionDelta, base: SessionRecord | null): Promise<Committed> {
  let known = base === null ? await stored.read() : { record: base, mark: stored.markOf(base) };
  const origin = known;
  for (let isFresh = base === null; known !== null; isFresh = true) {
    const { record }: Known = known;
    checkHistory(origin, known, delta);
    const next = apply(record, delta);
    if (typeof next === "string") {
      const isPast = delta.ifVersion !== undefined && delta.ifVersion < record.version; // versions only go up
      if (isFresh || (isPast && next === "conflict")) return next === "gone" ? GONE : { status: "conflict", record };
      known = await stored.read();
    } else {
      const current: Awaited<ReturnType<Stored["replace"]>> = await stored.replace(known, next, delta);
      if (current === "refused") return { status: current };
      if (Array.isArray(current)) return committed(next, current);
      known = current as Known | null;
    }
  }
  return GONE;
}

/**
 * A failover lost the data that this delta was made for, and other data of the same version took its place. The answer
 * cannot be `conflict` then, because the caller would see the very version that it asked for.
 */
function checkHistory(origin: Known | null, known: Known, { ifVersion }: SessionDelta): void {
  if (ifVersion === undefined || known.record.version !== ifVersion || origin?.record.version !== ifVersion) return;
  if (known.record.data === origin.record.data) return;
  throw failure("The store lost what this request had read, as a failover may. Nothing was written; try again.");
}

/** A record whose data cannot be read is as good as absent. */
function apply(record: SessionRecord, delta: SessionDelta): SessionRecord | "gone" | "conflict" {
  try {
    return applyDelta(record, delta);
  } catch (error) {
    if (isSessionError(error, "ERR_SESSION_RECORD")) return "gone";
    throw error;
  }
}

/**
 * Commits of one session that are under way or wait in this process. A writer that is faster than the server must not
 * fill the memory.
 */
const MOST_COMMITS = 1000;

/** The commits of this process: those of one session queue up, and each starts from what the one before wrote. */
export class Commits {
  readonly #queue = new KeyedQueue<Committed>();

  /** `commit` is given the newest record that this process knows; `true` when a commit before it has just ended. */
  run(
    sid: string,
    base: SessionRecord | undefined,
    commit: (base: SessionRecord | null, hasWaited: boolean) => Promise<Committed>,
  ): Promise<Committed> {
    if (this.#queue.lengthOf(sid) >= MOST_COMMITS)
      throw failure("Too many commits of one session wait for the store. Nothing was sent.");
    return this.#queue.run(sid, (previous) => commit(newest(previous, base), previous !== undefined));
  }
}

/** Of what this process wrote last and what the request loaded, the later. */
function newest(previous: Committed | undefined, base: SessionRecord | undefined): SessionRecord | null {
  const written = previous !== undefined && "record" in previous ? previous.record : undefined;
  if (written === undefined || base === undefined) return written ?? base ?? null;
  return written.writes > base.writes ? written : base;
}
