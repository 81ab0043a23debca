// Libraries and habits that write properties of `request.session`, or replace it: with express-session that keeps
// something, here it is an error that says what to do instead.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { describe, test } from "node:test";
import express, { type RequestHandler } from "express";
import fastify from "fastify";
import { H3 } from "h3";
import { toNodeHandler } from "h3/node";
import Koa from "koa";
import type { SessionManager } from "sessile";
import { sessions as forExpress } from "sessile/express";
import { sessions as forFastify } from "sessile/fastify";
import { sessions as forH3 } from "sessile/h3";
import { sessions as forKoa } from "sessile/koa";
import { type Listening, listen } from "./support/listen.ts";
import { cookieFor, testManager } from "./support/session-server.ts";

const load = createRequire(import.meta.url);
/** The middleware and the handler of one library, as its own documentation uses it. */
const LIBRARIES: Readonly<Record<string, () => readonly RequestHandler[]>> = {
  "connect-flash": () => [load("connect-flash")(), (request) => flash(request)("info", "saved")],
  "express-flash": () => [load("express-flash")(), (request) => flash(request)("info", "saved")],
  "lusca.csrf": () => [load("lusca").csrf()],
  "csrf-sync": () => [(request) => load("csrf-sync").csrfSync().generateToken(request)],
  grant: () => [load("grant").express({ defaults: { origin: "http://localhost" }, google: { key: "k", secret: "s" } })],
};

/** Writes of programs to a session that is a plain object. */
const HABITS: Readonly<Record<string, (request: { session: unknown }) => unknown>> = {
  "sets a property": new Function("request", "request.session.cart = ['a']") as () => unknown,
  "assigns an object": (request) => Object.assign(request.session as object, { cart: ["a"] }),
  "sets the session to null": new Function("request", "request.session = null") as () => unknown,
  "sets the session to an object": (request) => {
    request.session = {};
  },
};

/** Methods of express-session, and what the error names instead. */
const METHODS: Readonly<Record<string, RegExp>> = {
  save: /Call `session\.commit\(\)`/,
  reload: /Call `session\.commit\(\)`/,
  destroy: /Call `session\.signOut\(\)`/,
  regenerate: /Call `session\.signIn\(userId\)`/,
};

type Start = (manager: SessionManager, use: (request: { session: unknown }) => unknown) => Promise<Listening>;

/** Servers whose answer is the message of what `use` throws. */
const FRAMEWORKS: Readonly<Record<string, Start>> = {
  Express: (manager, use) => serveExpress(manager, [(request) => use(request)]),
  Koa: (manager, use) => {
    const app = new Koa().use(forKoa(manager)).use((ctx) => {
      ctx.body = messageOf(() => use(ctx as { session: unknown }));
    });
    const answer = app.callback();
    return listen(createServer((request, response) => void answer(request, response)));
  },
  Fastify: async (manager, use) => {
    const app = fastify();
    await app.register(forFastify, { manager });
    app.get("/connect/google", async (request) => messageOf(() => use(request)));
    const url = await app.listen({ port: 0, host: "127.0.0.1" });
    return { url, close: () => app.close() };
  },
  h3: (manager, use) => {
    const app = new H3({ silent: true }).use(forH3(manager));
    app.get("/connect/google", ({ context }) => messageOf(() => use(context as { session: unknown })));
    return listen(createServer(toNodeHandler(app)));
  },
};

for (const [name, library] of Object.entries(LIBRARIES)) {
  test(`${name} is refused, in words, instead of losing what it keeps`, async () => {
    const answer = await answerOf((manager) => serveExpress(manager, library()));
    assert.match(answer, /^`session\.\w+` cannot be written\. Keep data with `session\.set\(key, value\)`/);
  });
}

for (const [framework, start] of Object.entries(FRAMEWORKS)) {
  describe(`a handler of ${framework}`, () => {
    for (const [name, instead] of Object.entries(METHODS))
      test(`that calls \`session.${name}\` of express-session is told what to call`, async () => {
        const use = ({ session }: { session: unknown }) => (session as Record<string, () => void>)[name]?.();
        assert.match(await answerOf((manager) => start(manager, use)), instead);
      });
    for (const [habit, use] of Object.entries(HABITS)) {
      test(`that ${habit} is told what to do instead`, async () => {
        const answer = await answerOf((manager) => start(manager, use));
        assert.match(answer, /cannot be written\. Keep data with .* `session\.signOut\(\)`\.$/);
      });
    }
  });
}

function flash(request: unknown): (type: string, message: string) => unknown {
  return (request as { flash: (type: string, message: string) => unknown }).flash.bind(request);
}

function messageOf(use: () => unknown): string {
  try {
    return `nothing was thrown, but there came ${use()}`;
  } catch (error) {
    return (error as Error).message;
  }
}

/** A handler that takes the request alone answers nothing by itself. */
function thenAnswer(handler: RequestHandler): RequestHandler {
  if (handler.length > 1) return handler;
  return (request, response, next) => {
    handler(request, response, next);
    response.send("nothing was thrown");
  };
}

function serveExpress(manager: SessionManager, handlers: readonly RequestHandler[]): Promise<Listening> {
  const app = express().use(forExpress(manager), ...handlers.map(thenAnswer));
  app.use((error: Error, _request: unknown, response: express.Response, _next: unknown) => {
    response.send(error.message);
  });
  return listen(createServer(app));
}

async function answerOf(start: (manager: SessionManager) => Promise<Listening>): Promise<string> {
  const { manager } = testManager();
  const cookie = await cookieFor(manager);
  const { url, close } = await start(manager);
  try {
    const response = await fetch(`${url}/connect/google`, { headers: { cookie }, redirect: "manual" });
    return await response.text();
  } finally {
    await close();
    await manager.close();
  }
}
