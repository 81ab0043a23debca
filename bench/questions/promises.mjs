// Two requests at once, a sign-out, and a copy of the store: rounds that come out well, with gates instead of luck.
import cookiePlugin from "@fastify/cookie";
import fastifySession from "@fastify/session";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import express from "express";
import expressSession from "express-session";
import Fastify from "fastify";
import { getIronSession } from "iron-session";
import { cookieTransport, memoryStore, SessionManager } from "sessile";
import { expressSessionStore } from "sessile/express-session";
import { sessions } from "sessile/fastify";
import { memorystore, redisSessions, SECRET, sqliteSessions } from "../servers/peer-stores.mjs";
import { stores } from "../servers/sessile.mjs";

export const title = "Two requests at once, and what is left after a sign-out";

const ROUNDS = 100;

/**
 * Each program listens and has five routes: `/login`, `/read`, `/logout`, and two that change the session, `/set?key=`
 * and `/add?item=`, which wait at the gate between what they read and what they write. `atRest` is all that the store
 * holds, as text; null where there is no store.
 */
const programs = {
  "express-session": (gate) => {
    const store = new expressSession.MemoryStore();
    return expressProgram(gate, store, () => JSON.stringify(store.sessions));
  },

  "@fastify/session": async (gate) => {
    const kept = new Map();
    const store = new fastifySession.MemoryStore(kept);
    const app = Fastify();
    await app.register(cookiePlugin);
    await app.register(fastifySession, { secret: SECRET, store, saveUninitialized: false, cookie: { secure: false } });
    app.get("/login", async (request) => {
      await request.session.regenerate();
      request.session.set("userId", "42");
      return {};
    });
    app.get("/read", async ({ session }) => ({
      userId: session.get("userId") ?? null,
      data: { a: session.get("a"), b: session.get("b"), cart: session.get("cart") },
    }));
    app.get("/set", async ({ session, query }) => {
      await gate();
      session.set(query.key, "1");
      return {};
    });
    app.get("/add", async ({ session, query }) => {
      const cart = session.get("cart") ?? [];
      await gate();
      session.set("cart", [...cart, query.item]);
      return {};
    });
    app.get("/logout", async ({ session }) => {
      await session.destroy();
      return {};
    });
    return { url: await app.listen({ port: 0 }), atRest: () => JSON.stringify([...kept]), canList: false };
  },

  "iron-session": async (gate) => {
    const app = express();
    const options = { cookieName: "iron", password: SECRET, cookieOptions: { secure: false } };
    app.use(async (req, res, next) => {
      req.sealed = await getIronSession(req, res, options);
      next();
    });
    app.get("/login", async ({ sealed }, res) => {
      sealed.userId = "42";
      await sealed.save();
      res.json({});
    });
    app.get("/read", ({ sealed }, res) => res.json({ userId: sealed.userId ?? null, data: sealed }));
    app.get("/set", async ({ sealed, query }, res) => {
      await gate();
      sealed[query.key] = "1";
      await sealed.save();
      res.json({});
    });
    app.get("/add", async ({ sealed, query }, res) => {
      const cart = sealed.cart ?? [];
      await gate();
      sealed.cart = [...cart, query.item];
      await sealed.save();
      res.json({});
    });
    app.get("/logout", ({ sealed }, res) => {
      sealed.destroy();
      res.json({});
    });
    return { url: await listenExpress(app), atRest: null, canList: false };
  },

  "better-auth": async (gate) => {
    const tables = { user: [], session: [], account: [], verification: [] };
    const field = { type: "string", required: false };
    const auth = betterAuth({
      baseURL: "http://127.0.0.1",
      secret: SECRET,
      database: memoryAdapter(tables),
      emailAndPassword: { enabled: true },
      session: { additionalFields: { a: field, b: field, cart: field } },
      telemetry: { enabled: false },
      rateLimit: { enabled: false },
      logger: { disabled: true },
      advanced: { disableCSRFCheck: true },
    });
    const app = express();
    const headersOf = (req) => new Headers({ cookie: req.headers.cookie ?? "" });
    const answer = (res, { headers }, body = {}) => res.setHeader("set-cookie", headers.getSetCookie()).json(body);
    const read = (session) => ({ ...session, cart: JSON.parse(session?.cart ?? "[]") });
    const person = { email: "anna@example.com", password: "correct horse battery", name: "Anna" };
    await auth.api.signUpEmail({ body: person });
    app.get("/login", async (_req, res) =>
      answer(res, await auth.api.signInEmail({ body: person, returnHeaders: true })),
    );
    app.get("/read", async (req, res) => {
      const found = await auth.api.getSession({ headers: headersOf(req) });
      res.json({ userId: found?.user.id ?? null, data: read(found?.session) });
    });
    app.get("/set", async (req, res) => {
      await auth.api.getSession({ headers: headersOf(req) });
      await gate();
      const body = { [req.query.key]: "1" };
      answer(res, await auth.api.updateSession({ headers: headersOf(req), body, returnHeaders: true }));
    });
    app.get("/add", async (req, res) => {
      const found = await auth.api.getSession({ headers: headersOf(req) });
      await gate();
      const body = { cart: JSON.stringify([...read(found?.session).cart, req.query.item]) };
      answer(res, await auth.api.updateSession({ headers: headersOf(req), body, returnHeaders: true }));
    });
    app.get("/logout", async (req, res) =>
      answer(res, await auth.api.signOut({ headers: headersOf(req), returnHeaders: true })),
    );
    return { url: await listenExpress(app), atRest: () => JSON.stringify(tables.session), canList: true };
  },

  sessile: async (gate) => {
    const store = memoryStore();
    const manager = new SessionManager({ store, transports: [cookieTransport({ name: "session", secure: false })] });
    const app = Fastify();
    await app.register(sessions, { manager });
    app.get("/login", async ({ session }) => {
      await session.signIn("42");
      return {};
    });
    app.get("/read", async ({ session }) => ({
      userId: session.userId,
      data: { a: session.get("a"), b: session.get("b"), cart: session.get("cart") },
    }));
    app.get("/set", async ({ session, query }) => {
      session.get("a");
      await gate();
      session.set(query.key, "1");
      return {};
    });
    app.get("/add", async ({ session, query }) => {
      session.get("cart");
      await gate();
      session.update("cart", (cart = []) => [...cart, query.item]);
      return {};
    });
    app.get("/logout", async ({ session }) => {
      await session.signOut();
      return {};
    });
    const atRest = async () => JSON.stringify((await store.scan({})).records);
    return { url: await app.listen({ port: 0 }), atRest, canList: true };
  },
};

