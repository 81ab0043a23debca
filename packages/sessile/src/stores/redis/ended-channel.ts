// Tells other processes which sessions ended, over publish and subscribe. A hint: a message may get lost, and says only
// what is true of the store anyway.

import { isIoredis, type RedisClient } from "./client.ts";

/** As much of a client as publishing and subscribing takes. */
interface Publisher {
  publish(channel: string, message: string): Promise<unknown>;
}

interface NodeRedisSubscriber {
  connect(): Promise<unknown>;
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  on(event: "error" | "ready", listener: () => void): unknown;
  destroy(): void;
}

interface IoredisSubscriber {
  subscribe(channel: string): Promise<unknown>;
  on(event: "error" | "ready", listener: () => void): unknown;
  on(event: "message", listener: (channel: string, message: string) => void): unknown;
  disconnect(): void;
}

type Listener = (sid: string | null) => void;

export class EndedChannel {
  readonly #client: RedisClient;
  readonly #channel: string;
  readonly #listeners = new Set<Listener>();
  #disconnect: (() => void) | null = null;

  constructor(client: RedisClient, channel: string) {
    this.#client = client;
    this.#channel = channel;
  }

  /** Says that a session ended. Waits for nobody and cannot fail. */
  announce(sid: string): void {
    const { publish } = this.#client as unknown as Partial<Publisher>;
    publish?.call(this.#client, this.#channel, sid).catch(() => {});
  }

  /** Calls `listener` with each sid announced from now on, and with `null` when announcements may have been missed. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    this.#disconnect ??= this.#connect();
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.close();
    };
  }

  /** Nobody listens any more; the connection would only keep the process alive. */
  close(): void {
    this.#listeners.clear();
    this.#disconnect?.();
    this.#disconnect = null;
  }

  /** A connection of its own, because one that subscribes may do nothing else. It reconnects by itself. */
  #connect(): () => void {
    const { duplicate } = this.#client as unknown as { duplicate: () => unknown };
    const copy = duplicate.call(this.#client);
    return isIoredis(this.#client)
      ? this.#connectIoredis(copy as IoredisSubscriber)
      : this.#connectNodeRedis(copy as NodeRedisSubscriber);
  }

  #connectNodeRedis(subscriber: NodeRedisSubscriber): () => void {
    subscriber.on("error", () => {});
    subscriber.on("ready", () => this.#tell(null));
    const subscribed = subscriber.connect().then(() => subscriber.subscribe(this.#channel, (sid) => this.#tell(sid)));
    subscribed.then(
      () => this.#tell(null),
      () => {},
    );
    return () => subscriber.destroy();
  }

  /** ioredis is ready before it has subscribed again; what ended in between must not go unmentioned. */
  #connectIoredis(subscriber: IoredisSubscriber): () => void {
    const subscribe = () => {
      subscriber.subscribe(this.#channel).then(
        () => this.#tell(null),
        () => {},
      );
    };
    subscriber.on("error", () => {});
    subscriber.on("ready", subscribe);
    subscriber.on("message", (_channel, sid) => this.#tell(sid));
    subscribe();
    return () => subscriber.disconnect();
  }

  #tell(sid: string | null): void {
    for (const listener of this.#listeners) listener(sid);
  }
}
