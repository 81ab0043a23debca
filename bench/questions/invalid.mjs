// What does a token cost that is good for nothing, against one that is good?
import { readFileSync, writeFileSync } from "node:fs";
import { startServer } from "../lib/processes.mjs";
import { compare } from "../lib/rounds.mjs";

export const title = "Tokens that are good for nothing (Fastify, memory), against a good one";

export async function run(bench) {
  const [none, server, other] = await Promise.all(
    ["none", "memory", "memory"].map((variant) => startServer({ server: "fastify", variant, ...bench.server }, bench)),
  );
  try {
    const illFormed = changed(server.headersFile, (line) => line.slice(0, -1) + (line.endsWith("A") ? "B" : "A"));
    return await compare(bench, [
      ["no sessions", { server: none }],
      ["a good token", { server }],
      ["an ill-formed token", { server, request: { headersFile: illFormed, status: 401 } }],
      ["an unknown token", { server, request: { headersFile: other.headersFile, status: 401 } }],
      ["no token", { server, request: { headersFile: undefined, status: 401 } }],
    ]);
  } finally {
    for (const each of [none, server, other]) await each.stop();
  }
}

function changed(file, change) {
  const name = `${file}.changed`;
  writeFileSync(name, JSON.stringify(JSON.parse(readFileSync(file, "utf8")).map(change)));
  return name;
}
