// Hono on Node: with no session library, with Sessile, and with its peers. Every variant has the same route.
import { createHmac } from "node:crypto";
import { createRequire } from "node:module";
import { serve } from "@hono/node-server";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { getMigrations } from "better-auth/db/migration";
import { Hono } from "hono";
import { MemoryStore, sessionMiddleware } from "hono-sessions";
import { sessions as sessileSessions } from "sessile/hono";
import { DATA, each, HOUR, plainCookies, some, userOf } from "./common.mjs";
import { SECRET } from "./peer-stores.mjs";
import { sessile } from "./sessile.mjs";

const require = createRequire(import.meta.url);

export const variants = {
  none: ({ sessions = 10_000 }) => {
    const app = new Hono();
    app.get("/", (c) => c.json({ userId: "user-0000000" }));
    return listen(app, some(plainCookies(sessions)));
  },
  memory: (settings) => own({ ...settings, store: "memory" }),
  sqlite: (settings) => own({ ...settings, store: "sqlite" }),
  "hono-sessions": peer,
  "better-auth": (settings) => auth(settings, memoryAdapter({ user: [], session: [], account: [], verification: [] })),
  "better-auth, sqlite": (settings) => auth(settings, sqlite(settings)),
};

async function own(settings) {
  const { manager, headers } = await sessile(settings);
  const app = new Hono();
  app.use(sessileSessions(manager));
  app.get("/", (c) => {
    const session = c.get("session");
    return c.json({ userId: session.userId }, session.isSignedIn() ? 200 : 401);
  });
  return listen(app, headers);
}

async function peer({ sessions = 10_000 }) {
  const store = new MemoryStore();
  const app = new Hono();
  app.use(sessionMiddleware({ store, expireAfterSeconds: 3600, sessionCookieName: "hono" }));
  app.get("/", (c) => {
    const userId = c.get("session").get("userId");
    return c.json({ userId }, userId === undefined ? 401 : 200);
  });
  const headers = await each(sessions, async (number) => {
    const id = `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
    const entries = Object.entries({ ...DATA, userId: userOf(number) });
    const data = Object.fromEntries(entries.map(([key, value]) => [key, { value, flash: false }]));
    store.createSession(id, {
      _data: data,
      _expire: new Date(Date.now() + HOUR).toISOString(),
      _delete: false,
      _accessed: new Date().toISOString(),
    });
    return `Cookie: hono=${id}`;
  });
  return listen(app, some(headers));
}

function sqlite({ folder }) {
  const Database = require("better-sqlite3");
  const database = new Database(`${folder}/better-auth-${process.pid}.db`);
  database.pragma("journal_mode = wal");
  return database;
}

/** Its session check from its documentation, without the cookie that replaces the database for a while. */
async function auth({ sessions = 1000 }, database) {
  const options = { baseURL: "http://127.0.0.1", secret: SECRET, database, telemetry: { enabled: false } };
  const server = betterAuth({ ...options, rateLimit: { enabled: false }, logger: { disabled: true } });
  if (typeof database !== "function") await (await getMigrations(server.options)).runMigrations();
  const { internalAdapter } = await server.$context;
  const app = new Hono();
  app.get("/", async (c) => {
    const found = await server.api.getSession({ headers: c.req.raw.headers });
    return c.json({ userId: found?.user.name ?? null }, found === null ? 401 : 200);
  });
  // Its memory adapter searches all rows: with more of them, only that would be measured.
  const headers = await each(Math.min(sessions, 1000), async (number) => {
    const user = await internalAdapter.createUser({ name: userOf(number), email: `${userOf(number)}@example.com` });
    const { token } = await internalAdapter.createSession(user.id);
    const signature = createHmac("sha256", SECRET).update(token).digest("base64");
    return `Cookie: better-auth.session_token=${encodeURIComponent(`${token}.${signature}`)}`;
  });
  return listen(app, headers);
}

function listen(app, headers) {
  return new Promise((resolve) => {
    serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1", overrideGlobalObjects: false }, ({ port }) =>
      resolve({ port, headers, calls: {} }),
    );
  });
}
