// What does an invalid token cost, compared with a valid one?
import { readFileSync, writeFileSync } from "node:fs";
import { compare } from "../lib/rounds.mjs";

export const title = "Tokens that are good for nothing (Fastify, memory), against a good one";

export function run(bench) {
  const server = { server: "fastify", variant: "memory" };
  return compare(bench, [
    ["no sessions", { server: { ...server, variant: "none" } }],
    ["a good token", { server }],
    ["an ill-formed token", { server, request: illFormed }],
    ["an unknown token", { server: { ...server, unknown: true }, request: { status: 401 } }],
    ["no token", { server, request: { headersFile: undefined, status: 401 } }],
  ]);
}

/** The last character belongs to the checksum. */
function illFormed({ headersFile }) {
  const file = `${headersFile}.changed`;
  const lines = JSON.parse(readFileSync(headersFile, "utf8"));
  writeFileSync(file, JSON.stringify(lines.map((line) => line.slice(0, -1) + (line.endsWith("A") ? "B" : "A"))));
  return { headersFile: file, status: 401 };
}
