// An application with every store, as its author would write it: the lane bundles it, runs the bundle, and uses it over
// HTTP. STORE names the store, PLACE the file or the port of Redis.
import { once } from "node:events";
import { createServer } from "node:http";
import { createClient } from "@redis/client";
import { Redis } from "ioredis";
import { headerTransport, memoryStore, SessionManager } from "sessile";
import { cachedStore } from "sessile/cached";
import { requireSession, withSession } from "sessile/node";
import { redisStore } from "sessile/redis";
import { sqliteStore } from "sessile/sqlite";

const { STORE, PLACE } = process.env;

const nodeRedis = () => createClient({ url: `redis://127.0.0.1:${PLACE}`, disableOfflineQueue: true }).connect();

async function ioredis() {
  const client = new Redis({ port: Number(PLACE), autoResendUnfulfilledCommands: false });
  await once(client, "ready");
  return client;
}

const STORES = {
  memory: () => memoryStore(),
  sqlite: () => sqliteStore({ path: PLACE }),
  "sqlite on a handle": () =>
    sqliteStore({ database: new (process.getBuiltinModule("node:sqlite").DatabaseSync)(PLACE) }),
  "redis, node-redis": async () => redisStore({ client: await nodeRedis() }),
  "redis, ioredis": async () => redisStore({ client: await ioredis() }),
  cached: async () => cachedStore(redisStore({ client: await nodeRedis() })),
};

start();

// No top-level await: a bundle of CommonJS has none.
async function start() {
  const manager = new SessionManager({ store: await STORES[STORE](), transports: [headerTransport()] });
  const server = createServer(withSession(manager, answer));
  server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
}

const ROUTES = {
  "POST /login": async (_request, response, session) => {
    await session.signIn("anna");
    response.end();
  },
  "GET /me": requireSession((_request, response, session) => {
    response.end(JSON.stringify({ user: session.userId, visits: session.get("visits") ?? 0 }));
  }),
  "POST /visit": requireSession(async (_request, response, session) => {
    await session.update("visits", (visits) => Number(visits ?? 0) + 1);
    response.end();
  }),
  "POST /logout": async (_request, response, session) => {
    await session.signOut();
    response.end();
  },
};

function answer(request, response, session) {
  const route = ROUTES[`${request.method} ${request.url}`];
  if (route !== undefined) return route(request, response, session);
  response.statusCode = 404;
  response.end();
}
