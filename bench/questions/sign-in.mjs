// How many sign-ins a second are possible, and how long is the event loop blocked meanwhile?
import { compare, typical } from "../lib/rounds.mjs";

export const title = "Sign-ins, 64 connections (Fastify); every one on SQLite is durable when it is answered";

const NAMES = [
  "one transaction each",
  "sqlite",
  "memory",
  "redis",
  "@fastify/session",
  "@fastify/session, sqlite",
  "@fastify/session, connect-redis",
];

export const SIGN_IN = {
  method: "POST",
  path: "/login",
  headersFile: undefined,
  more: "Sec-Fetch-Site: same-origin\r\n",
};

export function run(bench) {
  return compare(
    bench,
    NAMES.map((variant) => [variant, { server: { server: "fastify", variant, sessions: 1 }, request: SIGN_IN }]),
    { windowsOf: typical },
  );
}