/** The same program of express-session over its other stores, and over those of Sessile. */
const expressStores = {
  memorystore: async () => {
    const store = memorystore();
    return [store, () => JSON.stringify(store.store.keys())];
  },
  sqlite: async (settings) => {
    const store = sqliteSessions(settings, expressSession);
    return [store, () => JSON.stringify(store.client.prepare("SELECT * FROM sessions").all())];
  },
  "connect-redis": async (settings) => {
    const store = await redisSessions(settings);
    return [store, async () => JSON.stringify(await store.client.keys(`${store.prefix}*`))];
  },
  sessile: (settings) => ours(settings, "memory"),
  "sessile sqlite": (settings) => ours(settings, "sqlite"),
  "sessile redis": (settings) => ours(settings, "redis"),
};

async function ours(settings, kind) {
  const store = await stores[kind](settings);
  const atRest = async () => JSON.stringify((await store.scan({})).records);
  return [expressSessionStore({ store, userOf: ({ userId }) => userId }), atRest];
}

async function expressProgram(gate, store, atRest) {
  const app = express();
  app.use(
    expressSession({ secret: SECRET, store, resave: false, saveUninitialized: false, cookie: { secure: false } }),
  );
  app.get("/login", (req, res, next) =>
    req.session.regenerate((error) => {
      if (error) return next(error);
      req.session.userId = "42";
      res.json({});
    }),
  );
  app.get("/read", ({ session }, res) => res.json({ userId: session.userId ?? null, data: session }));
  app.get("/set", async ({ session, query }, res) => {
    await gate();
    session[query.key] = "1";
    res.json({});
  });
  app.get("/add", async ({ session, query }, res) => {
    const cart = session.cart ?? [];
    await gate();
    session.cart = [...cart, query.item];
    res.json({});
  });
  app.get("/logout", ({ session }, res, next) => session.destroy((error) => (error ? next(error) : res.json({}))));
  return { url: await listenExpress(app), atRest, canList: store.manager !== undefined };
}

