// The last security events of this process, with subscriptions to the next. Holds no credential and no session data.

import type { SecurityEntry } from "../log/security-log.ts";

/**
 * One event in the form of the log: `event`, `outcome`, `actor`, and depending on the event `sid`, `userId`, `reason`
 * and others.
 */
export type FeedEvent = SecurityEntry & {
  /** Counts from 1 in this process, so that readers detect gaps. */
  readonly number: number;
  /** Milliseconds since 1970. */
  readonly at: number;
};

/** Enough to fill a page, little enough to keep in memory. */
const KEPT = 500;

export class EventFeed {
  readonly #clock: () => number;
  readonly #listeners = new Set<(event: FeedEvent) => void>();
  #last: FeedEvent[] = [];
  #count = 0;

  constructor(clock: () => number = Date.now) {
    this.#clock = clock;
  }

  add(event: SecurityEntry): void {
    const entry = Object.freeze({ ...event, number: ++this.#count, at: this.#clock() }) as FeedEvent;
    this.#last.push(entry);
    if (this.#last.length > 2 * KEPT) this.#last = this.#last.slice(-KEPT);
    for (const listener of [...this.#listeners]) listener(entry);
  }

  /** The last events, oldest first, at most 500. */
  last(limit = KEPT): readonly FeedEvent[] {
    return this.#last.slice(-Math.min(limit, KEPT));
  }

  /** Calls `listener` for every event from now on; it must not throw. The returned function ends the subscription. */
  subscribe(listener: (event: FeedEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
