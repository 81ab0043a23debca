// `sessile/express` on hosts that call `(request, response, next)` as Express does.

import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { pipeline, Readable } from "node:stream";
import { describe, test } from "node:test";
import middie from "@fastify/middie";
import connect from "connect";
import Fastify from "fastify";
import polka from "polka";
import Router from "router";
import type { Session, SessionManager } from "sessile";
import { answerErrors, requireSession, type SessionMiddleware, sessions } from "sessile/express";
import { adapterSuite, type StartServer, type SuiteAnswer, type SuiteRoute } from "sessile/testing";
import { withApp } from "./support/app-server.ts";
import { listen } from "./support/listen.ts";
import { routeOf } from "./support/routes.ts";

type Next = (error?: unknown) => unknown;
type Incoming = IncomingMessage & { session: Session; originalUrl?: string };

const HOSTS: Readonly<Record<string, StartServer>> = {
  Connect: async (manager, routes) => {
    const app = connect().use(open(manager));
    for (const step of stepsOf(routes)) app.use(step);
    return listen(createServer(app.use(answerErrors).use(answerFailure)));
  },
  router: async (manager, routes) => {
    const app = Router().use(open(manager));
    for (const step of stepsOf(routes)) app.use(step);
    app.use(answerErrors);
    return listen(createServer((request, response) => app(request, response, (error) => fail(response, error))));
  },
  Polka: async (manager, routes) => {
    const onError = (error: unknown, request: IncomingMessage, response: ServerResponse): void =>
      answerErrors(error, request, response, (other) => fail(response, other));
    const app = polka({ onError }).use(open(manager), ...stepsOf(routes));
    return listen(createServer((request, response) => app.handler(request, response)));
  },
  "Fastify with @fastify/middie": async (manager, routes) => {
    const app = Fastify({ forceCloseConnections: true });
    await app.register(middie);
    app.use(open(manager));
    for (const step of stepsOf(routes)) app.use(step as never);
    app.setErrorHandler((error, request, reply) => {
      reply.hijack();
      answerErrors(error, request.raw, reply.raw, (other) => fail(reply.raw, other));
    });
    return { url: await app.listen({ port: 0, host: "127.0.0.1" }), close: () => app.close() };
  },
  "node:http": async (manager, routes) => {
    const middleware = [open(manager), ...stepsOf(routes)];
    return listen(createServer((request, response) => void runAll(middleware, request, response)));
  },
};

function open(manager: SessionManager): SessionMiddleware {
  return sessions(manager, { onError: () => {} });
}

/** One middleware after the other, by a program of its own. */
function runAll(middleware: readonly SessionMiddleware[], request: IncomingMessage, response: ServerResponse): unknown {
  const [first, ...others] = middleware;
  return first?.(request, response, (error) => {
    if (error === undefined) return runAll(others, request, response);
    return answerErrors(error, request, response, (other) => fail(response, other));
  });
}

/** Middleware that serves the routes: their own guards, then the adapter's, then the handlers. */
function stepsOf(routes: readonly SuiteRoute[]): SessionMiddleware[] {
  const guarded = requireSession();
  return [
    on(routes, async (route, request, response, next) => {
      const answer = await route.guard?.(exchangeOf(request));
      if (answer == null) next();
      else send(response, answer);
    }),
    on(routes, (route, request, response, next) => (route.isGuarded ? guarded(request, response, next) : next())),
    on(routes, async (route, request, response) => {
      const answer = await route.answer(exchangeOf(request));
      if (answer.isThrown === true) throw Object.assign(new Error("refused"), answer);
      send(response, answer);
    }),
  ];
}

type Step = (route: SuiteRoute, request: Incoming, response: ServerResponse, next: Next) => unknown;

/** `step` for the route of the request; none of these hosts waits for promises. */
function on(routes: readonly SuiteRoute[], step: Step): SessionMiddleware {
  return (request, response, next) => {
    const { originalUrl = request.url } = request as Incoming;
    const route = routeOf(routes, request.method, originalUrl) as SuiteRoute;
    void (async () => step(route, request as Incoming, response, next))().catch(next);
  };
}

