// Opens the store of `--store`, and describes what it promises after a loss of power.

import { isSessionError, memoryStore } from "sessile";
import { sqliteStore } from "sessile/sqlite";
import type { SessionStore } from "sessile/store";
import type { Config } from "../config/config.ts";
import { isPostgresUrl } from "../config/postgres-url.ts";
import { isRedisUrl } from "../config/redis-url.ts";
import { requireSqlite } from "../config/require-sqlite.ts";
import type { Environment } from "../config/settings.ts";
import { UsageError } from "../config/usage-error.ts";
import { withoutPasswords } from "../config/without-password.ts";
import { openPostgres } from "./open-postgres.ts";
import { openRedis } from "./open-redis.ts";

export interface OpenedStore {
  readonly store: SessionStore;
  /** The store's URL or path without passwords. */
  readonly name: string;
  /** The failures that an acknowledged sign-in or sign-out survives. */
  readonly promise: string;
  /** The weaknesses of these settings, with a remedy. */
  readonly warnings: readonly string[];
  /**
   * Milliseconds by which the clock of the store's machine is ahead of this one's; absent without such a machine, or
   * when its clock may not be read.
   */
  readonly clockAhead?: number;
  /**
   * Restores sessions that are missing in the lists of their users, if the store can lose them. Resolves to their
   * number.
   */
  readonly reindex?: () => Promise<number>;
  /** Closes everything else that was opened. Call it after the store is closed. */
  readonly close: () => Promise<void>;
}

export type StoreWishes = Pick<Config, "store" | "cache" | "confirmReplicas"> & {
  /** Milliseconds that a command of Redis or Postgres may take; default the library's. */
  readonly deadline?: number;
  /** The source of the user and the password of a Redis or Postgres; default the environment of this process. */
  readonly env?: Environment;
};

/** For programs that read the stored state and serve no clients. */
export const AS_STORED = { cache: null, confirmReplicas: 0 } as const;

/** Throws `UsageError` when `store` is no store, cannot be opened, or lacks what else is asked for. */
export async function openStore(config: StoreWishes): Promise<OpenedStore> {
  const { store: text } = config;
  if (isRedisUrl(text)) return openRedis(text, config);
  if (config.cache !== null) throw new UsageError(`--cache is for Redis; --store ${text} needs none.`);
  if (config.confirmReplicas > 0) throw new UsageError(`--confirm-replicas is for Redis; --store ${text} has none.`);
  if (isPostgresUrl(text)) return openPostgres(text, config);
  if (text === "memory") return openMemory();
  if (text.startsWith("sqlite:")) return openSqlite(text.slice("sqlite:".length));
  throw new UsageError(
    `--store must be memory, sqlite:PATH, postgres://USER@HOST/DATABASE or redis://HOST:PORT/DB (or redis+sentinel, redis+cluster); got "${withoutPasswords(text)}".`,
  );
}

function openMemory(): OpenedStore {
  const promise = "none: every session ends when this process ends";
  return { store: memoryStore(), name: "memory", promise, warnings: [], close: async () => {} };
}

function openSqlite(path: string): OpenedStore {
  if (path === "") throw new UsageError("--store sqlite: needs a path, such as sqlite:sessile.db.");
  requireSqlite();
  try {
    const promise = "what was acknowledged survives a crash and a power loss (WAL, synchronous=FULL)";
    return { store: sqliteStore({ path }), name: `sqlite:${path}`, promise, warnings: [], close: async () => {} };
  } catch (error) {
    if (isSessionError(error)) throw new UsageError(error.message);
    throw error;
  }
}
