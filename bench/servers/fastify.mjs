// Fastify: with no session library, with hand-written code, with Sessile and with its peers. Every variant has the same
// routes.
import { createHash, hash, randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { DatabaseSync } from "node:sqlite";
import cookie from "@fastify/cookie";
import fastifySession from "@fastify/session";
import Fastify from "fastify";
import { sessions as sessilePlugin } from "sessile/fastify";
import { called, DATA, each, HOUR, plainCookies, some, userOf } from "./common.mjs";
import { redisSessions, SECRET, sign, sqliteSessions } from "./peer-stores.mjs";
import { ioRedis, nodeRedis, sessile } from "./sessile.mjs";

const require = createRequire(import.meta.url);

export const variants = {
  none: ({ sessions = 10_000 }) => listen(plain(), some(plainCookies(sessions))),
  "none, private": ({ sessions = 10_000 }) => listen(hidden(Fastify()), some(plainCookies(sessions))),
  map,
  "by hand": byHand,
  "5 µs": busy,
  get: (settings) => bareGet(settings, nodeRedis),
  "get, ioredis": (settings) => bareGet(settings, ioRedis),
  "get, ioredis pipelining": (settings) => bareGet(settings, (url) => ioRedis(url, { enableAutoPipelining: true })),
  select: handWritten,
  "one transaction each": singly,
  memory: (settings) => own({ ...settings, store: "memory" }),
  "memory, data": (settings) => own({ ...settings, store: "memory" }),
  sqlite: (settings) => own({ ...settings, store: "sqlite" }),
  redis: (settings) => own({ ...settings, store: "redis" }),
  ioredis: (settings) => own({ ...settings, store: "ioredis" }),
  cached: (settings) => own({ ...settings, store: "cached" }),
  "memory, touched": (settings) => own({ ...settings, store: "memory", isTouched: true }),
  "sqlite, touched": (settings) => own({ ...settings, store: "sqlite", isTouched: true }),
  "redis, touched": (settings) => own({ ...settings, store: "redis", isTouched: true }),
  "@fastify/session": (settings) => peer(settings, undefined),
  "@fastify/session, connect-redis": async (settings) => peer(settings, await redisSessions(settings)),
  "@fastify/session, sqlite": (settings) => peer(settings, sqliteSessions(settings, require("express-session"))),
};

function plain() {
  const app = Fastify();
  app.get("/", async () => ({ userId: "user-0000000" }));
  app.get("/profile", async () => ({ username: "user-0000000", user_id: 1 }));
  app.post("/update", async () => ({ userId: "user-0000000" }));
  return app;
}

/** The least that any library does: a look-up by the client's cookie. */
async function map({ sessions = 10_000 }) {
  const headers = some(plainCookies(sessions));
  const known = new Map(headers.map((line, number) => [line.slice("Cookie: __Host-session=".length), userOf(number)]));
  const app = Fastify();
  app.get("/", async (request) => ({ userId: known.get(request.headers.cookie.slice("__Host-session=".length)) }));
  return listen(app, headers);
}

/**
 * An answer that no cache may store and give to another user: each that depends on the signed-in user needs these
 * headers.
 */
function hidden(app, userIdOf = () => "user-0000000") {
  app.get("/", async (request, reply) => {
    reply.header("cache-control", "no-store").header("vary", "Cookie");
    return { userId: userIdOf(request) };
  });
  return app;
}

/**
 * The least that keeps the same promises in one process: nothing at rest that could sign in, a deadline, no answer in a
 * cache.
 */
function byHand({ sessions = 10_000 }) {
  const headers = plainCookies(sessions);
  const start = "__Host-session=".length;
  const digest = (cookie) => hash("sha256", cookie.slice(start), "base64url");
  const known = new Map(
    headers.map((line, number) => [
      digest(line.slice("Cookie: ".length)),
      { userId: userOf(number), expiresAt: Date.now() + HOUR },
    ]),
  );
  const userIdOf = ({ headers: { cookie } }) => {
    const record = known.get(digest(cookie));
    return record !== undefined && Date.now() < record.expiresAt ? record.userId : null;
  };
  return listen(hidden(Fastify(), userIdOf), some(headers));
}

/** Shows the accuracy of the measurement: its own CPU time is known. */
function busy({ sessions = 10_000 }) {
  const app = Fastify();
  app.get("/", async () => {
    const until = performance.now() + 0.005;
    while (performance.now() < until);
    return { userId: "user-0000000" };
  });
  return listen(app, some(plainCookies(sessions)));
}

async function bareGet({ redisUrl, sessions = 10_000 }, connect) {
  const headers = plainCookies(sessions);
  const client = await connect(redisUrl);
  const start = "Cookie: ".length;
  await each(sessions, (number) => client.set(`get:${headers[number].slice(start)}`, "x".repeat(400)));
  const app = Fastify();
  app.get("/", async (request) => {
    const text = await client.get(`get:${request.headers.cookie}`);
    return { userId: text === null ? null : "user-0000000" };
  });
  return listen(app, headers);
}

/** The least that a careful programmer would write: the key is the digest of the token, and the deadline is checked. */
async function handWritten({ folder, sessions = 10_000 }) {
  const headers = plainCookies(sessions);
  const database = new DatabaseSync(`${folder}/select-${process.pid}.db`);
  database.exec(`PRAGMA journal_mode = wal; PRAGMA synchronous = full;
    CREATE TABLE sessions (hash BLOB PRIMARY KEY, user_id TEXT, data TEXT, expires_at INTEGER) WITHOUT ROWID`);
  const insert = database.prepare("INSERT INTO sessions VALUES (?, ?, ?, ?)");
  database.exec("BEGIN");
  for (const [number, line] of headers.entries())
    insert.run(
      hashOf(line.slice("Cookie: __Host-session=".length)),
      userOf(number),
      JSON.stringify(DATA),
      Date.now() + HOUR,
    );
  database.exec("COMMIT");
  const select = database.prepare("SELECT user_id, data, expires_at FROM sessions WHERE hash = ?");
  const app = Fastify();
  app.get("/", async (request, reply) => {
    const row = select.get(hashOf(request.headers.cookie.slice("__Host-session=".length)));
    if (row === undefined || row.expires_at <= Date.now()) return reply.code(401).send({ detail: "Not authenticated" });
    return { userId: row.user_id };
  });
  return listen(app, headers);
}

/** A sign-in as it is usually written: one durable transaction, on the event loop. */
function singly({ folder }) {
  const database = new DatabaseSync(`${folder}/singly-${process.pid}.db`);
  database.exec(`PRAGMA journal_mode = wal; PRAGMA synchronous = full;
    CREATE TABLE sessions (hash BLOB PRIMARY KEY, user_id TEXT, data TEXT, expires_at INTEGER) WITHOUT ROWID`);
  const insert = database.prepare("INSERT INTO sessions VALUES (?, ?, ?, ?)");
  const app = Fastify();
  app.post("/login", async (_request, reply) => {
    const userId = userOf(Math.floor(Math.random() * 1e7));
    const token = randomBytes(32).toString("base64url");
    insert.run(hashOf(token), userId, JSON.stringify(DATA), Date.now() + HOUR);
    reply.header("set-cookie", `__Host-session=${token}; Path=/; Secure; HttpOnly; SameSite=Lax`);
    return { userId };
  });
  return listen(app, [""]);
}

const hashOf = (token) => createHash("sha256").update(token).digest();

async function own(settings) {
  const { manager, headers, store, serve } = await sessile(settings);
  const app = Fastify();
  await app.register(sessilePlugin, { manager });
  app.get("/", async ({ session }, reply) => {
    serve();
    if (!session.isSignedIn()) reply.code(401);
    return { userId: session.userId };
  });
  app.get("/data", async ({ session }) => ({ name: session.get("name") }));
  app.get("/profile", async ({ session }, reply) => {
    if (!session.isSignedIn()) return reply.code(401).send({ detail: "Not authenticated" });
    return { username: session.userId, user_id: 1 };
  });
  app.post("/update", async ({ session }) => {
    session.update("visits", (visits) => (visits ?? 0) + 1);
    return { userId: session.userId };
  });
  app.post("/login", async ({ session }) => {
    await session.signIn(userOf(Math.floor(Math.random() * 1e7)), { data: DATA });
    return { userId: session.userId };
  });
  return listen(app, headers, { stats: () => store.stats(), flush: () => manager.flush() });
}

/** By the advice of its documentation, and set to do the least: unchanged sessions are not saved. */
async function peer({ sessions = 10_000 }, store) {
  const app = Fastify();
  await app.register(cookie);
  const options = { secret: SECRET, saveUninitialized: false, rolling: false, cookie: { secure: false, maxAge: HOUR } };
  await app.register(fastifySession, { ...options, ...(store && { store }) });
  app.get("/", async ({ session }, reply) => {
    if (session.userId === undefined) reply.code(401);
    return { userId: session.userId };
  });
  app.post("/update", async ({ session }) => {
    session.visits = (session.visits ?? 0) + 1;
    return { userId: session.userId };
  });
  app.post("/login", async (request) => {
    await request.session.regenerate();
    Object.assign(request.session, { ...DATA, userId: userOf(Math.floor(Math.random() * 1e7)) });
    return { userId: request.session.userId };
  });
  const target = store ?? (await innerStore(app));
  const headers = await each(sessions, async (number) => {
    const sid = `${"0".repeat(24)}${number}`;
    const cookie = { originalMaxAge: HOUR, expires: new Date(Date.now() + HOUR), httpOnly: true, path: "/" };
    await called(target, "set", sid, { cookie, ...DATA, userId: userOf(number) });
    return `Cookie: sessionId=${encodeURIComponent(sign(sid))}`;
  });
  return listen(app, some(headers));
}

/** The memory store that the plugin makes for itself. */
async function innerStore(app) {
  let store;
  app.get("/store", async (request) => {
    store = request.sessionStore;
    return {};
  });
  await app.inject("/store");
  return store;
}

async function listen(app, headers, calls = {}) {
  await app.listen({ port: 0, host: "127.0.0.1" });
  return { port: app.server.address().port, headers, calls };
}
