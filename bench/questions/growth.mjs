// How does the cost of a read grow with the number of sessions; and how long does a start with many of them take?
import { startServer } from "../lib/processes.mjs";
import { compare, typical } from "../lib/rounds.mjs";
import { sizeOf } from "../lib/sqlite-size.mjs";
import { median } from "../lib/statistics.mjs";

export const title = "Growth with the number of live sessions (Fastify)";

export async function run(bench) {
  const counts = [1, 10_000, Math.ceil(1_000_000 * bench.scale)];
  const groups = {};
  for (const store of ["memory", "sqlite"]) {
    const names = ["none", ...counts.map((sessions) => `${store}, ${sessions.toLocaleString("en")}`)];
    const variants = names.map((name, i) => [name, variantOf(store, counts[i - 1])]);
    if (store === "sqlite") variants.push([`${names.at(-1)}, each once`, unknownOf(counts.at(-1))]);
    groups[store] = await compare(bench, variants, { windowsOf: typical });
  }
  return { groups, start: await starts(bench, counts) };
}

/** Enough windows that every session of the load was requested before. */
const WARM_UPS = 20;

function variantOf(store, sessions) {
  if (sessions === undefined) return { server: { server: "fastify", variant: "none" } };
  const file = `growth-${sessions}.db`;
  const server = { server: "fastify", variant: store, sessions, file };
  return { server, node: ["--max-old-space-size=4096"], warmUps: WARM_UPS };
}

/** Enough sessions that no request repeats one. */
function unknownOf(sessions) {
  const variant = variantOf("sqlite", sessions);
  return {
    ...variant,
    warmUps: 3,
    server: { ...variant.server, file: "growth-once.db", asked: Math.ceil(sessions / 4) },
  };
}

/**
 * With the files of the question before: the time from the start of the process to its first answer, and the store's
 * part of it.
 */
async function starts(bench, counts) {
  const rows = [];
  for (const sessions of counts) {
    const file = `growth-${sessions}.db`;
    const times = [];
    for (let i = 0; i < 5; i++) {
      const server = await startServer(
        { server: "fastify", variant: "sqlite", file, sessions: 0, ...bench.server },
        bench,
      );
      times.push(server.readyAfter);
      await server.stop();
    }
    const bytes = sizeOf(`${bench.folder}/${file}`);
    rows.push({ name: sessions.toLocaleString("en"), ms: median(times), bytesPerSession: bytes / sessions });
  }
  return rows;
}
