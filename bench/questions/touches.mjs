// What does a signed-in read cost whose session's activity has to be written, beside one without anything to write?
import { compare, typical } from "../lib/rounds.mjs";

export const title = "Signed-in read with its touch due, 10,000 live sessions, 64 connections (Fastify)";

const STORES = ["memory", "sqlite", "redis"];

export async function run(bench) {
  const rows = [];
  // The writes come once a second, so a window is longer than that.
  const pace = {
    processes: Math.ceil(bench.processes * bench.scale),
    windows: 3,
    ms: 3 * bench.ms,
    windowsOf: typical,
  };
  for (const store of STORES) {
    const names = [store, `${store}, touched`];
    // Default flags of V8: the writes make garbage of their own.
    const how = { isPlain: true, last: "flush", warmUps: 2 };
    const variants = names.map((variant) => [variant, { server: { server: "fastify", variant }, ...how }]);
    rows.push(...(await compare(bench, variants, pace)));
  }
  return rows;
}
