// Whether the server should be given requests: it is not stopping, its store answers in time, its users can be read. Knows no route.

import { setTimeout as wait } from "node:timers/promises";
import type { SessionStore } from "sessile/store";
import { MARKER_SID } from "./marker.ts";

/** Long enough for a store that is merely busy, short enough for whoever asks every few seconds. */
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

  /** From now on the answer is no. */
  stop(): void {
    this.#isStopping = true;
  }

  /** From now on the answer is no while `check` throws. */
  needUsers(check: () => void): void {
    this.#checkUsers = check;
  }

  /** Why the server is not ready; `null` when it is. */
  async problem(): Promise<string | null> {
    if (this.#isStopping) return "Stopping";
    return this.#problemInTime();
  }

  /** Whether the store answers in time, whatever it says. */
  async isStoreUp(): Promise<boolean> {
    return (await this.#problemInTime()) !== UNAVAILABLE;
  }

  /** A store that hangs is asked once, however many want to know. */
  #problemInTime(): Promise<string | null> {
    this.#answer ??= this.#ask().finally(() => {
      this.#answer = null;
    });
    const timer = new AbortController();
    const outOfPatience = wait(this.#patience, UNAVAILABLE, { signal: timer.signal }).catch(() => UNAVAILABLE);
    return Promise.race([this.#answer, outOfPatience]).finally(() => timer.abort());
  }

  /** Asks for what is not there, unless the sessions were moved to another store under a server that still runs. */
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
