// The stores that a requirement is tried on: each real, each with as many connections as a test asks for, and the sight
// of what lies in it. Knows no requirement.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after } from "node:test";
import { createClient } from "@redis/client";
import { memoryStore } from "sessile";
import { redisStore } from "sessile/redis";
import { sqliteStore } from "sessile/sqlite";
import type { SessionStore } from "sessile/store";
import { temporaryFolder } from "sessile-test-support/folder";
import { type RedisServer, startRedis } from "sessile-test-support/redis-server";

/** One place with sessions in it. */
export interface Place {
  /** A store that reaches this place over a connection of its own, as another process would. */
  connect(): Promise<SessionStore>;
  /** Every byte that lies there, keys and names included; `null` for memory, where nothing does. */
  dump(): Promise<Buffer | null>;
  /** Replaces the stored data of a session by this text, behind the store's back. */
  plant(sid: string, data: string): Promise<void>;
}

export interface StoreKind {
  readonly name: "memory" | "sqlite" | "redis";
  /** An empty place. */
  open(): Promise<Place>;
}

/** Memory, SQLite where this Node.js has it, and Redis. Closes behind the test file. */
export const STORES: readonly StoreKind[] = [
  { name: "memory", open: openMemory },
  ...(process.getBuiltinModule?.("node:sqlite") ? [{ name: "sqlite" as const, open: openSqlite }] : []),
  { name: "redis", open: openRedis },
];

const opened: (() => unknown)[] = [];
let server: Promise<RedisServer> | undefined;
let folder: string | undefined;
let places = 0;

after(async () => {
  for (const close of opened.reverse()) await close();
  await (await server)?.close();
});

/** The Redis server of this test file. */
export function redisServer(): Promise<RedisServer> {
  server ??= startRedis();
  return server;
}

export async function redisClient(): Promise<ReturnType<typeof createClient>> {
  const client = createClient({ url: (await redisServer()).url });
  await client.connect();
  opened.push(() => client.destroy());
  return client as ReturnType<typeof createClient>;
}

async function openMemory(): Promise<Place> {
  const store = memoryStore();
  return {
    connect: async () => store,
    dump: async () => null,
    async plant(sid, data) {
      const record = await store.load(sid);
      await store.delete(sid);
      if (record !== null) await store.create({ ...record, data });
    },
  };
}

async function openSqlite(): Promise<Place> {
  folder ??= temporaryFolder();
  const file = `place-${places++}.db`;
  const path = join(folder, file);
  const connect = (): SessionStore => {
    const store = sqliteStore({ path, busyTimeout: 10_000 });
    opened.push(() => store.close());
    return store;
  };
  return {
    connect: async () => connect(),
    dump: async () => Buffer.concat(["", "-wal", "-shm"].map((ending) => readFileSync(path + ending))),
    // The row vouches for itself with a checksum, so a row that is to be believed is written by a store.
    async plant(sid, data) {
      const store = connect();
      const record = await store.load(sid);
      await store.delete(sid);
      if (record !== null) await store.create({ ...record, data });
    },
  };
}

async function openRedis(): Promise<Place> {
  const prefix = `place-${places++}:`;
  const admin = await redisClient();
  return {
    connect: async () => redisStore({ client: await redisClient(), prefix, deadline: 10_000 }),
    async dump() {
      const keys = await admin.keys(`${prefix}*`);
      const values = await Promise.all(keys.map((key) => contentOf(admin, key)));
      return Buffer.from([...keys, ...values].join("\n"), "utf8");
    },
    async plant(sid, data) {
      const key = `${prefix}s:${sid}`;
      const [header = ""] = ((await admin.get(key)) ?? "").split("\n", 1);
      await admin.set(key, `${header.replace(/"dataLength":\d+/, `"dataLength":${data.length}`)}\n${data}`, {
        expiration: "KEEPTTL",
      });
    },
  };
}

/** As it was stored: `DUMP` would show long text compressed. */
async function contentOf(client: ReturnType<typeof createClient>, key: string): Promise<string> {
  if ((await client.type(key)) === "zset") return JSON.stringify(await client.zRangeWithScores(key, 0, -1));
  return (await client.get(key)) ?? "";
}
