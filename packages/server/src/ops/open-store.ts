// From `--store` to an open store, and what it promises when the power goes.

import { isSessionError, memoryStore, type SessionStore } from "sessile";
import { sqliteStore } from "sessile/sqlite";
import type { Config } from "../config/config.ts";
import { isRedisUrl } from "../config/redis-url.ts";
import { UsageError } from "../config/usage-error.ts";
import { openRedis } from "./open-redis.ts";

export interface OpenedStore {
  readonly store: SessionStore;
  /** Names the store without passwords. */
  readonly name: string;
  /** What an acknowledged sign-in or sign-out survives. */
  readonly durability: string;
  /** Frees what was opened beside the store. Call it after the store is closed. */
  readonly close: () => Promise<void>;
}

/** Throws `UsageError` when `store` names no store, or one that cannot be opened, or has not what else is asked for. */
export async function openStore(config: Pick<Config, "store" | "cache" | "confirmReplicas">): Promise<OpenedStore> {
  const { store: text } = config;
  if (isRedisUrl(text)) return openRedis(text, config);
  if (config.cache !== null) throw new UsageError(`--cache is for Redis; --store ${text} needs none.`);
  if (config.confirmReplicas > 0) throw new UsageError(`--confirm-replicas is for Redis; --store ${text} has none.`);
  if (text === "memory") return openMemory();
  if (text.startsWith("sqlite:")) return openSqlite(text.slice("sqlite:".length));
  throw new UsageError(
    `--store must be memory, sqlite:PATH or redis://HOST:PORT/DB (or redis+sentinel, redis+cluster); got "${text}".`,
  );
}

function openMemory(): OpenedStore {
  const durability = "none: every session ends when this process ends";
  return { store: memoryStore(), name: "memory", durability, close: async () => {} };
}

function openSqlite(path: string): OpenedStore {
  if (path === "") throw new UsageError("--store sqlite: needs a path, such as sqlite:sessile.db.");
  try {
    const durability = "what was acknowledged survives a crash and a power loss (WAL, synchronous=FULL)";
    return { store: sqliteStore({ path }), name: `sqlite:${path}`, durability, close: async () => {} };
  } catch (error) {
    if (isSessionError(error)) throw new UsageError(error.message);
    throw error;
  }
}
