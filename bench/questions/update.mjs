// What does a request that changes one field of its session cost?
import { compare } from "../lib/rounds.mjs";

export const title = "Update of one field, 10,000 live sessions, 64 connections (Fastify)";

const NAMES = [
  "none",
  "memory",
  "@fastify/session",
  "sqlite",
  "@fastify/session, sqlite",
  "redis",
  "cached",
  "@fastify/session, connect-redis",
];

export const UPDATE = { method: "POST", path: "/update", more: "Sec-Fetch-Site: same-origin\r\n" };

export function run(bench) {
  return compare(
    bench,
    NAMES.map((variant) => [variant, { server: { server: "fastify", variant }, request: UPDATE }]),
  );
}
