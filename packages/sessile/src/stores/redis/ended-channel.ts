// The channel on which processes publish the sessions that ended. A hint: a message may get lost, and states only what
// is true of the store anyway.

import type { RedisPort } from "./port.ts";

type Listener = (sid: string | null) => void;

export class EndedChannel {
  readonly #port: RedisPort;
  readonly #channel: string;
  readonly #listeners = new Set<Listener>();
  #stop: (() => void) | undefined;

  constructor(port: RedisPort, channel: string) {
    this.#port = port;
    this.#channel = channel;
  }

  /** Publishes that a session ended. Waits for nothing and cannot fail. */
  announce(sid: string): void {
    if (this.#port.subscribe === undefined || !this.#port.isReady()) return;
    this.#port.send(this.#channel, ["PUBLISH", this.#channel, sid]).catch(() => {});
  }

  /** Calls `listener` with each sid announced from now on, and with `null` when announcements may have been missed. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    this.#stop ??= this.#port.subscribe?.(this.#channel, (sid) => {
      for (const each of this.#listeners) each(sid);
    });
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.close();
    };
  }

  /** The connection would only keep the process alive. */
  close(): void {
    this.#listeners.clear();
    this.#stop?.();
    this.#stop = undefined;
  }
}
