// `sessile/redis`: sessions in Redis or Valkey.

import { checkNames, duration, wrong } from "../../core/options.ts";
import type { SessionStore } from "../../core/store.ts";
import { portOf, type RedisClient } from "./clients/port-of.ts";
import { RedisStore } from "./store.ts";

export { checkRedis } from "./check.ts";
export type { RedisClient } from "./clients/port-of.ts";
export type { RedisPort } from "./port.ts";
export { rebuildUserIndex } from "./rebuild.ts";

/** Client, keys and deadline of a store in Redis. */
export interface RedisStoreOptions {
  /**
   * An opened client of `@redis/client` or `redis` (`createClient`, `createClientPool`, `createCluster`,
   * `createSentinel`), or of `ioredis` made with `autoResendUnfulfilledCommands: false`; or a `RedisPort` to a client
   * of another library. The store never closes it.
   */
  readonly client: RedisClient;
  /** Starts every key. Applications that share a Redis need one each. Default `sessile:`. */
  readonly prefix?: string;
  /**
   * Milliseconds after which a command without an answer fails with `ERR_SESSION_STORE`. Default 250. A longer one lets
   * requests wait longer while Redis hangs; with a shorter one a busy Redis counts as a broken one. Time in which the
   * process itself is blocked counts as at most 25 ms.
   */
  readonly deadline?: number;
  /**
   * Strict sign-out: the number of replicas that must confirm that a session was deleted before a sign-out or
   * revocation is acknowledged. Fewer within the deadline are an `ERR_SESSION_STORE`, and the client tries again.
   * Default 0: Redis' answer is enough, and a failover can bring back a session that ended just before. `WAIT` is best
   * effort: the replica that takes over may be another than those that confirmed. Opens a second connection, and needs
   * `WAIT` at Redis.
   */
  readonly confirmReplicas?: number;
}

const LONGEST_DEADLINE = 60_000;

/**
 * Makes a store in Redis 6.2 or later, or Valkey. While the client is not connected, every call fails at once with
 * `ERR_SESSION_STORE`; nothing waits for the connection to come back.
 *
 * Its user at Redis needs no other commands than TIME; GET, SET, GETDEL, DEL, EXISTS, EVAL, EVALSHA, ZADD, ZREM, ZRANGE,
 * ZRANGEBYSCORE, ZCARD, ZSCORE, PTTL and PEXPIREAT on keys that begin with `prefix`; and PUBLISH and SUBSCRIBE on the
 * channel `<prefix>ended`, so that open connections close soon after their session ended elsewhere.
 * `scan` alone, which no request of a user calls, needs SCAN, INFO and, in a Cluster, `CLUSTER NODES` too.
 */
export function redisStore(options: RedisStoreOptions): SessionStore {
  checkNames(options, new Set(["client", "prefix", "deadline", "confirmReplicas"]), "");
  const deadline = checkDeadline(options.deadline ?? 250);
  const prefix = checkKeyPrefix(options.prefix ?? "sessile:");
  const confirmReplicas = checkReplicas(options.confirmReplicas ?? 0);
  const port = portOf(options.client, deadline);
  if (confirmReplicas > 0 && port.primaries === undefined)
    throw wrong("confirmReplicas", "0 over a port without `primaries` that `connect`");
  return new RedisStore(port, { prefix, deadline, confirmReplicas });
}

function checkReplicas(value: number): number {
  if (Number.isSafeInteger(value) && value >= 0 && value <= 100) return value;
  throw wrong("confirmReplicas", "a whole number of replicas, from 0 to 100");
}

function checkDeadline(value: number): number {
  if (duration("deadline", value, 1) <= LONGEST_DEADLINE) return value;
  throw wrong("deadline", `at most ${LONGEST_DEADLINE} ms, or requests would hang with Redis`);
}

function checkKeyPrefix(prefix: string): string {
  if (typeof prefix === "string" && /^[!-~]{1,64}$/.test(prefix)) return prefix;
  throw wrong("prefix", "1 to 64 printable ASCII characters without spaces, such as `sessile:`");
}
