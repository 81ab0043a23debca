// From `--store` to an open store, and what it promises when the power goes.

import { createClient } from "@redis/client";
import { isSessionError, memoryStore, type SessionStore } from "sessile";
import { redisStore } from "sessile/redis";
import { sqliteStore } from "sessile/sqlite";
import { UsageError } from "./usage-error.ts";

export interface OpenedStore {
  readonly store: SessionStore;
  /** Names the store without passwords. */
  readonly name: string;
  /** What an acknowledged sign-in or sign-out survives. */
  readonly durability: string;
  /** Frees what was opened beside the store. Call it after the store is closed. */
  readonly close: () => Promise<void>;
}

const CONNECT_TIMEOUT = 5000;

/** Throws `UsageError` when the text names no store, or one that cannot be opened. */
export async function openStore(text: string): Promise<OpenedStore> {
  if (text === "memory") return openMemory();
  if (text.startsWith("sqlite:")) return openSqlite(text.slice("sqlite:".length));
  if (/^rediss?:\/\//.test(text)) return openRedis(text);
  throw new UsageError(`--store must be memory, sqlite:PATH or redis://HOST:PORT/DB; got "${withoutPassword(text)}".`);
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

async function openRedis(url: string): Promise<OpenedStore> {
  const name = withoutPassword(url);
  const client = createRedisClient(url, name);
  await client.connect().catch((error) => {
    throw new UsageError(
      `--store ${name} cannot be reached: ${reasonOf(error)}. Start Redis there, or choose another --store.`,
    );
  });
  return {
    store: redisStore({ client }),
    name,
    durability: await redisDurability(client),
    close: async () => client.destroy(),
  };
}

/** Until the first connection a failure is final; after it the client goes on trying, and requests are answered 503. */
function createRedisClient(url: string, name: string): ReturnType<typeof createClient> {
  let wasConnected = false;
  const reconnectStrategy = (retries: number): number | false => wasConnected && Math.min(50 * 2 ** retries, 2000);
  try {
    const client = createClient({
      url,
      disableOfflineQueue: true,
      socket: { connectTimeout: CONNECT_TIMEOUT, reconnectStrategy },
    });
    client.on("ready", () => {
      wasConnected = true;
    });
    client.on("error", () => {}); // every call that fails is reported by the store; an unheard "error" would end the process
    return client as ReturnType<typeof createClient>;
  } catch (error) {
    throw new UsageError(`--store ${name} is no usable Redis URL: ${reasonOf(error)}.`);
  }
}

async function redisDurability(client: ReturnType<typeof createClient>): Promise<string> {
  const info = await client.sendCommand(["INFO"]).then(String, () => "");
  const isAppending = /^aof_enabled:1/m.test(info);
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? "unknown";
  const durability = isAppending
    ? "survives a restart of this server; a crash of Redis loses about the last second (append-only file)"
    : "survives a restart of this server; a crash of Redis loses what its last snapshot does not hold (no append-only file)";
  return policy === "noeviction" || policy === "unknown"
    ? durability
    : `${durability}; Redis may evict sessions (${policy}), use noeviction`;
}

function withoutPassword(text: string): string {
  return text.replace(/\/\/[^@/]*@/, "//***@");
}

function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return code ?? message ?? String(error);
}
