// `sessile/cached`: copies of records in this process, in front of a store in Redis that reports what changed.

import { milliseconds, type Rule, resolve, wholeNumber, wrong } from "../../core/options.ts";
import type { SessionStore } from "../../core/store.ts";
import { RedisStore } from "../redis/store.ts";
import { CachedStore } from "./store.ts";
import { Tracking } from "./tracking.ts";

/** Bounds of the copies that a process keeps. */
export interface CacheOptions {
  /** Most copies at once. Default 10,000. */
  readonly maxEntries?: number;
  /** About the most bytes of copies at once. Default 64 MiB. */
  readonly maxBytes?: number;
  /**
   * For at most this many milliseconds a session may still be accepted here after it ended elsewhere, whatever happens
   * to the network or to Redis. From 100 to 60,000; default 1,000. Usually it takes a millisecond.
   */
  readonly maxStaleness?: number;
}

const RULES: Readonly<Record<keyof CacheOptions, Rule>> = {
  maxEntries: [...wholeNumber(1), 10_000],
  maxBytes: [...wholeNumber(1), 64 * 1024 ** 2],
  maxStaleness: [...milliseconds(100, 60_000), 1000],
};

/**
 * Puts a cache in front of a store made by `redisStore`, which is then used through it alone. Opens a connection of its
 * own to each primary, made with the options of the store's client. While changes might go unnoticed, every request
 * asks Redis, as it would without the cache.
 *
 * Beyond what the store needs, its user at Redis needs CLIENT ID, CLIENT TRACKING, and SUBSCRIBE on the channel
 * `__redis__:invalidate`. Throws `ERR_SESSION_OPTION` for a store that cannot be tracked.
 */
export function cachedStore(store: SessionStore, options: CacheOptions = {}): SessionStore {
  const { maxStaleness, ...bounds } = resolve<Required<CacheOptions>>(RULES, options);
  if (!(store instanceof RedisStore)) throw wrong("store", "made by `redisStore`, and not wrapped");
  store.keepNoRecords();
  return new CachedStore(store, new Tracking(store.port, store.keys, maxStaleness), bounds);
}
