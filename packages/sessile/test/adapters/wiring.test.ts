// Mistakes in putting a program together are refused in words: when it starts, or at the first request of a guard.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { Elysia } from "elysia";
import express from "express";
import Fastify from "fastify";
import { H3 } from "h3";
import { Hono } from "hono";
import Koa from "koa";
import { headerTransport, memoryStore, SessionManager } from "sessile";
import * as onElysia from "sessile/elysia";
import * as onExpress from "sessile/express";
import * as onFastify from "sessile/fastify";
import * as onH3 from "sessile/h3";
import * as onHono from "sessile/hono";
import * as onKoa from "sessile/koa";
import * as onNext from "sessile/next";
import * as onNode from "sessile/node";
import * as onWeb from "sessile/web";

const store = memoryStore();
const manager = new SessionManager({ store, transports: [headerTransport()], sweepInterval: 0 });
const handler = (): never => assert.fail();

const WIRED = {
  express: ["sessions(manager)", (wrong: never) => onExpress.sessions(wrong)],
  koa: ["sessions(manager)", (wrong: never) => onKoa.sessions(wrong)],
  hono: ["sessions(manager)", (wrong: never) => onHono.sessions(wrong)],
  h3: ["sessions(manager)", (wrong: never) => onH3.sessions(wrong)],
  elysia: ["sessions(manager)", (wrong: never) => onElysia.sessions(wrong)],
  next: ["sessions(manager, { cookies, headers })", (wrong: never) => onNext.sessions(wrong, {} as never)],
  node: ["withSession(manager, handler)", (wrong: never) => onNode.withSession(wrong, handler)],
  web: ["withSession(manager, handler)", (wrong: never) => onWeb.withSession(wrong, handler)],
} as const;

for (const [name, [call, wire]] of Object.entries(WIRED))
  test(`${name}: what is no manager is refused when the program starts`, () => {
    const example = call.replace("manager", "new SessionManager({ … })");
    for (const [wrong, got] of [
      [{ store }, "an object with `store`"],
      [{ manager }, "an object with `manager`"],
      [undefined, "undefined"],
      [null, "null"],
    ] as const)
      assert.throws(() => wire(wrong as never), {
        code: "ERR_SESSION_OPTION",
        message: `\`${call}\` takes a SessionManager, as in \`${example}\`; it got ${got}.`,
      });
  });

test("fastify: a missing manager, or one in place of the options, is refused when the program starts", async () => {
  for (const wrong of [manager, {}, { store }, { manager: { store } }, undefined]) {
    const app = Fastify().register(onFastify.sessions, wrong as never);
    await assert.rejects(async () => app.ready(), {
      code: "ERR_SESSION_OPTION",
      message:
        /^`register\(sessions, \{ manager \}\)` takes .* `register\(sessions, \{ manager: new SessionManager\(\{ … \}\) \}\)`; it got /,
    });
  }
});

test("fastify: an unknown option of `sessions` is refused, and Fastify's own are not", async () => {
  const wrong = Fastify().register(onFastify.sessions, { manager, onEror: 1 } as never);
  await assert.rejects(async () => wrong.ready(), {
    code: "ERR_SESSION_OPTION",
    message: /^Unknown option `onEror`\. /,
  });
  const app = Fastify();
  app.register(onFastify.sessions, { manager, prefix: "/x", logLevel: "warn", logSerializers: {} } as never);
  await app.ready();
});

test("an unknown option of `sessions` and `withSession` is refused when the program starts", () => {
  const options = { onEror: () => {} } as object;
  for (const wire of [
    () => onExpress.sessions(manager, options),
    () => onElysia.sessions(manager, options),
    () => onNode.withSession(manager, handler, options),
    () => onWeb.withSession(manager, handler, options),
  ])
    assert.throws(wire, {
      code: "ERR_SESSION_OPTION",
      message: "Unknown option `onEror`. Did you mean `onError`?",
    });
});

test("an unknown option of `requireSession` is refused when the program starts", () => {
  const options = { details: "x" } as object;
  for (const wire of [
    () => onExpress.requireSession(options),
    () => onExpress.requireSession(handler, options),
    () => onFastify.requireSession(options),
    () => onKoa.requireSession(options),
    () => onHono.requireSession(options),
    () => onH3.requireSession(options),
    () => new Elysia().use(onElysia.sessions(manager)).get("/", () => "", { requireSession: options }),
  ])
    assert.throws(wire, { code: "ERR_SESSION_OPTION", message: "Unknown option `details`. Did you mean `detail`?" });
});

test("an unknown option of `openUpgrade` is a 500 and reported, not the end of the process", async () => {
  const seen: unknown[] = [];
  const server = createServer();
  server.on("upgrade", (request, socket) => {
    const options = { onError: (error: unknown) => seen.push(error), details: "x" };
    void onNode.openUpgrade(manager, request, socket, options);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  try {
    const { get } = await import("node:http");
    const status = await new Promise((resolve, reject) => {
      const headers = { connection: "upgrade", upgrade: "websocket" };
      get({ host: "127.0.0.1", port, headers }, (response) => resolve(response.resume().statusCode)).on(
        "error",
        reject,
      );
    });
    assert.equal(status, 500);
    assert.match(String(seen[0]), /Unknown option `details`\. Did you mean `detail`\?/);
  } finally {
    server.close();
  }
});

const NO_SESSION = /`requireSession` found no session\. Put `sessions` with the manager in front of it\./;

async function statusOn(listener: Parameters<typeof createServer>[1]): Promise<number> {
  const server = createServer(listener as never);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = server.address() as { port: number };
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } });
    await response.arrayBuffer();
    return response.status;
  } finally {
    server.close();
  }
}

const GUARDED: Readonly<Record<string, (see: (error: unknown) => void) => Promise<number>>> = {
  async express(see) {
    const app = express().use(onExpress.requireSession());
    app.use(((error, _request, response, _next) => {
      see(error);
      response.status(500).end();
    }) as express.ErrorRequestHandler);
    return statusOn(app);
  },
  async "express, as a handler"(see) {
    const app = express().get("/", onExpress.requireSession(handler));
    app.use(((error, _request, response, _next) => {
      see(error);
      response.status(500).end();
    }) as express.ErrorRequestHandler);
    return statusOn(app);
  },
  async koa(see) {
    const app = new Koa().use(onKoa.requireSession());
    app.on("error", see);
    return statusOn(app.callback());
  },
  async fastify(see) {
    const app = Fastify();
    app.addHook("onError", async (_request, _reply, error) => see(error));
    app.get("/", { preHandler: onFastify.requireSession() as never }, handler);
    return (await app.inject("/")).statusCode;
  },
  async hono(see) {
    const app = new Hono().use(onHono.requireSession() as never).onError((error, c) => {
      see(error);
      return c.text("", 500);
    });
    return (await app.request("/")).status;
  },
  async h3(see) {
    const app = new H3({ onError: (error) => void see(error.cause ?? error) })
      .use(onH3.requireSession())
      .get("/", handler);
    return (await app.request("/")).status;
  },
};

for (const [name, ask] of Object.entries(GUARDED))
  test(`${name}: \`requireSession\` without \`sessions\` in front is a 500 whose error names it`, async () => {
    const seen: unknown[] = [];
    assert.equal(await ask((error) => seen.push(error)), 500);
    assert.equal(seen.length, 1);
    assert.match(String(seen[0]), NO_SESSION);
    assert.equal((seen[0] as { code?: string }).code, "ERR_SESSION_OPTION");
  });
