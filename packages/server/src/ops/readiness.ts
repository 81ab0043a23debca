// Whether the server should be given requests: it is not stopping, and its store answers in time. Knows no route.

import { setTimeout as wait } from "node:timers/promises";
import type { SessionStore } from "sessile";

/** Long enough for a store that is merely busy, short enough for whoever asks every few seconds. */
const PATIENCE = 1000;
/** No session has it: sids are random, and this one is not. */
const NO_SID = "0".repeat(22);

export class Readiness {
  readonly #store: SessionStore;
  readonly #patience: number;
  #isStopping = false;
  #answer: Promise<boolean> | null = null;

  constructor(store: SessionStore, patience = PATIENCE) {
    this.#store = store;
    this.#patience = patience;
  }

  /** From now on the answer is no. */
  stop(): void {
    this.#isStopping = true;
  }

  /** Why the server is not ready; `null` when it is. */
  async problem(): Promise<string | null> {
    if (this.#isStopping) return "Stopping";
    return (await this.#answersInTime()) ? null : "Store unavailable";
  }

  /** A store that hangs is asked once, however many want to know. */
  #answersInTime(): Promise<boolean> {
    this.#answer ??= this.#ask().finally(() => {
      this.#answer = null;
    });
    const timer = new AbortController();
    const outOfPatience = wait(this.#patience, false, { signal: timer.signal }).catch(() => false);
    return Promise.race([this.#answer, outOfPatience]).finally(() => timer.abort());
  }

  #ask(): Promise<boolean> {
    return this.#store.load(NO_SID).then(
      () => true,
      () => false,
    );
  }
}
