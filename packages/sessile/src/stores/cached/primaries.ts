// The primaries behind a client, whichever library it is of. Knows no session.

import { wrong } from "../../core/options.ts";
import { isIoredis, portOf, type RedisClient } from "../redis/client.ts";
import { type Ioredis, ioredisPrimaries } from "./ioredis.ts";
import {
  type NodeRedis,
  type NodeRedisBehindSentinel,
  type NodeRedisNodes,
  nodeRedisPrimaries,
  nodeRedisPrimary,
  nodeRedisPrimaryBehind,
} from "./node-redis.ts";

/** One primary, as the store's own client knows it. */
export interface Primary {
  readonly name: string;
  /** Whether the client sends commands about this key there, at this moment. */
  owns(key: string): boolean;
  /** Opens a connection of its own, which never reconnects: `onLost` is called when it is over. */
  connect(onLost: () => void): Promise<Connection>;
}

/** A connection that can hear of changes. RESP 2, because ioredis tells nobody what RESP 3 pushes. */
export interface Connection {
  ask(args: readonly string[]): Promise<unknown>;
  /** Calls `listener` with the payload of each message of a channel. After this, `ask` is over. */
  subscribe(channel: string, listener: (payload: unknown) => void): Promise<unknown>;
  close(): void;
}

/** The primaries that the client knows of at this moment. Throws `ERR_SESSION_OPTION` for a client that cannot tell. */
export function primariesOf(client: RedisClient): Primary[] {
  if (isIoredis(client)) return ioredisPrimaries(client as Ioredis);
  if ("slots" in client) return nodeRedisPrimaries(client as unknown as NodeRedisNodes);
  if (!("getSentinelNode" in client)) return [nodeRedisPrimary("", () => true, client as unknown as NodeRedis)];
  if ("_execute" in client) return [nodeRedisPrimaryBehind(client as unknown as NodeRedisBehindSentinel)];
  throw wrong("store", "over another release of `createSentinel`, or ioredis: this one lets nobody track");
}

/** What a client puts before every key that it is given. */
export function keyPrefixOf(client: RedisClient): string {
  return isIoredis(client) ? ((client as Ioredis).options.keyPrefix ?? "") : "";
}

/** Writes a key by way of the store's own client. */
export type WriteKey = (key: string) => Promise<unknown>;

/** Long enough for word of a key to come back, and no more garbage than that. */
const KEY_LIFETIME = "10000";

/** The way that the store's own commands take, for a key as Redis sees it. */
export function writerOf(client: RedisClient, deadline: number): WriteKey {
  const port = portOf(client, deadline);
  const added = keyPrefixOf(client).length;
  return async (key) => {
    if (!port.isReady()) throw new Error("the store's client is not connected");
    const given = key.slice(added);
    return port.send(given, ["SET", given, "", "PX", KEY_LIFETIME]);
  };
}
