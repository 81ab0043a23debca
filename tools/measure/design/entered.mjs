// A program that finds the functions of the library which one warm request enters, by V8's precise coverage. Serves a
// small Fastify application on the store that the first argument names, uses it over HTTP, and prints, as JSON, the
// functions of each file that four requests enter.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { Session as Inspector } from "node:inspector/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { createClient } from "@redis/client";
import Fastify from "fastify";
import { headerTransport, memoryStore, SessionManager } from "sessile";
import { cachedStore } from "sessile/cached";
import { sessions } from "sessile/fastify";
import { redisStore } from "sessile/redis";
import { sqliteStore } from "sessile/sqlite";
import { startRedis } from "sessile-test-support/redis-server";

const WARM = 50;
const LIBRARY = /\/packages\/sessile\/dist\/(.+)/;

const cleanups = [];
const STORES = {
  memory: () => memoryStore(),
  SQLite() {
    const folder = mkdtempSync(join(tmpdir(), "sessile-design-"));
    cleanups.push(() => rmSync(folder, { recursive: true }));
    return sqliteStore({ path: join(folder, "sessions.db") });
  },
  async Redis() {
    const redis = await startRedis();
    const client = await createClient({ url: redis.url }).connect();
    cleanups.push(() => client.destroy(), redis.close);
    return redisStore({ client });
  },
  cached: async () => cachedStore(await STORES.Redis()),
};

const store = await STORES[process.argv[2]]();
const app = Fastify();
const manager = new SessionManager({ store, transports: [headerTransport()], sweepInterval: 0 });
await app.register(sessions, { manager });
app.post("/login", async ({ session }) => void (await session.signIn("42", { data: { name: "Anna" } })));
app.get("/profile", async ({ session }) => ({ id: session.require().userId, name: session.get("name") }));
app.post("/visit", async ({ session }) => session.require().set("visitedAt", Date.now()));
app.post("/logout", async ({ session }) => session.signOut());
const url = await app.listen({ port: 0, host: "127.0.0.1" });

let token;
async function call(method, path) {
  const response = await fetch(url + path, {
    method,
    headers: token === undefined ? {} : { "x-session-token": token },
  });
  await response.arrayBuffer();
  assert.equal(response.status, 200, path);
  await turn();
  return response.headers.get("x-session-token");
}

const REQUESTS = {
  async "sign-in"() {
    token = undefined;
    return call("POST", "/login");
  },
  read: () => call("GET", "/profile"),
  "set and commit": () => call("POST", "/visit"),
  "sign-out": () => call("POST", "/logout"),
};

/** Sends every request once; `around` runs each. */
async function round(around) {
  for (const [name, request] of Object.entries(REQUESTS)) token = (await around(name, request)) || token;
}

for (let i = 0; i < WARM; i++) await round((_name, request) => request());
const inspector = new Inspector();
inspector.connect();
await inspector.post("Profiler.enable");
await inspector.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
const entered = {};
await round(async (name, request) => {
  await inspector.post("Profiler.takePreciseCoverage");
  const issued = await request();
  entered[name] = count(await inspector.post("Profiler.takePreciseCoverage"));
  return issued;
});
await app.close();
await store.close();
for (const clean of cleanups) await clean();
console.log(JSON.stringify(entered));
process.exit();

/** The entered functions of each file, in the order of the source. */
function count({ result }) {
  const files = result
    .map(({ url, functions }) => [LIBRARY.exec(url)?.[1], functions.filter(isEntered).map(nameOf)])
    .filter(([file, functions]) => file !== undefined && functions.length > 0);
  return Object.fromEntries(files);
}

function nameOf({ functionName }) {
  return functionName || "(no name)";
}

function isEntered({ ranges }) {
  return ranges[0].count > 0;
}
