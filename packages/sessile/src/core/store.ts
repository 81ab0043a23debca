// The contract between the core and a store. `storeSuite` of `sessile/testing` checks it.

import type { SessionDelta } from "./delta.ts";
import type { SessionRecord } from "./record.ts";

/** How many sessions a user may have at once, and what happens to the next sign-in. */
export interface UserLimit {
  /** Number of sessions, at least 1. */
  readonly max: number;
  /** End the user's oldest sessions (by `createdAt`), or refuse the new one. */
  readonly onExceeded: "evictOldest" | "refuse";
}

/** The outcome of a `create`. */
export type Created =
  /** the record is stored; `evicted` names the sessions that ended for it */
  | { readonly status: "created"; readonly evicted: readonly string[] }
  /** a record of this sid is there already and was left as it is */
  | { readonly status: "exists" }
  /** the limit is reached and its rule is `refuse` */
  | { readonly status: "refused" }
  /** the user's sessions were revoked while this one was being created; nothing is stored */
  | { readonly status: "revoked" };

/** The outcome of a `commit`. */
export type Committed =
  /** `evicted` names the sessions that ended because this one became their user's; absent where none did */
  | { readonly status: "ok"; readonly record: SessionRecord; readonly evicted?: readonly string[] }
  /** there is no such session (any more); nothing was written */
  | { readonly status: "gone" }
  /** a condition of the delta does not hold for `record`, the session as it is now; nothing was written */
  | { readonly status: "conflict"; readonly record: SessionRecord }
  /** the `userLimit` of the delta is reached, or may be, and its rule is `refuse`; nothing was written */
  | { readonly status: "refused" };

/** The answer to a commit that wrote `record`. */
export function committed(record: SessionRecord, evicted: readonly string[] = []): Committed {
  return { status: "ok", record, ...(evicted.length > 0 && { evicted }) };
}

/** Which part of a list to give back. */
export interface Page {
  /** At most this many, from 1 to 1,000. Default 100. */
  readonly limit?: number;
  /** The `next` of the page before. */
  readonly after?: string;
}

/** Part of a list of records: of one user's, oldest first by `createdAt`; of all, in an order of the store's own. */
export interface RecordPage {
  /** At most `limit` of a user, about `limit` of all. */
  readonly records: readonly SessionRecord[];
  /** The start of the next page; `null` on the last. */
  readonly next: string | null;
}

/** Figures for people who operate the store. */
export interface StoreStats {
  /** Which store it is: `"memory"`, `"sqlite"`, `"redis"`, … */
  readonly kind: string;
  /**
   * Records present, expired ones that were not yet removed included; `null` when that cannot be found out at little
   * cost.
   */
  readonly sessions: number | null;
  /** Present when `sessions` was not counted but estimated from a sample. */
  readonly isEstimate?: true;
  /**
   * Of a store behind a network: whether its calls pass (`closed`), fail at once (`open`), or one is let through as a
   * probe.
   */
  readonly circuit?: { readonly state: "closed" | "open" | "halfOpen"; readonly opened: number };
  /**
   * Of the copies in front of the store, where there are any. Counted since the start, but for `entries` and `bytes`.
   */
  readonly cache?: {
    /** False while the store is asked for everything, because changes might go unnoticed. */
    readonly isCoherent: boolean;
    /** Why that was so the last time; `null` when it is over. */
    readonly problem: string | null;
    readonly entries: number;
    /** About what the entries take. */
    readonly bytes: number;
    /** Answers from a copy, or from a load that another request had begun; and loads that the store was asked for. */
    readonly hits: number;
    readonly misses: number;
    /** Entries that went because a session changed elsewhere, and because there was no room. */
    readonly invalidations: number;
    readonly evictions: number;
    /** How often all entries went, because changes might have gone unnoticed. */
    readonly resets: number;
  };
}

