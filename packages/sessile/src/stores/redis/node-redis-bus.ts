// Publishing and subscribing over the clients of `@redis/client`. Knows no message.

import type { Hear, RedisBus } from "./client.ts";
import type { AnyNodeRedis } from "./node-redis.ts";

/** As much of any of them as it takes. */
interface PubSub {
  readonly isOpen: boolean;
  publish(channel: string, message: string): Promise<unknown>;
  duplicate(): PubSub;
  connect(): Promise<unknown>;
  subscribe(channel: string, hear: (message: string) => void): Promise<unknown>;
  unsubscribe(channel: string, hear: (message: string) => void): Promise<unknown>;
  on(event: string, heard: () => unknown): unknown;
  off(event: string, heard: () => unknown): unknown;
  destroy(): void;
}

/** How long a lost connection, of whose return nothing is said, has to come back, and a failed one waits. Milliseconds. */
const RECONNECT = 1000;

/**
 * Cluster and Sentinel clients subscribe over a connection of its own by themselves; a plain client that subscribes may do
 * nothing else, so a copy of it does.
 */
export function nodeRedisBus(client: AnyNodeRedis): RedisBus {
  const pubSub = client as unknown as PubSub;
  const isPlain = !("slots" in client || "getSentinelNode" in client);
  return {
    publish: async (channel, message) => pubSub.publish(channel, message),
    listen: (channel, hear) => {
      const listening = isPlain
        ? new OverCopy(pubSub.duplicate(), channel, hear)
        : new Listening(pubSub, channel, hear);
      listening.begin();
      return () => listening.end();
    },
  };
}

/** All kinds subscribe again by themselves after a lost connection, and are ready only then. A Sentinel's says only what failed. */
class Listening {
  readonly pubSub: PubSub;
  readonly #channel: string;
  readonly #hear: Hear;
  readonly #events: Readonly<Record<string, () => unknown>>;
  #state: "beginning" | "hearing" | "ended" = "beginning";
  #timer: NodeJS.Timeout | undefined;

  constructor(pubSub: PubSub, channel: string, hear: Hear) {
    this.pubSub = pubSub;
    this.#channel = channel;
    this.#hear = hear;
    const missed = () => this.#missed();
    const failed = () => this.#state === "hearing" && this.#later(missed);
    this.#events = { error: failed, "node-error": failed, ready: missed, "node-ready": missed };
    for (const [event, heard] of Object.entries(this.#events)) pubSub.on(event, heard);
  }

  /** Tries until it has subscribed. */
  begin(): void {
    this.subscribe().then(
      () => this.#begun(),
      () => this.#later(() => this.begin()),
    );
  }

  end(): void {
    this.#state = "ended";
    clearTimeout(this.#timer);
    for (const [event, heard] of Object.entries(this.#events)) this.pubSub.off(event, heard);
    this.stop().catch(() => {}); // it was closed already
  }

  async subscribe(): Promise<void> {
    await this.pubSub.subscribe(this.#channel, this.#hear);
  }

  async stop(): Promise<void> {
    await this.pubSub.unsubscribe(this.#channel, this.#hear);
  }

  #begun(): void {
    if (this.#state === "ended") return void this.stop().catch(() => {});
    this.#state = "hearing";
    this.#hear(null);
  }

  #missed(): void {
    if (this.#state === "hearing") this.#hear(null);
  }

  #later(act: () => void): void {
    if (this.#state === "ended") return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, RECONNECT).unref();
  }
}

/** The connection is the store's own. */
class OverCopy extends Listening {
  override async subscribe(): Promise<void> {
    if (!this.pubSub.isOpen) await this.pubSub.connect();
    await super.subscribe();
  }

  override async stop(): Promise<void> {
    this.pubSub.on("error", () => {});
    this.pubSub.destroy();
  }
}