function exchangeOf({ session, originalUrl, url = "/" }: Incoming): { session: Session; url: string } {
  return { session, url: originalUrl ?? url };
}

function send(response: ServerResponse, { status = 200, headers = {}, body }: SuiteAnswer): void {
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (body === undefined || typeof body === "string") response.end(body);
  else pipeline(Readable.from(body), response, () => {}); // a body that breaks off cuts the connection
}

/**
 * The host's own error handler. An answer may be thrown, as with the package `http-errors`; one that cannot be sent is
 * a 500.
 */
function fail(response: ServerResponse, error: unknown): void {
  const { status = 500, headers } = error as SuiteAnswer;
  if (response.headersSent) return;
  try {
    send(response, { status, ...(headers && { headers }) });
  } catch {
    send(response, { status: 500 });
  }
}

function answerFailure(error: unknown, _request: IncomingMessage, response: ServerResponse, _next: Next): void {
  fail(response, error);
}

for (const [name, start] of Object.entries(HOSTS)) adapterSuite(`Express, in ${name}`, start);

type Listener = (request: Incoming, response: ServerResponse) => unknown;

/** Hosts that do not catch what handlers throw or reject with; the process would end. */
const CARELESS: Readonly<Record<string, (middleware: SessionMiddleware, handler: Listener) => RequestListener>> = {
  Polka: (middleware, handler) => {
    const app = polka()
      .use(middleware)
      .get("/", (request, response) => handler(request as Incoming, response));
    return (request, response) => app.handler(request, response);
  },
  "node:http": (middleware, handler) => (request, response) =>
    middleware(request, response, () => handler(request as Incoming, response)),
};

for (const [host, serve] of Object.entries(CARELESS)) {
  describe(`a handler in ${host}`, () => {
    const failures: Readonly<Record<string, Listener>> = {
      "that throws": ({ session }) => {
        session.set("kept", 1);
        throw new Error("secret detail");
      },
      "that rejects": async ({ session }) => {
        session.set("kept", 1);
        throw new Error("secret detail");
      },
    };
    for (const [name, handler] of Object.entries(failures)) {
      test(`${name} is a 500 that keeps nothing, and is reported`, async () => {
        const errors: unknown[] = [];
        await withApp(
          (manager) => serve(sessions(manager, { onError: (error) => errors.push(error) }), handler),
          async ({ send, stored }) => {
            const response = await send("/");
            assert.deepEqual([response.status, await response.json()], [500, { detail: "Internal Server Error" }]);
            assert.equal(await stored(), "{}");
          },
        );
        assert.deepEqual(errors.map(String), ["Error: secret detail"]);
      });
    }

    test("that rejects with an error of the library is answered", () =>
      withApp(
        (manager) => serve(sessions(manager), async ({ session }) => session.requireFresh(0)),
        async ({ send }) => assert.deepEqual(await (await send("/")).json(), { detail: "Sign in again" }),
      ));

    test("that rejects after it has answered is reported, and the answer stands", async () => {
      const errors: unknown[] = [];
      await withApp(
        (manager) =>
          serve(sessions(manager, { onError: (error) => errors.push(error) }), async ({ session }, response) => {
            session.set("kept", 1);
            response.end("whole");
            throw new Error("afterwards");
          }),
        async ({ send, stored }) => {
          assert.equal(await (await send("/")).text(), "whole");
          assert.equal(await stored(), '{"kept":1}');
        },
      );
      assert.deepEqual(errors.map(String), ["Error: afterwards"]);
    });
  });
}

/** What h3 1, and so Nuxt, takes: a `next` for errors alone. */
type StrictHost = (request: IncomingMessage, response: ServerResponse, next: (error?: Error) => unknown) => unknown;
void ([(manager) => sessions(manager), () => requireSession()] satisfies ((manager: SessionManager) => StrictHost)[]);
