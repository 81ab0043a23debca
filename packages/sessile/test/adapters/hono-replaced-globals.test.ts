// As people run Hono on Node: `@hono/node-server` replaces the global `Request` and `Response` of this process.

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import { cookieTransport, memoryStore, SessionManager } from "sessile";
import { sessions } from "sessile/hono";
import { adapterSuite } from "sessile/testing";
import { honoApp } from "./support/hono-app.ts";
import { listen } from "./support/listen.ts";

mock.method(console, "error", () => {});

adapterSuite("Hono with replaced globals", (manager, routes) =>
  listen(createAdaptorServer({ fetch: honoApp(manager, routes).fetch })),
);

test("a response with a text, which can be returned again and again here, carries nobody's cookie", async () => {
  const manager = new SessionManager({ store: memoryStore(), transports: [cookieTransport()], sweepInterval: 0 });
  const app = new Hono().use(sessions(manager));
  const { url, close } = await listen(createAdaptorServer({ fetch: app.fetch }));
  const shared = new Response("welcome");
  app.all("/", async (c) => {
    if (c.req.method === "POST") await c.var.session.signIn("anna");
    else c.var.session.isSignedIn();
    return shared;
  });
  const mine = await fetch(url, { method: "POST" });
  assert.match(mine.headers.get("set-cookie") ?? "", /^__Host-session=ses_/);
  for (let requests = 0; requests < 3; requests++) {
    const { headers } = await fetch(url);
    assert.deepEqual([headers.get("set-cookie"), headers.get("vary")], [null, "Cookie"]);
  }
  await close();
});
