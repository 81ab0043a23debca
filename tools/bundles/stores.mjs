// Every store, as an application would open it. STORE names one; PLACE is its file, or the port of its Redis.
import { once } from "node:events";
import { createClient } from "@redis/client";
import { Redis } from "ioredis";
import { memoryStore } from "sessile";
import { cachedStore } from "sessile/cached";
import { redisStore } from "sessile/redis";
import { sqliteStore } from "sessile/sqlite";

const STORES = {
  memory: () => memoryStore(),
  sqlite: (path) => sqliteStore({ path }),
  "sqlite, node:sqlite": (path) => {
    const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
    return sqliteStore({ database: new DatabaseSync(path) });
  },
  "sqlite, better-sqlite3": (path) => {
    // Native code cannot be part of a bundle: it is a file beside it.
    const { createRequire } = process.getBuiltinModule("node:module");
    const Database = createRequire(`${process.cwd()}/`)("better-sqlite3");
    return sqliteStore({ database: new Database(path) });
  },
  "redis, @redis/client": async (port) => redisStore({ client: await nodeRedis(port) }),
  "redis, ioredis": async (port) => redisStore({ client: await ioredis(port) }),
  cached: async (port) => cachedStore(redisStore({ client: await nodeRedis(port) })),
};

/** Opens the store that the environment names. */
export async function openStore() {
  const { STORE, PLACE } = process.env;
  return STORES[STORE](PLACE);
}

function nodeRedis(port) {
  return createClient({ url: `redis://127.0.0.1:${port}`, disableOfflineQueue: true }).connect();
}

async function ioredis(port) {
  const client = new Redis({ port: Number(port), autoResendUnfulfilledCommands: false });
  await once(client, "ready");
  return client;
}
