// What does a signed-in read cost, on every store and framework, compared with no sessions at all and with the peers?
import { compare } from "../lib/rounds.mjs";

export const title = "Signed-in read, 10,000 live sessions, 64 connections";

const GROUPS = {
  fastify: [
    "none",
    "none, private",
    "map",
    "by hand",
    "5 µs",
    "memory",
    "memory, data",
    "@fastify/session",
    "sqlite",
    "select",
    "@fastify/session, sqlite",
    "cached",
    "redis",
    "get",
    "@fastify/session, connect-redis",
    "ioredis",
    "get, ioredis",
    "get, ioredis pipelining",
  ],
  express: [
    "none",
    "memory",
    "express-session",
    "express-session, memorystore",
    "express-session, sessile",
    "sqlite",
    "express-session, sqlite",
    "express-session, sessile sqlite",
    "cached",
    "redis",
    "express-session, connect-redis",
    "express-session, sessile redis",
    "iron-session",
  ],
  koa: ["none", "memory", "koa-session"],
  hono: ["none", "memory", "hono-sessions", "sqlite", "better-auth", "better-auth, sqlite"],
};

export async function run(bench) {
  const groups = {};
  for (const [server, names] of Object.entries(GROUPS)) {
    if (bench.isShort && server !== "fastify") continue;
    groups[server] = await compare(
      bench,
      names.map((name) => [name, variantOf(server, name)]),
    );
  }
  return groups;
}

function variantOf(server, variant) {
  return { server: { server, variant }, request: variant.endsWith(", data") ? { path: "/data" } : {} };
}
