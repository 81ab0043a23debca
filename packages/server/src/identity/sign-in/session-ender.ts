// Ends the sessions of users who changed their password, were disabled or removed, whoever did it. Knows no HTTP.

import type { SessionManager } from "sessile";
import type { Ending, Endings, StoreEntry } from "../users/endings.ts";

/** How soon sessions end whose user was changed by another process, such as `sessile users`. */
const LOOK_INTERVAL = 500;
/** How often the file is told that the store is in use, as a part of its lifetime, and at the least. */
const SEEN_PART = 4;
const LONGEST_UNSEEN = 3_600_000;

export interface EnderParts {
  readonly endings: Endings;
  readonly manager: SessionManager;
  /** The store of `manager`. */
  readonly store: StoreEntry;
  readonly clock: () => number;
  readonly onError: (error: unknown) => void;
}

/**
 * A change of a user writes an ending into the same transaction (`Endings`); here it is carried out and then crossed off. So a
 * crash between the two, or a store that is down, delays the end and does not lose it.
 */
export class SessionEnder {
  readonly #parts: EnderParts;
  #seenAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #isBusy = false;

  constructor(parts: EnderParts) {
    this.#parts = parts;
  }

  /** Finishes what is due, then looks for more. Await it before the first request: what was to end must not be accepted again. */
  async start(): Promise<void> {
    this.#see();
    await this.#endDue();
    this.#timer = setInterval(() => void this.#look(), LOOK_INTERVAL).unref();
  }

  /** `isStoreGone` where the sessions end with this process. */
  stop(isStoreGone: boolean): void {
    clearInterval(this.#timer);
    if (!isStoreGone) return;
    try {
      this.#parts.endings.forget(this.#parts.store.name);
    } catch {} // a file that is locked or broken does not keep the server from stopping, and forgets the store later
  }

  async end(ending: Ending): Promise<void> {
    await this.#parts.manager.revokeUser(String(ending.userId));
    this.#parts.endings.finish(ending);
  }

  async #look(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      this.#see();
      await this.#endDue();
    } catch (error) {
      this.#parts.onError(error); // the ending is still there for the next look
    }
    this.#isBusy = false;
  }

  async #endDue(): Promise<void> {
    const { endings, store } = this.#parts;
    for (const ending of endings.due(store.name)) await this.end(ending);
  }

  #see(): void {
    const { endings, store, clock } = this.#parts;
    const now = clock();
    if (now - this.#seenAt < Math.min(store.lifetime / SEEN_PART, LONGEST_UNSEEN)) return;
    endings.see(store);
    this.#seenAt = now;
  }
}
