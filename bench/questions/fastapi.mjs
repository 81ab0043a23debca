// The cost of a session beside that of three FastAPI programs with the same contract, which this project began as.
import { findFastapi, startFastapi } from "../lib/python.mjs";
import { compare } from "../lib/rounds.mjs";

export const title =
  "Signed-in read of the original contract (`GET /profile`, `X-Session-Token`), FastAPI and Sessile on Fastify";

const STORES = ["none", "memory", "sqlite", "redis"];
const MODULES = { redis: "in_redis" };

export async function run(bench) {
  const python = await findFastapi().catch((error) => ({ reason: error.message }));
  if (python.reason) return { skipped: python.reason };
  const env = { ...python, SESSIONS_REDIS: bench.server.redisUrl };
  const servers = [];
  try {
    const variants = [];
    for (const store of STORES) {
      const sessions = store === "none" ? 0 : 100;
      const theirs = await startFastapi(MODULES[store] ?? store, sessions, env, bench);
      const settings = { server: "fastify", variant: store, transport: "header", sessions: 100 };
      servers.push(theirs);
      variants.push([`FastAPI, ${store}`, { server: theirs, request: { path: "/profile" }, base: "FastAPI, none" }]);
      variants.push([`Sessile, ${store}`, { server: settings, request: { path: "/profile" }, base: "Sessile, none" }]);
    }
    return await compare(bench, variants, { ms: Math.max(bench.ms, 700) });
  } finally {
    for (const server of servers) await server.stop();
  }
}
