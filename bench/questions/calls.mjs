// How often does a request ask Redis, and how many bytes pass, by Redis' own account?
import { startServer } from "../lib/processes.mjs";

export const title = "Commands and bytes of one request at Redis";

const REQUESTS = {
  read: {},
  update: { method: "POST", path: "/update", more: "Sec-Fetch-Site: same-origin\r\n" },
  "sign-in": { method: "POST", path: "/login", headersFile: undefined, more: "Sec-Fetch-Site: same-origin\r\n" },
};

export async function run(bench) {
  const rows = [];
  for (const [server, variant] of [
    ["fastify", "redis"],
    ["fastify", "cached"],
    ["fastify", "@fastify/session, connect-redis"],
    ["express", "express-session, connect-redis"],
    ["express", "express-session, sessile redis"],
  ])
    rows.push(...(await countsOf(bench, server, variant)));
  return rows;
}

async function countsOf(bench, server, variant) {
  const started = await startServer({ server, variant, sessions: 100, ...bench.server }, bench);
  try {
    const rows = [];
    for (const [request, settings] of Object.entries(REQUESTS)) {
      await send(bench, started, settings);
      rows.push({ server, name: variant, request, ...(await counted(bench, started, settings)) });
    }
    return rows;
  } finally {
    await started.stop();
  }
}

async function counted(bench, started, settings) {
  await bench.redis.ask("CONFIG", "RESETSTAT");
  const requests = await send(bench, started, settings);
  const stats = String(await bench.redis.ask("INFO", "stats"));
  const commands = String(await bench.redis.ask("INFO", "commandstats"));
  const calls = Object.fromEntries(
    Array.from(commands.matchAll(/cmdstat_(\w+)[^:]*:calls=(\d+)/g), ([, name, count]) => [name, count / requests])
      .filter(([name]) => name !== "config" && name !== "info")
      .map(([name, each]) => [name, Math.round(each * 100) / 100])
      .filter(([, each]) => each >= 0.05),
  );
  const bytes = (name) => Number(new RegExp(`${name}:(\\d+)`).exec(stats)[1]) / requests;
  return { calls, bytesIn: bytes("total_net_input_bytes"), bytesOut: bytes("total_net_output_bytes") };
}

async function send({ load }, { port, headersFile }, settings) {
  await load.ask("run", { port, headersFile, ms: 400, connections: 8, ...settings });
  return (await load.ask("go")).count;
}
