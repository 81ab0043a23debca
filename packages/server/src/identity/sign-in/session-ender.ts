// Ends the sessions of users whose password was changed, or who were disabled or removed, by any process.

import type { SessionManager } from "sessile";
import type { Ending, Endings, StoreEntry } from "../users/endings.ts";

/** How soon sessions end after another process, such as `sessile users`, has changed their user. */
const LOOK_INTERVAL = 500;
/** How often the file records that the store is in use: in parts of its lifetime, and at least this often. */
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
 * Carries out the endings that changes of users write in their own transactions (`Endings`), and removes them
 * afterwards. So a crash between the two, or a store that is down, delays the end and does not lose it.
 */
export class SessionEnder {
  readonly #parts: EnderParts;
  #seenAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #isBusy = false;

  constructor(parts: EnderParts) {
    this.#parts = parts;
  }

  /**
   * Carries out due endings, then looks for more. Await it before the first request, which must not accept a session
   * that should have ended.
   */
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
    } catch {} // a locked or broken file must not keep the server from stopping; the store is forgotten later
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
      this.#parts.onError(error); // the ending is still in the file for the next look
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
