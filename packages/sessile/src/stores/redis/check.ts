// Looks at the settings of a Redis before it is relied on. Asks; says nothing itself, see `check-words.ts`.

import { describe, type Facts, objection } from "./check-words.ts";
import type { RedisClient } from "./client.ts";
import { failure } from "./link.ts";
import { type Ask, primariesOf } from "./primaries.ts";

export interface RedisCheckOptions {
  /** What the store is given as `confirmReplicas`. Default 0. */
  readonly confirmReplicas?: number;
  /**
   * Fail where Redis may evict sessions, where that cannot be found out, and where a restart brings back what was signed out.
   * Default: only warn.
   */
  readonly strict?: boolean;
}

/** What a Redis promises for the sessions in it. */
export interface RedisCheck {
  /** What an acknowledged change survives, in sentences for people. */
  readonly promise: string;
  /** What may go wrong and what to set instead, one sentence or two each. Empty when nothing was found. */
  readonly warnings: readonly string[];
}

const SETTINGS = ["maxmemory-policy", "appendfsync", "save", "min-replicas-to-write"] as const;

/**
 * Reads the settings of every primary: eviction, persistence, replicas, version, the state of a Cluster. What the Redis user may not
 * ask (`INFO`, `CONFIG GET`) is a warning. With `strict`, fails with `ERR_SESSION_STORE` where `maxmemory-policy` is not
 * known to be `noeviction`, or snapshots are all that is kept on disk.
 */
export async function checkRedis(client: RedisClient, options: RedisCheckOptions = {}): Promise<RedisCheck> {
  const { strict = false, confirmReplicas = 0 } = options;
  const all = await Promise.all((await primariesOf(client)).map(factsOf));
  const refusal = all.map(objection).find((reason) => reason !== null);
  if (strict && refusal != null) throw failure(refusal);
  const checks = all.map((facts) => describe(facts, confirmReplicas));
  return Object.freeze({
    promise: [...new Set(checks.map(({ promise }) => promise))].join(" "),
    warnings: Object.freeze([...new Set(checks.flatMap(({ warnings }) => warnings))]),
  });
}

/** Nothing that is missing fails the check; a Redis that does not answer at all fails it at the first question. */
async function factsOf(ask: Ask): Promise<Facts> {
  const info = linesOf(await allowed(ask("INFO")), ":");
  const settings = await Promise.all(SETTINGS.map((name) => allowed(ask("CONFIG", "GET", name))));
  const [policy, fsync, save, minReplicas] = settings.map(settingOf);
  const isCluster = info.get("cluster_enabled") === "1";
  const cluster = isCluster ? linesOf(await allowed(ask("CLUSTER", "INFO")), ":") : null;
  return {
    version: info.get("redis_version"),
    role: info.get("role"),
    policy: info.get("maxmemory_policy") ?? policy,
    isAppending: info.has("aof_enabled") ? info.get("aof_enabled") === "1" : undefined,
    fsync,
    save,
    replicas: numberOf(info.get("connected_slaves")),
    minReplicas: numberOf(minReplicas),
    clusterState: isCluster ? (cluster?.get("cluster_state") ?? "unknown") : undefined,
  };
}

/** The reply; `null` when Redis refuses to say. */
async function allowed(reply: Promise<unknown>): Promise<unknown> {
  try {
    return await reply;
  } catch (error) {
    if (/: (?:NOPERM|ERR) /.test((error as Error).message)) return null;
    throw error;
  }
}

function linesOf(text: unknown, separator: string): ReadonlyMap<string, string> {
  const pairs = String(text ?? "")
    .split(/\r?\n/)
    .map((line) => line.split(separator, 2));
  return new Map(pairs.filter((pair): pair is [string, string] => pair.length === 2));
}

/** The value of a setting. Redis answers with a list of two; under RESP 3, with a map. */
function settingOf(reply: unknown): string | undefined {
  const [, value] = Array.isArray(reply) ? reply : (Object.entries(reply ?? {})[0] ?? []);
  return value === undefined ? undefined : String(value);
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}
