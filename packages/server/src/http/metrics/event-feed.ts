// The last security events of this process, and whoever wants to hear the next. Holds no credential and no session data.

import type { SecurityEntry } from "../log/security-log.ts";

/** One event as the log has it: `event`, `outcome`, `actor`, and by event `sid`, `userId`, `reason` and others. */
export type FeedEvent = SecurityEntry & {
  /** Counts from 1 in this process, so that a reader sees a gap. */
  readonly number: number;
  /** Milliseconds since 1970. */
  readonly at: number;
};

/** Enough to fill a page, little enough to keep. */
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

  /** Calls `listener` for every event from now on; it must not throw. The function given back stops it. */
  subscribe(listener: (event: FeedEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
