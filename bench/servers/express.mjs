// Express: with no session library, with Sessile and with its peers. Every variant has the same routes.
import express from "express";
import expressSession from "express-session";
import { getIronSession } from "iron-session";
import { sessions as sessileSessions } from "sessile/express";
import { expressSessionStore } from "sessile/express-session";
import { called, DATA, each, HOUR, plainCookies, some, userOf } from "./common.mjs";
import { memorystore, redisSessions, SECRET, sign, sqliteSessions } from "./peer-stores.mjs";
import { sessile, stores } from "./sessile.mjs";

export const variants = {
  none: ({ sessions = 10_000 }) => {
    const app = newApp();
    const answer = (_request, response) => void response.json({ userId: "user-0000000" });
    app.get("/", answer).post(["/update", "/login"], answer);
    return listen(app, some(plainCookies(sessions)));
  },
  memory: (settings) => own({ ...settings, store: "memory" }),
  sqlite: (settings) => own({ ...settings, store: "sqlite" }),
  redis: (settings) => own({ ...settings, store: "redis" }),
  cached: (settings) => own({ ...settings, store: "cached" }),
  "express-session": (settings) => peer(settings, new expressSession.MemoryStore()),
  "express-session, memorystore": (settings) => peer(settings, memorystore()),
  "express-session, connect-redis": async (settings) => peer(settings, await redisSessions(settings)),
  "express-session, sqlite": (settings) => peer(settings, sqliteSessions(settings, expressSession)),
  "express-session, sessile": (settings) => ofSessile(settings, "memory"),
  "express-session, sessile sqlite": (settings) => ofSessile(settings, "sqlite"),
  "express-session, sessile redis": (settings) => ofSessile(settings, "redis"),
  "iron-session": iron,
};

function newApp() {
  return express().disable("x-powered-by").disable("etag");
}

async function own(settings) {
  const { manager, headers } = await sessile(settings);
  const app = newApp();
  app.use(sessileSessions(manager));
  app.get("/", ({ session }, response) => {
    response.status(session.isSignedIn() ? 200 : 401).json({ userId: session.userId });
  });
  app.post("/update", ({ session }, response) => {
    session.update("visits", (visits) => (visits ?? 0) + 1);
    response.json({ userId: session.userId });
  });
  app.post("/login", async ({ session }, response) => {
    await session.signIn(userOf(Math.floor(Math.random() * 1e7)), { data: DATA });
    response.json({ userId: session.userId });
  });
  return listen(app, headers);
}

/** The same program as its peers', on a store of Sessile. */
async function ofSessile(settings, kind) {
  const store = await stores[kind](settings);
  return peer(settings, expressSessionStore({ store, userOf: ({ userId }) => userId }));
}

/** By the advice of its documentation: unchanged sessions are not saved, and anonymous visitors get none. */
async function peer({ sessions = 10_000 }, store) {
  const app = newApp();
  const cookie = { maxAge: HOUR };
  app.use(expressSession({ secret: SECRET, resave: false, saveUninitialized: false, store, cookie }));
  app.get("/", ({ session }, response) => {
    response.status(session.userId === undefined ? 401 : 200).json({ userId: session.userId });
  });
  app.post("/update", ({ session }, response) => {
    session.visits = (session.visits ?? 0) + 1;
    response.json({ userId: session.userId });
  });
  app.post("/login", (request, response, next) => {
    request.session.regenerate((error) => {
      if (error) return next(error);
      Object.assign(request.session, { ...DATA, userId: userOf(Math.floor(Math.random() * 1e7)) });
      response.json({ userId: request.session.userId });
    });
  });
  const headers = await each(sessions, async (number) => {
    const sid = `${"0".repeat(24)}${number}`;
    const kept = { originalMaxAge: HOUR, expires: new Date(Date.now() + HOUR), httpOnly: true, path: "/" };
    await called(store, "set", sid, { cookie: kept, ...DATA, userId: userOf(number) });
    return `Cookie: connect.sid=${encodeURIComponent(`s:${sign(sid)}`)}`;
  });
  return listen(app, some(headers));
}

/** Keeps everything in a sealed cookie, so that there is no store, and nothing to revoke. */
async function iron({ sessions = 100 }) {
  const options = { password: SECRET, cookieName: "iron", ttl: 3600 };
  const app = newApp();
  app.get("/", async (request, response) => {
    const session = await getIronSession(request, response, options);
    response.json({ userId: session.userId });
  });
  const headers = await each(Math.min(sessions, 100), async (number) => {
    const cookies = [];
    const response = { headersSent: false, getHeader: () => cookies, setHeader: (_name, value) => cookies.push(value) };
    const session = await getIronSession({ headers: {} }, response, options);
    Object.assign(session, { ...DATA, userId: userOf(number) });
    await session.save();
    return `Cookie: ${String(cookies.flat().at(-1)).split(";")[0]}`;
  });
  return listen(app, headers);
}

async function listen(app, headers) {
  const server = await new Promise((resolve) => {
    const listening = app.listen(0, "127.0.0.1", () => resolve(listening));
  });
  return { port: server.address().port, headers, calls: {} };
}
