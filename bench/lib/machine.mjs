// The machine and the versions of the results.
import { readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { DatabaseSync } from "node:sqlite";
import { inRoot } from "../../tools/ready/repository.mjs";
import { isPinned } from "./processes.mjs";

const PACKAGES = [
  "fastify",
  "express",
  "koa",
  "hono",
  "@hono/node-server",
  "ioredis",
  "@redis/client",
  "express-session",
  "connect-redis",
  "pg",
  "connect-pg-simple",
  "memorystore",
  "better-sqlite3",
  "better-sqlite3-session-store",
  "@fastify/session",
  "koa-session",
  "hono-sessions",
  "iron-session",
  "better-auth",
];

export function machine() {
  const all = cpus();
  return {
    cpu: all[0].model,
    cores: all.length,
    memory: `${Math.round(totalmem() / 1024 ** 3)} GiB`,
    system: `${process.platform} ${process.arch}`,
    coresApart: isPinned,
  };
}

export async function versions(redis) {
  const [, server] = /redis_version:(\S+)/.exec(String(await redis.ask("INFO", "server"))) ?? [];
  const sqlite = new DatabaseSync(":memory:").prepare("SELECT sqlite_version() AS version").get().version;
  const packages = Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)]));
  return { node: process.versions.node, redis: server, sqlite, ...packages };
}

/** The version in the bench's own packages, else in the root's: the order of Node's search. */
function versionOf(name) {
  for (const folder of ["bench/node_modules", "node_modules"]) {
    try {
      return JSON.parse(readFileSync(inRoot(folder, name, "package.json"), "utf8")).version;
    } catch {}
  }
  return "unknown";
}
