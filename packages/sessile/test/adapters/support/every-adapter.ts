// One handler behind every adapter, for tests that ask all of them the same. Those of Node answer through a socket,
// header lines as they were sent; the others are called with a `Request`.

import { once } from "node:events";
import { createServer, type RequestListener, request, type ServerOptions } from "node:http";
import { RequestCookies } from "@edge-runtime/cookies";
import { Elysia } from "elysia";
import express5 from "express";
import express4 from "express-4";
import Fastify from "fastify";
import { H3 } from "h3";
import { Hono } from "hono";
import Koa from "koa";
import { isSessionError, type Session, type SessionManager } from "sessile";
import { sessions as elysiaSessions } from "sessile/elysia";
import { sessions as expressSessions } from "sessile/express";
import { sessions as fastifySessions } from "sessile/fastify";
import { sessions as h3Sessions } from "sessile/h3";
import { sessions as honoSessions } from "sessile/hono";
import { sessions as koaSessions } from "sessile/koa";
import { sessions as nextSessions } from "sessile/next";
import { withSession as withNodeSession } from "sessile/node";
import { withSession as withWebSession } from "sessile/web";
import { listen } from "./listen.ts";

/** Header lines, in the order in which they are sent. */
export type Lines = readonly (readonly [name: string, value: string])[];

export interface Answered {
  readonly status: number;
  readonly text: string;
}

export interface Running {
  /** Sends `GET /` with these header lines. */
  ask(lines: Lines): Promise<Answered>;
  close(): Promise<void>;
}

/** Answers with a text. */
export type Handle = (session: Session) => string | Promise<string>;

export interface EveryAdapter {
  readonly name: string;
  readonly run: (manager: SessionManager, handle: Handle) => Promise<Running>;
}

/** More than any test sends. */
const ROOM: ServerOptions = { maxHeaderSize: 4 * 1024 * 1024 };

export const everyAdapter: readonly EveryAdapter[] = [
  ...(
    [
      ["Express 5", express5],
      ["Express 4", express4],
    ] as const
  ).map(
    ([name, express]): EveryAdapter => ({
      name,
      run: (manager, handle) => {
        const app = express().set("env", "test").use(expressSessions(manager));
        app.get("/", (req, res, next) => {
          Promise.resolve(handle(req.session)).then((text) => res.send(text), next);
        });
        return onSocket(app);
      },
    }),
  ),
  {
    name: "Koa",
    run: (manager, handle) => {
      const app = new Koa().on("error", () => {});
      app.use(koaSessions(manager)).use(async (ctx) => {
        ctx.body = await handle(ctx.session);
      });
      const answer = app.callback();
      return onSocket((incoming, outgoing) => void answer(incoming, outgoing));
    },
  },
  {
    name: "Fastify",
    run: async (manager, handle) => {
      const app = Fastify({ forceCloseConnections: true, http: ROOM });
      await app.register(fastifySessions, { manager });
      app.get("/", async ({ session }) => handle(session));
      const url = await app.listen({ port: 0, host: "127.0.0.1" });
      return { ask: (lines) => send(url, lines), close: () => app.close() };
    },
  },
  {
    name: "node:http",
    run: (manager, handle) =>
      onSocket(
        withNodeSession(manager, async (_request, response, session) => void response.end(await handle(session)), {
          onError: () => {},
        }),
      ),
  },
  {
    name: "Request and Response",
    run: async (manager, handle) =>
      inProcess(
        withWebSession(manager, async (_request, session) => new Response(await handle(session)), {
          onError: () => {},
        }),
      ),
  },
  {
    name: "Hono",
    run: async (manager, handle) => {
      const app = new Hono().use(honoSessions(manager)).get("/", async (c) => c.text(await handle(c.var.session)));
      return inProcess((asked) => app.fetch(asked));
    },
  },
  {
    name: "h3",
    run: async (manager, handle) => {
      const app = new H3({ silent: true }).use(h3Sessions(manager)).get("/", ({ context }) => handle(context.session));
      return inProcess((asked) => app.fetch(asked));
    },
  },
  {
    name: "Elysia",
    run: async (manager, handle) => {
      const app = new Elysia()
        .use(elysiaSessions(manager, { onError: () => {} }))
        .get("/", ({ session }) => handle(session as Session));
      return inProcess((asked) => app.handle(asked));
    },
  },
  {
    name: "Next.js",
    run: async (manager, handle) =>
      inProcess(async ({ headers }) => {
        const cookies = { getAll: () => new RequestCookies(headers).getAll(), set: () => {} };
        const next = { headers: async () => headers, cookies: async () => cookies };
        try {
          return new Response(await nextSessions(manager, next).action(async (session) => handle(session))());
        } catch (error) {
          return new Response(null, { status: isSessionError(error) ? error.statusCode : 500 });
        }
      }),
  },
];

function inProcess(answer: (request: Request) => Response | Promise<Response>): Running {
  const ask: Running["ask"] = async (lines) => {
    const headers = lines.map(([name, value]): [string, string] => [name, value]);
    const response = await answer(new Request("http://localhost/", { headers }));
    return { status: response.status, text: await response.text() };
  };
  return { ask, close: async () => {} };
}

async function onSocket(listener: RequestListener): Promise<Running> {
  const { url, close } = await listen(createServer(ROOM, listener));
  return { ask: (lines) => send(url, lines), close };
}

async function send(url: string, lines: Lines): Promise<Answered> {
  const headers = ["host", "localhost", ...lines.flat()];
  const outgoing = request(url, { agent: false, headers: headers as never }).end();
  const [incoming] = await once(outgoing, "response");
  let text = "";
  for await (const chunk of incoming.setEncoding("utf8")) text += chunk;
  return { status: incoming.statusCode, text };
}
