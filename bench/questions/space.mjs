// What space does a live session of three small fields take, in memory, in a file and in Redis?
import { startServer } from "../lib/processes.mjs";
import { sizeOf } from "../lib/sqlite-size.mjs";

export const title = "Space of a live session with three small fields";

const STORES = ["sessile", "memorystore", "express-session", "@fastify/session", "hono-sessions"];
const MEMORY = ["--expose-gc", "--max-old-space-size=8192"];

export async function run(bench) {
  const sessions = Math.ceil(200_000 * bench.scale);
  const memory = [];
  for (const variant of STORES) memory.push({ name: variant, ...(await inMemory(bench, variant, sessions)) });
  return { sessions, memory, redis: await inRedis(bench), sqlite: await inSqlite(bench) };
}

async function inMemory(bench, variant, sessions) {
  const server = await startServer({ server: "space", variant, sessions }, { ...bench, nodeArgs: MEMORY });
  try {
    const before = await server.ask("memory");
    await server.ask("call", "fill");
    const after = await server.ask("memory");
    return { heap: (after.heap - before.heap) / sessions, rss: (after.rss - before.rss) / sessions };
  } finally {
    await server.stop();
  }
}

/** The memory that Redis reports, with the keys of the user's index. */
async function inRedis(bench) {
  const rows = [];
  for (const variant of ["redis", "@fastify/session, connect-redis"]) {
    await bench.redis.ask("FLUSHALL");
    const before = await usedMemory(bench.redis);
    const server = await startServer({ server: "fastify", variant, sessions: 20_000, ...bench.server }, bench);
    rows.push({ name: variant, bytes: ((await usedMemory(bench.redis)) - before) / 20_000 });
    await server.stop();
  }
  return rows;
}

async function usedMemory(redis) {
  return Number(/used_memory_dataset:(\d+)/.exec(String(await redis.ask("INFO", "memory")))[1]);
}

async function inSqlite(bench) {
  const rows = [];
  for (const variant of ["sqlite", "@fastify/session, sqlite"]) {
    const settings = { server: "fastify", variant, sessions: 20_000, file: "space.db", ...bench.server };
    const server = await startServer(settings, bench);
    const file = variant === "sqlite" ? "space.db" : `peer-${server.pid}.db`;
    await server.stop();
    rows.push({ name: variant, bytes: sizeOf(`${bench.folder}/${file}`) / 20_000 });
  }
  return rows;
}