/**
 * A store of records.
 *
 * A store keeps records and collects expired ones; it never judges a token. Every method is atomic towards every other
 * caller, in this process and others. Every failure is a `SessionError` with the code `ERR_SESSION_STORE`; such an
 * answer means "unknown", not "no". A record that cannot be read is `ERR_SESSION_RECORD` from `load`, and absent for
 * every other method.
 */
export interface SessionStore {
  /**
   * Inserts `record` if its sid is free, and keeps the user's limit in the same step. Never overwrites. A store that
   * drops expired records by a clock of its own fails for one that is over by it.
   */
  create(record: SessionRecord, limit?: UserLimit): Promise<Created>;
  /** The record as it is now, expired or not; `null` when there is none. Never a copy. */
  load(sid: string): Promise<SessionRecord | null>;
  /**
   * A copy of the record that is at hand, so that a request need not wait for `load`; `null` when there is none. A copy
   * may let a request in and never turn it away: the core asks `load` before it refuses or ends a session. After an
   * acknowledged `delete`, `commit`, `deleteByUser` or eviction of this store it never shows the state before. Never
   * throws. A wrapper that makes promises of all methods leaves it out.
   */
  peek?(sid: string): SessionRecord | null;
  /**
   * Applies `delta` with `applyDelta` in one atomic step. Never creates. `base` is the record as the request loaded it:
   * a hint that may save a round trip, never a condition.
   */
  commit(sid: string, delta: SessionDelta, base?: SessionRecord): Promise<Committed>;
  /**
   * Writes the use of several sessions: for each the arguments of `commit`, with a delta of `at` and `touch` alone. It
   * does for each what `commit` does, in as few steps as the store can; each is atomic, all together need not be. One
   * that finds no session is no failure. A failure means that any of them may have been written, or not. The core gives
   * at most 100, each of another session; without this method it calls `commit` for each.
   */
  touch?(touches: readonly (readonly [sid: string, delta: SessionDelta, base?: SessionRecord])[]): Promise<void>;
  /** Removes the record. True when it was there. */
  delete(sid: string): Promise<boolean>;
  /** The user's records, by age of their absolute deadline. May hold expired ones; never one that was deleted. */
  list(userId: string, page?: Page): Promise<RecordPage>;
  /**
   * Part of a walk through the records of all users, for people who operate the store; never on the path of a user's
   * request. The cost of a page does not depend on the number of records. Every record that is there during the whole
   * walk appears, expired ones too; one that comes or goes meanwhile may. If a store can do no better, a page holds
   * somewhat more than `limit`, fewer or none, and a record appears twice: only `next` says where the walk ends.
   * `ERR_SESSION_PAGE` when it has to begin again.
   */
  scan(page?: Page): Promise<RecordPage>;
  /** Removes all of a user's records but `except`; those being created at this moment too. The sids that ended. */
  deleteByUser(userId: string, except?: string): Promise<readonly string[]>;
  /**
   * Removes records that are expired at `now`, at most `limit`. Their sids; fewer than `limit` when nothing is left to
   * do.
   */
  deleteExpired(budget: { readonly now: number; readonly limit: number }): Promise<readonly string[]>;
  /** Figures about the store. */
  stats(): Promise<StoreStats>;
  /**
   * Calls `listener` with the sid of every session that anyone deletes from now on, or with `null` when some may have
   * been deleted; soon, and as a hint that may get lost. The function given back stops it. A store without hints is
   * asked twice a second for the sessions that are watched.
   */
  watch?(listener: (sid: string | null) => void): () => void;
  /** Writes out what waits and frees what the store opened itself. Later calls fail with `ERR_SESSION_STORE`. */
  close(): Promise<void>;
}

/** The argument of `touch`. */
export type StoreTouches = Parameters<Required<SessionStore>["touch"]>[0];

/** The methods that every store has; `peek`, `touch` and `watch` are optional. */
export const STORE_METHODS = [
  "create",
  "load",
  "commit",
  "delete",
  "list",
  "scan",
  "deleteByUser",
  "deleteExpired",
  "stats",
  "close",
] as const satisfies (keyof SessionStore)[];
