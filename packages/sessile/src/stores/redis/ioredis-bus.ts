// Publishing and subscribing over the clients of `ioredis` and `iovalkey`. Knows no message.

import type { Hear, RedisBus } from "./client.ts";
import type { IoredisClient } from "./ioredis.ts";

/** As much of a `Redis` as it takes. */
interface PubSub {
  publish(channel: string, message: string): Promise<unknown>;
  duplicate(options: object): PubSub;
  subscribe(channel: string): Promise<unknown>;
  on(event: "error" | "end", heard: () => void): unknown;
  on(event: "message", heard: (channel: string, message: string) => void): unknown;
  disconnect(): void;
}

interface Nodes {
  nodes(): readonly PubSub[];
}

export function ioredisBus(client: IoredisClient): RedisBus {
  const pubSub = client as unknown as PubSub & Partial<Nodes>;
  return {
    publish: async (channel, message) => pubSub.publish(channel, message),
    listen: (channel, hear) => listen(() => copyOf(pubSub), channel, hear),
  };
}

/** A `Cluster` moves its subscriptions to another node without a word, so one of its nodes is listened to directly. */
function copyOf(client: PubSub & Partial<Nodes>): PubSub | undefined {
  const nodes = client.nodes?.() ?? [client];
  const options = { enableOfflineQueue: true, autoResubscribe: false, retryStrategy: null };
  return nodes[Math.floor(Math.random() * nodes.length)]?.duplicate(options);
}

/** How long after a lost connection another one is made, in milliseconds. */
const RECONNECT = 250;

/** One copy after the other, none of which connects twice. */
function listen(copy: () => PubSub | undefined, channel: string, hear: Hear): () => void {
  let current: PubSub | undefined;
  let timer: NodeJS.Timeout | undefined;
  const again = () => {
    timer = setTimeout(begin, RECONNECT).unref();
  };
  const begin = () => {
    current = copy();
    if (current === undefined) return again();
    current.on("error", () => {});
    current.on("end", again);
    current.on("message", (_channel, message) => hear(message));
    current.subscribe(channel).then(
      () => hear(null),
      () => current?.disconnect(),
    );
  };
  begin();
  return () => {
    current?.on("end", () => clearTimeout(timer));
    clearTimeout(timer);
    current?.disconnect();
  };
}
