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

test("a response that is returned again and again carries no user's cookie", async () => {
  const manager = new SessionManager({ store: memoryStore(), transports: [cookieTransport()], sweepInterval: 0 });
  const app = new Hono().use(sessions(manager));
  const { url, close } = await listen(createAdaptorServer({ fetch: app.fetch }));
  const [empty, text] = [new Response(null, { status: 204 }), new Response("welcome")];
  app.post("/", async (c) => {
    await c.var.session.signIn("anna");
    return empty;
  });
  app.get("/", (c) => (c.var.session.isSignedIn() || c.req.query("text") === undefined ? empty : text));
  try {
    assert.match((await fetch(url, { method: "POST" })).headers.get("set-cookie") ?? "", /^__Host-session=ses_/);
    for (const path of ["/", "/?text", "/", "/?text"]) {
      const { headers } = await fetch(url + path);
      assert.deepEqual([headers.get("set-cookie"), headers.get("vary")], [null, "Cookie"]);
    }
  } finally {
    await close();
  }
});

test("a response with a body that is returned again and again gives no user's cookie to a HEAD", async () => {
  const manager = new SessionManager({ store: memoryStore(), transports: [cookieTransport()], sweepInterval: 0 });
  const app = new Hono().use(sessions(manager));
  const { url, close } = await listen(createAdaptorServer({ fetch: app.fetch }));
  const kept = new Response("welcome");
  app.all("/", async (c) => {
    if (c.req.method === "POST") await c.var.session.signIn("anna");
    return kept;
  });
  try {
    for (let i = 0; i < 2; i++) await (await fetch(url, { method: "POST" })).text();
    assert.equal((await fetch(url, { method: "HEAD" })).headers.get("set-cookie"), null);
  } finally {
    await close();
  }
});
