// Where does the CPU time of a signed-in read go?
import { readFileSync } from "node:fs";
import { startServer } from "../lib/processes.mjs";
import { measure } from "../lib/rounds.mjs";

export const title = "Where the time of a signed-in read goes (Fastify)";

const VARIANTS = ["none", "memory", "sqlite", "redis", "cached"];
const TIME = 2500;

export async function run(bench) {
  const rows = [];
  for (const variant of VARIANTS) {
    const server = await startServer({ server: "fastify", variant, ...bench.server }, bench);
    rows.push({ name: variant, ...(await profiled(bench, variant, server)) });
    await server.stop();
  }
  return rows;
}

async function profiled(bench, name, server) {
  const { port, headersFile } = server;
  await measure(bench, { name, server, request: {} }, 1000);
  const file = `${bench.folder}/${name}.cpuprofile`;
  await bench.load.ask("run", { port, headersFile, ms: TIME + 500 });
  const loaded = bench.load.ask("go");
  await server.ask("profile", file, TIME);
  await loaded;
  return sharesOf(JSON.parse(readFileSync(file, "utf8")));
}

function sharesOf({ nodes, samples, timeDeltas }) {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const [shares, functions] = [{}, {}];
  let total = 0;
  for (const [index, id] of samples.entries()) {
    const { functionName, url, lineNumber } = frames.get(id);
    if (functionName === "(idle)" || url === "node:inspector") continue;
    const kind = kindOf(functionName, url);
    total += timeDeltas[index];
    shares[kind] = (shares[kind] ?? 0) + timeDeltas[index];
    if (kind !== "Sessile") continue;
    const name = `\`${functionName || `line ${lineNumber + 1}`}\` (${url.split("/dist/").at(-1).replace(/\.js$/, "")})`;
    functions[name] = (functions[name] ?? 0) + timeDeltas[index];
  }
  return { shares: sorted(shares, total), functions: sorted(functions, total).slice(0, 10) };
}

const KINDS = [
  [/packages\/sessile\//, "Sessile"],
  [/@redis\/client|ioredis/, "the Redis client"],
  [/node_modules\//, "Fastify"],
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
