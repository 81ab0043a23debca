// Sign-outs that the store has not confirmed: this process takes the sessions for over, and goes on deleting them.

import type { Core } from "./core.ts";
import type { SessionRecord } from "./record.ts";

/** Sessions remembered at once. Of one more the client still holds the token, and can try again. */
const MOST = 10_000;
/** Time between two attempts; what `Retry-After` says. */
const PAUSE = 1000;

export class Endings {
  readonly #core: Core;
  readonly #records = new Map<string, SessionRecord>();
  #timer: NodeJS.Timeout | undefined;

  constructor(core: Core) {
    this.#core = core;
  }

  get(sid: string): SessionRecord | undefined {
    return this.#records.get(sid);
  }

  add(record: SessionRecord): void {
    if (this.#records.size < MOST) this.#records.set(record.sid, record);
    this.#core.watch.end(record.sid);
    this.#timer ??= this.#later();
  }

  /** The store has answered. */
  confirm(sid: string): void {
    this.#records.delete(sid);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#records.clear();
  }

  #later(): NodeJS.Timeout {
    return setTimeout(() => void this.#retry(), PAUSE).unref();
  }

  /** One failure ends the round: a store that is down is asked once, whatever waits. */
  async #retry(): Promise<void> {
    try {
      for (const record of this.#records.values()) {
        if (this.#core.now() >= record.absoluteExpiresAt) this.confirm(record.sid);
        else await this.#core.end(record, "signedOut");
      }
    } catch {
      // the next round tries again
    }
    this.#timer = this.#records.size === 0 ? undefined : this.#later();
  }
}
