// Tells other processes which sessions ended, over publish and subscribe. A hint: a message may get lost, and says only
// what is true of the store anyway.

import { busOf, type Hear, type RedisBus, type RedisClient } from "./client.ts";

export class EndedChannel {
  readonly #bus: RedisBus;
  readonly #channel: string;
  readonly #listeners = new Set<Hear>();
  #stop: (() => void) | null = null;

  constructor(client: RedisClient, channel: string) {
    this.#bus = busOf(client);
    this.#channel = channel;
  }

  /** Says that a session ended. Waits for nobody and cannot fail. */
  announce(sid: string): void {
    this.#bus.publish(this.#channel, sid).catch(() => {});
  }

  /** Calls `listener` with each sid announced from now on, and with `null` when announcements may have been missed. */
  listen(listener: Hear): () => void {
    this.#listeners.add(listener);
    this.#stop ??= this.#bus.listen(this.#channel, (sid) => this.#tell(sid));
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.close();
    };
  }

  /** Nobody listens any more; the connection would only keep the process alive. */
  close(): void {
    this.#listeners.clear();
    this.#stop?.();
    this.#stop = null;
  }

  #tell(sid: string | null): void {
    for (const listener of this.#listeners) listener(sid);
  }
}