export async function run({ folder, server: { redisUrl } }) {
  const rows = [];
  const add = async (name, start) => rows.push({ name, ...(await measure(start)) });
  for (const [name, start] of Object.entries(programs)) await add(name, start);
  for (const [name, open] of Object.entries(expressStores))
    await add(`express-session, ${name}`, async (gate) => expressProgram(gate, ...(await open({ folder, redisUrl }))));
  return rows;
}

async function measure(start) {
  const gate = newGate();
  const { url, atRest, canList } = await start(gate.wait);
  const good = { otherKeys: 0, sameKey: 0, slowRequest: 0, copy: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    good.otherKeys += Number(
      await keepsBoth(url, gate, ["/set?key=a", "/set?key=b"], ({ a, b }) => a === "1" && b === "1"),
    );
    good.sameKey += Number(
      await keepsBoth(url, gate, ["/add?item=x", "/add?item=y"], ({ cart = [] }) => cart.length === 2),
    );
    good.slowRequest += Number(await staysOut(url, gate));
    good.copy += Number(await copyIsWorthless(url));
  }
  const browser = newBrowser(url);
  await browser("/login");
  const text = atRest === null ? null : await atRest();
  const rest = text === null ? "no store" : holds(text, browser.cookie()) ? "the session's id" : "a digest";
  return { rounds: ROUNDS, ...good, rest, canList };
}

/** Two requests read, then both write, one after the other; the browser takes the cookies in that order. */
async function keepsBoth(url, gate, paths, isWhole) {
  const browser = newBrowser(url);
  await browser("/login");
  const open = [];
  const answers = [];
  for (const path of paths) {
    answers.push(browser(path));
    open.push(await gate.next());
  }
  for (const [i, answer] of answers.entries()) {
    open[i]();
    await answer;
  }
  return isWhole((await browser("/read")).data ?? {});
}

/** A request that began before the sign-out writes after it. Then no cookie that there ever was may sign in. */
async function staysOut(url, gate) {
  const browser = newBrowser(url);
  await browser("/login");
  const before = browser.cookie();
  const slow = browser("/set?key=a");
  const open = await gate.next();
  await browser("/logout");
  open();
  await slow;
  const isOut = async (cookie) => (await newBrowser(url, cookie)("/read")).userId === null;
  return (await isOut(before)) && (await isOut(browser.cookie()));
}

/** A copy of the cookie is taken, then the user signs out, and nothing else happens. */
async function copyIsWorthless(url) {
  const browser = newBrowser(url);
  await browser("/login");
  const copy = browser.cookie();
  await browser("/logout");
  return (await newBrowser(url, copy)("/read")).userId === null;
}

/** Whether the store's text has the part of the cookie that finds the session. */
function holds(text, cookie) {
  const value = decodeURIComponent(cookie.slice(cookie.indexOf("=") + 1)).replace(/^s:/, "");
  return text.includes(value) || text.includes(value.split(".")[0]);
}

function newBrowser(url, first = "") {
  const jar = new Map(first === "" ? [] : first.split("; ").map((pair) => [pair.split("=")[0], pair]));
  const cookie = () => [...jar.values()].join("; ");
  const request = async (path) => {
    const response = await fetch(url + path, { headers: { cookie: cookie() } });
    for (const line of response.headers.getSetCookie()) {
      const pair = line.split(";")[0];
      if (/max-age=0|expires=Thu, 01 Jan 1970/i.test(line)) jar.delete(pair.split("=")[0]);
      else jar.set(pair.split("=")[0], pair);
    }
    return response.headers.get("content-type")?.includes("json") ? response.json() : {};
  };
  return Object.assign(request, { cookie });
}

/** Requests wait at `wait`; `next` resolves, for the next one that does, to the function that lets it go on. */
function newGate() {
  const waiting = [];
  const wanting = [];
  return {
    wait: () =>
      new Promise((open) => {
        const want = wanting.shift();
        if (want === undefined) waiting.push(open);
        else want(open);
      }),
    next: () =>
      waiting.length > 0 ? Promise.resolve(waiting.shift()) : new Promise((resolve) => wanting.push(resolve)),
  };
}

function listenExpress(app) {
  app.use((error, _req, res, _next) => void res.status(error.statusCode ?? 500).json({}));
  return new Promise((resolve) => {
    const server = app.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${server.address().port}`));
  });
}
