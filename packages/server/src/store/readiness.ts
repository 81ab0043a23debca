// Readiness for requests: the server is not stopping, its store answers in time, its users can be read.

import { setTimeout as wait } from "node:timers/promises";
import type { SessionStore } from "sessile/store";
import { MARKER_SID } from "./marker.ts";

/** Long enough for a busy store, short enough for a load balancer that asks every few seconds. */
const PATIENCE = 1000;
const UNAVAILABLE = "Store unavailable";
const NO_USERS = "Users unavailable";

export class Readiness {
  readonly #store: SessionStore;
  readonly #patience: number;
  #isStopping = false;
  #checkUsers = (): void => {};
  #answer: Promise<string | null> | null = null;

  constructor(store: SessionStore, patience = PATIENCE) {
    this.#store = store;
    this.#patience = patience;
  }

  /** From this call on, the server is not ready. */
  stop(): void {
    this.#isStopping = true;
  }

  /** From this call on, the server is ready only while `check` does not throw. */
  needUsers(check: () => void): void {
    this.#checkUsers = check;
  }

  /** Why the server is not ready; `null` when it is. */
  async problem(): Promise<string | null> {
    if (this.#isStopping) return "Stopping";
    return this.#problemInTime();
  }

  /** Whether the store answers in time, with any answer. */
  async isStoreUp(): Promise<boolean> {
    return (await this.#problemInTime()) !== UNAVAILABLE;
  }

  /** However many callers wait, a store that hangs is asked once. */
  #problemInTime(): Promise<string | null> {
    this.#answer ??= this.#ask().finally(() => {
      this.#answer = null;
    });
    const timer = new AbortController();
    const outOfPatience = wait(this.#patience, UNAVAILABLE, { signal: timer.signal }).catch(() => UNAVAILABLE);
    return Promise.race([this.#answer, outOfPatience]).finally(() => timer.abort());
  }

  /**
   * Asks for a sid that does not exist, or for the mark of a migration that moved the sessions away under a running
   * server.
   */
  async #ask(): Promise<string | null> {
    try {
      if ((await this.#store.load(MARKER_SID)) !== null) return "Store has moved";
    } catch {
      return UNAVAILABLE;
    }
    try {
      this.#checkUsers();
      return null;
    } catch {
      return NO_USERS;
    }
  }
}
