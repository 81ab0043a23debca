// What does a signed-in read cost, on every store and framework, compared with no sessions at all and with the peers?
import { compare, typical } from "../lib/rounds.mjs";

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

/** The usual library of a framework and a store, beside Sessile: title, framework, Sessile's row and the library's. */
export const USUAL = [
  ["Fastify, memory", "fastify", "memory", "@fastify/session"],
  ["Fastify, SQLite", "fastify", "sqlite", "@fastify/session, sqlite"],
  ["Fastify, Redis", "fastify", "redis", "@fastify/session, connect-redis"],
  ["Express, memory", "express", "memory", "express-session"],
  ["Express, SQLite", "express", "sqlite", "express-session, sqlite"],
  ["Express, Redis", "express", "redis", "express-session, connect-redis"],
  ["Koa, memory", "koa", "memory", "koa-session"],
  ["Hono, memory", "hono", "memory", "hono-sessions"],
  ["Hono, SQLite", "hono", "sqlite", "better-auth, sqlite"],
];

/** The rows of each framework, and those of `USUAL` once more with V8's default flags, as `plain`. */
export async function run(bench) {
  const groups = {};
  for (const [server, names] of Object.entries(GROUPS)) {
    if (bench.isShort && server !== "fastify") continue;
    groups[server] = await compare(
      bench,
      names.map((name) => [name, variantOf(server, name)]),
    );
    await addPlain(bench, server, groups[server]);
  }
  return groups;
}

async function addPlain(bench, server, rows) {
  const usual = USUAL.filter(([, framework]) => framework === server).flatMap(([, , ours, theirs]) => [ours, theirs]);
  const variants = ["none", ...usual].map((name) => [name, { ...variantOf(server, name), isPlain: true }]);
  for (const { name, ownCpu } of await compare(bench, variants, { windowsOf: typical }))
    rows.find((row) => row.name === name).plain = ownCpu;
}

function variantOf(server, variant) {
  return { server: { server, variant }, request: variant.endsWith(", data") ? { path: "/data" } : {} };
}
