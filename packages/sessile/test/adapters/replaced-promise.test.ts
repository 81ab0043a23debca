// As programs run that replace the global `Promise`, such as those with zone.js: what an async function gives is no
// instance of it.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import express from "express";
import fastify from "fastify";
import { H3 } from "h3";
import { toNodeHandler } from "h3/node";
import { Hono } from "hono";
import Koa from "koa";
import type { SessionManager } from "sessile";
import { sessions as forExpress } from "sessile/express";
import { sessions as forFastify } from "sessile/fastify";
import { sessions as forH3 } from "sessile/h3";
import { sessions as forHono } from "sessile/hono";
import { sessions as forKoa } from "sessile/koa";
import { withSession as forNode } from "sessile/node";
import { withSession as forWeb } from "sessile/web";
import { type Listening, listen } from "./support/listen.ts";
import { serveFetch } from "./support/serve-fetch.ts";
import { cookieFor, testManager } from "./support/session-server.ts";

const own = globalThis.Promise;

before(() => {
  globalThis.Promise = class extends own<unknown> {} as typeof own;
});

after(() => {
  globalThis.Promise = own;
});

/** Applications that answer with the user's id. */
const APPLICATIONS: Readonly<Record<string, (manager: SessionManager) => Promise<Listening>>> = {
  Express: (manager) =>
    listen(
      createServer(
        express()
          .use(forExpress(manager))
          .get("/", (request, response) => void response.send(request.session.userId)),
      ),
    ),
  Fastify: async (manager) => {
    const app = fastify();
    await app.register(forFastify, { manager });
    app.get("/", (request, reply) => reply.send(request.session.userId));
    const url = await app.listen({ port: 0, host: "127.0.0.1" });
    return { url, close: () => app.close() };
  },
  h3: (manager) =>
    listen(
      createServer(
        toNodeHandler(
          new H3({ silent: true }).use(forH3(manager)).get("/", ({ context }) => String(context.session.userId)),
        ),
      ),
    ),
  Hono: (manager) => {
    const app = new Hono().use(forHono(manager)).get("/", (c) => c.text(String(c.var.session.userId)));
    return listen(createServer(serveFetch(async (request) => app.fetch(request))));
  },
  Koa: (manager) => {
    const app = new Koa().use(forKoa(manager)).use((ctx) => {
      ctx.body = ctx.session.userId;
    });
    const answer = app.callback();
    return listen(createServer((request, response) => void answer(request, response)));
  },
  "node:http": (manager) =>
    listen(createServer(forNode(manager, (_request, response, session) => void response.end(session.userId)))),
  "Request and Response": (manager) =>
    listen(createServer(serveFetch(forWeb(manager, (_request, session) => new Response(session.userId))))),
};

describe("a program that replaced `Promise`", () => {
  for (const [name, start] of Object.entries(APPLICATIONS)) {
    test(`is served with ${name}`, async () => {
      const { manager, store } = testManager();
      const cookie = await cookieFor(manager);
      assert.ok(!((store.load("x") as unknown) instanceof Promise), "the store's promises are none of the program's");
      const { url, close } = await start(manager);
      try {
        assert.equal(await (await fetch(url, { headers: { cookie } })).text(), "anna");
        store.fail("load");
        assert.equal((await fetch(url, { headers: { cookie } })).status, 503);
      } finally {
        await close();
        await manager.close();
      }
    });
  }
});
