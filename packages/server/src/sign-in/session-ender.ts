// Ends the sessions of users who changed their password, were disabled or removed, whoever did it. Knows no HTTP.

import type { SessionManager } from "sessile";
import type { Ending, UserStore } from "../users/user-store.ts";

/** How soon sessions end whose user was changed by another process, such as `sessile users`. */
const LOOK_INTERVAL = 500;

/**
 * Who changes a user writes an ending into the same transaction (`UserStore`); here it is carried out and then crossed off. So a
 * crash between the two, or a store that is down, delays the end and does not lose it.
 */
export class SessionEnder {
  readonly #users: UserStore;
  readonly #manager: SessionManager;
  readonly #onError: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #isBusy = false;

  constructor(users: UserStore, manager: SessionManager, onError: (error: unknown) => void) {
    this.#users = users;
    this.#manager = manager;
    this.#onError = onError;
  }

  /** Finishes what is due, then looks for more. Await it before the first request: what was to end must not be accepted again. */
  async start(): Promise<void> {
    for (const ending of this.#users.endings()) await this.end(ending);
    this.#timer = setInterval(() => void this.#look(), LOOK_INTERVAL).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async end(ending: Ending): Promise<void> {
    await this.#manager.revokeUser(String(ending.userId));
    this.#users.finishEnding(ending);
  }

  async #look(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      for (const ending of this.#users.endings()) await this.end(ending);
    } catch (error) {
      this.#onError(error); // the ending is still there for the next look
    }
    this.#isBusy = false;
  }
}
