// `sessile/redis`: sessions in Redis or Valkey.

import { checkNames, duration, wrong } from "../../core/options.ts";
import type { SessionStore } from "../../core/store.ts";
import { portOf, type RedisClient } from "./client.ts";
import { RedisStore } from "./store.ts";

export type { IoredisClient, NodeRedisClient, NodeRedisCluster, NodeRedisSentinel, RedisClient } from "./client.ts";

export interface RedisStoreOptions {
  /**
   * An opened client of `@redis/client` or `redis` (`createClient`, `createCluster`, `createSentinel`), or of `ioredis`
   * made with `autoResendUnfulfilledCommands: false`. The store never closes it.
   */
  readonly client: RedisClient;
  /** Starts every key. Applications that share a Redis need one each. Default `sessile:`. */
  readonly prefix?: string;
  /**
   * A command that Redis has not answered after so many milliseconds fails with `ERR_SESSION_STORE`. Default 250. A longer
   * one lets requests wait longer while Redis hangs; a shorter one lets a busy Redis look like a broken one.
   */
  readonly deadline?: number;
}

const LONGEST_DEADLINE = 60_000;

/**
 * Makes a store in Redis 6.2 or later, or Valkey. While the client is not connected, every call fails at once with
 * `ERR_SESSION_STORE`; nothing waits for the connection to come back.
 *
 * Its user at Redis needs no other commands than GET, SET, GETDEL, DEL, EXISTS, EVAL, EVALSHA, ZADD, ZREM, ZRANGE,
 * ZRANGEBYSCORE, ZREMRANGEBYSCORE, ZCOUNT, ZSCORE and PEXPIREAT on keys that begin with `prefix`; and PUBLISH and SUBSCRIBE
 * on the channel `<prefix>ended`, so that open connections close soon after their session ended elsewhere.
 */
export function redisStore(options: RedisStoreOptions): SessionStore {
  checkNames(options, new Set(["client", "prefix", "deadline"]), "");
  const deadline = checkDeadline(options.deadline ?? 250);
  const prefix = checkKeyPrefix(options.prefix ?? "sessile:");
  return new RedisStore(portOf(options.client, deadline), { prefix, deadline }, options.client);
}

function checkDeadline(value: number): number {
  if (duration("deadline", value, 1) <= LONGEST_DEADLINE) return value;
  throw wrong("deadline", `at most ${LONGEST_DEADLINE} ms, or requests would hang with Redis`);
}

function checkKeyPrefix(prefix: string): string {
  if (typeof prefix === "string" && /^[!-~]{1,64}$/.test(prefix)) return prefix;
  throw wrong("prefix", "1 to 64 printable ASCII characters without spaces, such as `sessile:`");
}
