// A check of the settings of a Redis before it is relied on. The words of the result are in `check-words.ts`.

import { describe, type Facts, lostEntries, objection, type Sample } from "./check-words.ts";
import { portOf, type RedisClient } from "./clients/port-of.ts";
import { RedisKeys } from "./keys.ts";
import { type Ask, failure, primariesOf, RedisLink } from "./link.ts";
import type { RedisPort } from "./port.ts";
import { Records } from "./records.ts";
import { scanOnce } from "./scan.ts";
import { readAll, UserIndex } from "./user-index.ts";

/** What `checkRedis` checks beside the settings of Redis. */
export interface RedisCheckOptions {
  /** The store's `confirmReplicas`. Default 0. */
  readonly confirmReplicas?: number;
  /**
   * The store's `prefix`. With it, about 100 sessions a primary are looked at: whether their users' indexes name them.
   * Default: none are.
   */
  readonly prefix?: string;
  /**
   * Fail where Redis may evict sessions, where that cannot be found out, and where a restart brings back what was
   * signed out. Default: only warn.
   */
  readonly strict?: boolean;
}

/** The promises of a Redis for the sessions in it. */
export interface RedisCheck {
  /** The losses that an acknowledged change survives, in sentences for people. */
  readonly promise: string;
  /** Possible failures and the settings that prevent them, one sentence or two each. Empty when none was found. */
  readonly warnings: readonly string[];
  /**
   * Milliseconds by which the clock of Redis is ahead of this process's, by the primary where it is most; `null` when
   * it cannot be found out.
   */
  readonly clockAhead: number | null;
}

/** Most sessions of each primary that are looked at, and about the keys among which they are looked for. */
const SAMPLE = 100;
const KEYS = 1000;
/** The longest time for each answer, in milliseconds. */
const TIMEOUT = 5000;

const SETTINGS = ["maxmemory-policy", "appendfsync", "save", "min-replicas-to-write"] as const;

/**
 * Reads the settings of every primary (eviction, persistence, replicas, version, the state of a Cluster) and its clock.
 * A command that the Redis user may not call (`INFO`, `CONFIG GET`, `TIME`) is a warning. With `strict`, fails with
 * `ERR_SESSION_STORE` where `maxmemory-policy` is not known to be `noeviction`, or snapshots are all that is kept on
 * disk.
 */
export async function checkRedis(client: RedisClient, options: RedisCheckOptions = {}): Promise<RedisCheck> {
  const { strict = false, confirmReplicas = 0, prefix } = options;
  const port = portOf(client, TIMEOUT);
  const asks = primariesOf(port);
  const all = await Promise.all(asks.map(factsOf));
  const refusal = all.map(objection).find((reason) => reason !== null);
  if (strict && refusal != null) throw failure(refusal);
  const checks = all.map((facts) => describe(facts, confirmReplicas));
  const lost = prefix === undefined ? [] : lostEntries(await sampleIndexes(port, prefix, asks));
  return Object.freeze({
    promise: [...new Set(checks.map(({ promise }) => promise))].join(" "),
    warnings: Object.freeze([...new Set([...checks.flatMap(({ warnings }) => warnings), ...lost])]),
    clockAhead: all.reduce((most, { clockAhead }) => farther(most, clockAhead), null as number | null),
  });
}

/** The number of users' sessions that were looked at, and of those that their index has lost. */
async function sampleIndexes(port: RedisPort, prefix: string, asks: readonly Ask[]): Promise<Sample> {
  const records = new Records(new RedisLink(port, TIMEOUT), new RedisKeys(prefix, port.keyPrefix));
  const pages = await Promise.all(asks.map((ask) => allowed(scanOnce(ask, records.keys, "0", KEYS))));
  const found = await readAll(
    records,
    pages.flatMap((page) => page?.sids.slice(0, SAMPLE) ?? []),
  );
  const looked = found.flatMap((record) =>
    record?.userId == null ? [] : [{ sid: record.sid, userId: record.userId }],
  );
  const lost = await Promise.all(looked.map(({ sid, userId }) => new UserIndex(records, userId).hasLost(sid)));
  return { looked: looked.length, lost: lost.filter(Boolean).length };
}

function farther(a: number | null, b: number | null): number | null {
  return a === null || (b !== null && Math.abs(b) > Math.abs(a)) ? b : a;
}

/** Nothing that is missing fails the check; a Redis that does not answer at all fails it at the first question. */
async function factsOf(ask: Ask): Promise<Facts> {
  const info = linesOf(await allowed(ask("INFO")), ":");
  const settings = await Promise.all(SETTINGS.map((name) => allowed(ask("CONFIG", "GET", name))));
  const [policy, fsync, save, minReplicas] = settings.map(settingOf);
  const isCluster = info.get("cluster_enabled") === "1";
  const cluster = isCluster ? linesOf(await allowed(ask("CLUSTER", "INFO")), ":") : null;
  const clockAhead = await clockOf(ask);
  return {
    clockAhead,
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

/** By how much Redis' clock is ahead, taking its answer for half-way between the question and the reply. */
async function clockOf(ask: Ask): Promise<number | null> {
  const before = Date.now();
  const reply = (await allowed(ask("TIME"))) as readonly unknown[] | null;
  if (reply === null) return null;
  const [seconds, micros] = reply;
  return Math.round(Number(seconds) * 1000 + Number(micros) / 1000 - (before + Date.now()) / 2);
}

/** The reply; `null` when Redis refuses the command. */
async function allowed<T>(reply: Promise<T>): Promise<T | null> {
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

/**
 * The value of a setting. Redis answers with a list of two; under RESP 3, with a map, which libraries show in several
 * ways.
 */
function settingOf(reply: unknown): string | undefined {
  const entries = Array.isArray(reply) ? reply : Object.entries(reply ?? {}).flat();
  const [, value] = entries.flatMap((each) => (typeof each === "object" ? Object.values(each as object) : each));
  return value === undefined ? undefined : String(value);
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}
