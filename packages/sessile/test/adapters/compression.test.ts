// Streams behind the package `compression`, whose `res.flush` sends what it has gathered.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import compression from "compression";
import express from "express";
import { sessions } from "sessile/express";
import { type AppServer, withApp } from "./support/app-server.ts";

type Handler = (request: express.Request, response: express.Response) => unknown;

const ORDERS = ["compression before sessions", "sessions before compression"] as const;

function withCompression(
  order: (typeof ORDERS)[number],
  handler: Handler,
  body: (server: AppServer) => Promise<void>,
): Promise<void> {
  return withApp((manager) => {
    const middleware = [compression({ threshold: 0 }), sessions(manager)];
    if (order !== "compression before sessions") middleware.reverse();
    const app = express().use(...(middleware as express.RequestHandler[]));
    app.get("/public", (_request, response) => void response.send("public"));
    return app.get("/", handler);
  }, body);
}

/** Two events; the second waits until `body` lets it go. */
function events(headers: Record<string, string>, flush: boolean): { handler: Handler; second: () => void } {
  let second = (): void => {};
  const handler: Handler = ({ session }, response) => {
    session.set("open", true);
    response.writeHead(200, { "content-type": "text/event-stream", ...headers });
    response.write("data: 1\n\n");
    if (flush) response.flush();
    second = () => response.end("data: 2\n\n");
  };
  return { handler, second: () => second() };
}

/** The first event, and what comes when the second is let go; the store answers late. */
async function read({ send, store }: AppServer, second: () => void): Promise<[string, string, Headers]> {
  const gate = store.pause("commit");
  const asked = send("/", { headers: { "accept-encoding": "gzip" } });
  await gate.reached;
  for (let trips = 0; trips < 3; trips++) await (await send("/public")).text();
  gate.open();
  const response = await asked;
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const first = Buffer.from((await reader.read()).value as Uint8Array).toString();
  second();
  const rest = Buffer.from((await reader.read()).value as Uint8Array).toString();
  return [first, rest, response.headers];
}

for (const order of ORDERS) {
  describe(`with ${order}`, () => {
    test("an event that is flushed while the store is slow does not wait for the next", () => {
      const { handler, second } = events({}, true);
      return withCompression(order, handler, async (server) => {
        const [first, rest, headers] = await read(server, second);
        assert.deepEqual([first, rest, headers.get("content-encoding")], ["data: 1\n\n", "data: 2\n\n", "gzip"]);
        assert.equal(await server.stored(), '{"open":true}');
      });
    });

    test("events that say no-transform are not compressed, and none waits for the next", () => {
      const { handler, second } = events({ "cache-control": "no-cache, no-transform" }, false);
      return withCompression(order, handler, async (server) => {
        const [first, rest, headers] = await read(server, second);
        assert.deepEqual([first, rest], ["data: 1\n\n", "data: 2\n\n"]);
        assert.deepEqual(
          [headers.get("content-encoding"), headers.get("cache-control")],
          [null, "no-store, no-transform"],
        );
      });
    });

    test("a flush before, after and without output does no harm", () =>
      withCompression(
        order,
        ({ session }, response) => {
          response.flush();
          session.set("kept", 1);
          response.write("a");
          response.flush();
          response.end("b");
          response.flush();
        },
        async ({ send, stored }) => {
          assert.equal(await (await send("/")).text(), "ab");
          assert.equal(await stored(), '{"kept":1}');
        },
      ));

    test("P1: a flushed answer becomes a whole 503 when the commit fails", () =>
      withCompression(
        order,
        ({ session }, response) => {
          session.set("kept", 1);
          response.write("a");
          response.flush();
          response.end("b");
        },
        async ({ send, store }) => {
          store.fail("commit");
          const response = await send("/");
          assert.deepEqual([response.status, await response.text()], [503, '{"detail":"Service unavailable"}']);
        },
      ));
  });
}
