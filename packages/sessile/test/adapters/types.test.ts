// Programs that the compiler must accept or refuse. The assertions are the `@ts-expect-error` lines: the tests' `tsc`
// checks them.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createServer as createServer2, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import { test } from "node:test";
import Fastify from "fastify";
import { headerTransport, memoryStore, SessionManager } from "sessile";
import * as fastify from "sessile/fastify";
import * as node from "sessile/node";
import * as web from "sessile/web";

interface Shop {
  cart: string[];
  visits: number;
}

const options = { store: memoryStore(), transports: [headerTransport()], sweepInterval: 0 };
const shop = new SessionManager<Shop>(options);
const plain = new SessionManager(options);

function typedOnceByTheManager(): void {
  node.withSession(shop, (_request, response, session) => {
    const cart: readonly string[] | undefined = session.get("cart");
    session.set("visits", 1);
    session.set("visits", undefined);
    session.update("cart", (cart) => [...(cart ?? []), "book"]);
    // @ts-expect-error the key is misspelt
    session.get("crat");
    // @ts-expect-error the value has another type
    session.set("visits", "1");
    // @ts-expect-error what a session gives out is read-only
    session.get("cart")?.push("book");
    // @ts-expect-error the session may be anonymous
    const userId: string = session.userId;
    response.end(`${cart} ${userId}`);
  });
  web.withSession(shop, (_request, session) => {
    // @ts-expect-error the key is misspelt
    session.get("crat");
    return new Response(`${session.get("visits")}`);
  });
}

function signedInWhereItIsRequired(): void {
  node.withSession(shop, (request, response, session) => {
    const { userId, sid } = session.require();
    const visits: number | undefined = session.require().get("visits");
    // @ts-expect-error the key is misspelt
    session.require().get("crat");
    response.end(`${request.url} ${userId.length} ${sid.length} ${visits}`);
  });
  web.withSession(shop, (request, session) => {
    const since: number = session.require().authenticatedAt;
    return new Response(`${request.url} ${since}`);
  });
}

function serversTakeTheListeners(): void {
  createServer(node.withSession(shop, (_request, response) => response.end()));
  createServer2(
    node.withSession(shop, (_request: Http2ServerRequest, response: Http2ServerResponse, session) => {
      // @ts-expect-error the key is misspelt
      session.get("crat");
      response.end();
    }),
  );
  const handle = web.withSession(plain, (_request, _session, env: { name: string }) => new Response(env.name));
  // @ts-expect-error the platform must pass what the handler takes
  void handle(new Request("http://x/"));
}

async function fastifyKnowsTheSession(): Promise<void> {
  for (const app of [Fastify(), Fastify({ logger: true })]) {
    await app.register(fastify.sessions, { manager: plain });
    // @ts-expect-error the manager is missing
    await app.register(fastify.sessions, {});
    app.get("/", async ({ session }) => {
      // @ts-expect-error the session may be anonymous
      const userId: string = session.userId;
      return userId;
    });
    app.get("/required", async ({ session }) => session.require().userId.length);
    app.addHook("preHandler", fastify.requireSession({ detail: "Sign in" }));
    // @ts-expect-error an unknown option
    fastify.requireSession({ details: "Sign in" });
  }
}

test("the types hold", () => {
  const checked = [typedOnceByTheManager, signedInWhereItIsRequired, serversTakeTheListeners, fastifyKnowsTheSession];
  assert.ok(checked.every((each) => typeof each === "function"));
});
