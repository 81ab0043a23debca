// Which client library was handed in, and the few things that the store asks of any. Knows no session and no script.

import { wrong } from "../../core/options.ts";
import { type IoredisClient, ioredisPort, isIoredis } from "./ioredis.ts";
import { ioredisBus } from "./ioredis-bus.ts";
import {
  isNodeRedis,
  type NodeRedisClient,
  type NodeRedisCluster,
  type NodeRedisSentinel,
  nodeRedisPort,
} from "./node-redis.ts";
import { nodeRedisBus } from "./node-redis-bus.ts";

export { type IoredisClient, isIoredis, type NodeRedisClient, type NodeRedisCluster, type NodeRedisSentinel };

export type RedisClient = NodeRedisClient | NodeRedisCluster | NodeRedisSentinel | IoredisClient;

/** The way for commands. */
export interface RedisPort {
  /** False where a command would not leave at once. */
  isReady(): boolean;
  /**
   * Sends one command to the node that holds `key`, once: a node that refuses it may name another, but after a lost
   * connection nothing is sent again. Every key among `args` is `key`. Strings go out as UTF-8 and come back as that.
   */
  send(key: string, args: readonly string[]): Promise<unknown>;
}

/** The way for messages to whoever listens, in any process. */
export interface RedisBus {
  publish(channel: string, message: string): Promise<unknown>;
  /**
   * Listens over a connection of its own, and over another when that is lost. Calls `hear` with each message, and with `null`
   * when it has begun to listen or when messages may have been missed. The function given back ends it.
   */
  listen(channel: string, hear: Hear): () => void;
}

export type Hear = (message: string | null) => void;

/**
 * Recognises the client by what it can do. Throws `ERR_SESSION_OPTION` for one that cannot be used, or not safely.
 * `deadline` in milliseconds: a command that could not leave by then never does, where the client can take it back.
 */
export function portOf(client: RedisClient, deadline: number): RedisPort {
  survive(client);
  if (isIoredis(client)) return ioredisPort(client);
  if (isNodeRedis(client)) return nodeRedisPort(client, deadline);
  throw wrong(
    "client",
    "an opened client of `@redis/client` (5 or later; for a Cluster 6 or later) or `ioredis` (5 or later)",
  );
}

export function busOf(client: RedisClient): RedisBus {
  return isIoredis(client) ? ioredisBus(client) : nodeRedisBus(client);
}

const SURVIVED = new WeakSet<object>();

/**
 * Gives the client an `error` listener, once: Node ends the process for such an event without one, and a lost connection is
 * an outage, not the end. The calls that fail meanwhile report it. The application's own listener may be gone by then, as after `once`.
 */
export function survive(client: RedisClient): void {
  const { on } = (client ?? {}) as Partial<NodeJS.EventEmitter>;
  if (typeof on !== "function" || SURVIVED.has(client)) return;
  SURVIVED.add(client);
  on.call(client, "error", () => {});
}
