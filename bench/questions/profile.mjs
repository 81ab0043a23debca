// Where does the CPU time of a request go?
import { readFileSync } from "node:fs";
import { startServer } from "../lib/processes.mjs";
import { compare } from "../lib/rounds.mjs";
import { SIGN_IN } from "./sign-in.mjs";

export const title = "Where the time goes";

const GROUPS = {
  "signed-in reads, Fastify": {
    server: "fastify",
    variants: ["none", "map", "memory", "cached", "redis", "sqlite", "select"],
  },
  "signed-in reads, Express": { server: "express", variants: ["none", "memory"] },
  "signed-in reads, Koa": { server: "koa", variants: ["none", "memory", "koa-session"] },
  "signed-in reads, Hono": { server: "hono", variants: ["none", "memory"] },
  "sign-ins, Fastify": { server: "fastify", variants: ["memory", "sqlite"], request: SIGN_IN },
};
const TIME = 2500;

export async function run(bench) {
  const groups = {};
  for (const [group, settings] of Object.entries(GROUPS)) groups[group] = await profiles(bench, settings);
  return groups;
}

async function profiles(bench, { server, variants, request = {} }) {
  const running = [];
  try {
    for (const variant of variants) running.push(await startServer({ server, variant, ...bench.server }, bench));
    const asked = running.map((each, i) => [variants[i], { server: each, request }]);
    const rows = await compare(bench, asked, { processes: 1 });
    const found = [];
    for (const [i, row] of rows.entries()) found.push(inMicros(row, await profileOf(bench, running[i], request)));
    return found;
  } finally {
    await Promise.all(running.map((each) => each.stop()));
  }
}

async function profileOf({ load, folder }, { port, headersFile, ask }, request) {
  const file = `${folder}/profile.json`;
  await load.ask("run", { port, headersFile, ms: TIME + 500, ...request });
  const loaded = load.ask("go");
  await ask("profile", file, TIME);
  await loaded;
  return sharesOf(JSON.parse(readFileSync(file, "utf8")));
}

/** The time of a request was measured before; the profile, which costs time itself, only gives the shares. */
function inMicros({ name, cpu, thread }, { kinds, functions }) {
  const scaled = (entries) => entries.map(([what, share]) => [what, share * thread.median]);
  const others = [OTHERS, cpu.median - thread.median];
  return { name, micros: cpu.median, kinds: [...scaled(kinds), others], functions: scaled(functions.slice(0, 10)) };
}

function sharesOf({ nodes, samples, timeDeltas }) {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const [kinds, functions] = [{}, {}];
  let total = 0;
  for (const [index, id] of samples.entries()) {
    const { functionName, url, lineNumber } = frames.get(id);
    if (functionName === "(idle)" || url === "node:inspector") continue;
    const kind = kindOf(functionName, url);
    total += timeDeltas[index];
    kinds[kind] = (kinds[kind] ?? 0) + timeDeltas[index];
    if (kind !== "Sessile") continue;
    const name = `\`${functionName || `line ${lineNumber + 1}`}\` (${url.split("/dist/").at(-1).replace(/\.js$/, "")})`;
    functions[name] = (functions[name] ?? 0) + timeDeltas[index];
  }
  return { kinds: sorted(kinds, total), functions: sorted(functions, total) };
}

const OTHERS = "other threads: the writer of SQLite, and V8's helpers";
const KINDS = [
  [/packages\/sessile\//, "Sessile"],
  [/@redis\/client|ioredis/, "the Redis client"],
  [/node_modules\//, "the framework, and other libraries"],
  [/bench\//, "the handler"],
  [/^node:_?(internal\/)?(crypto|zlib)/, "SHA-256 and CRC-32"],
  [/^node:/, "Node's HTTP, sockets and streams"],
];

/** Native functions have no file. */
function kindOf(name, url) {
  if (name === "(garbage collector)") return "garbage collection";
  if (url === "") return "native code: system calls, SQLite, hashing";
  return KINDS.find(([pattern]) => pattern.test(url))?.[1] ?? "other";
}

function sorted(times, total) {
  const entries = Object.entries(times).map(([name, time]) => [name, time / total]);
  return entries.sort((a, b) => b[1] - a[1]);
}
