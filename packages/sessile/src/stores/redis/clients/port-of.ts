// From the client that was handed in to the port that the store uses.

import { wrong } from "../../../core/options.ts";
import type { RedisPort } from "../port.ts";
import { type IoredisClient, ioredisPort, isIoredis } from "./ioredis.ts";
import { type AnyNodeRedis, isNodeRedis, nodeRedisPort } from "./node-redis.ts";

/** An opened client of `@redis/client` or `ioredis`, or a port to one of another library. */
export type RedisClient = AnyNodeRedis | IoredisClient | RedisPort;

/**
 * Recognises the client by what it can do. Throws `ERR_SESSION_OPTION` for one that cannot be used, or not safely.
 * `deadline` in milliseconds: a command that could not leave by then never does, where the client can take it back.
 */
export function portOf(client: RedisClient, deadline: number): RedisPort {
  const port = find(client, deadline);
  survive(client);
  return port;
}

function find(client: RedisClient, deadline: number): RedisPort {
  if (isPort(client)) return client;
  if (isIoredis(client)) return ioredisPort(client);
  if (isNodeRedis(client)) return nodeRedisPort(client, deadline);
  const libraries = "`@redis/client` (5 or later; for a Cluster 6 or later) or `ioredis` (5 or later)";
  throw wrong("client", `an opened client of ${libraries}, or a \`RedisPort\``);
}

function isPort(client: unknown): client is RedisPort {
  const { isReady, send } = (client ?? {}) as Partial<RedisPort>;
  return typeof isReady === "function" && typeof send === "function";
}

const SURVIVED = new WeakSet<object>();

/**
 * Gives the client an `error` listener, once: Node ends the process for such an event without one, and a lost
 * connection is an outage, not the end. The calls that fail meanwhile report it. The application's own listener may be
 * gone by then, as after `once`.
 */
function survive(client: RedisClient): void {
  const { on } = client as Partial<NodeJS.EventEmitter>;
  if (typeof on !== "function" || SURVIVED.has(client)) return;
  SURVIVED.add(client);
  on.call(client, "error", () => {});
}
