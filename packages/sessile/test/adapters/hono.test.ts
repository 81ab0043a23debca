import assert from "node:assert/strict";
import { describe, mock, test } from "node:test";
import { createAdaptorServer } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { cors } from "hono/cors";
import { HTTPException } from "hono/http-exception";
import { streamSSE } from "hono/streaming";
import { requireSession, type SessionEnv, sessions } from "sessile/hono";
import { honoApp } from "./support/hono-app.ts";
import { listen } from "./support/listen.ts";
import { ANSWERS_FOR_BODIES, suiteWithout } from "./support/recipe-suite.ts";
import { cookieFor, testManager } from "./support/session-server.ts";

mock.method(console, "error", () => {}); // where Hono reports what a handler throws

suiteWithout(ANSWERS_FOR_BODIES, "the adapter of Hono", (manager, routes) =>
  listen(createAdaptorServer({ fetch: honoApp(manager, routes).fetch, overrideGlobalObjects: false })),
);

type Env = SessionEnv<Record<string, string>>;

describe("the adapter of Hono", () => {
  async function withApp(handler: (c: Context<Env>) => Response | Promise<Response>) {
    const { manager, store } = testManager();
    const app = new Hono<Env>().use(cors(), sessions(manager)).all("/", handler);
    const cookie = await cookieFor(manager);
    const send = (headers: Record<string, string> = { cookie }) => app.request("/", { method: "POST", headers });
    return { app, manager, store, cookie, send };
  }

  test("a response that the application keeps for all requests carries no user's cookie", async () => {
    const shared = new Response(null, { headers: { vary: "Origin" } });
    const { send } = await withApp(async (c) => {
      if (c.req.header("x-user")) await c.var.session.signIn("anna");
      c.var.session.keys();
      return shared;
    });
    const mine = await send({ "x-user": "anna" });
    assert.match(mine.headers.get("set-cookie") ?? "", /^__Host-session=ses_/);
    for (let requests = 0; requests < 3; requests++) {
      const { headers } = await send({});
      assert.deepEqual([headers.get("set-cookie"), headers.get("vary")], [null, "Origin, Cookie"]);
    }
  });

  test("a response of fetch, whose headers cannot be changed, gets those of the session", async () => {
    const { send } = await withApp(async (c) => {
      await c.var.session.signOut();
      return fetch("data:text/plain,proxied");
    });
    const response = await send();
    assert.match(response.headers.get("set-cookie") ?? "", /^__Host-session=; Max-Age=0;/);
    assert.deepEqual([response.headers.get("cache-control"), await response.text()], ["no-store", "proxied"]);
  });

  test("what an application's onError answers is left as it is, and keeps what was written below 500", async () => {
    const { app, send, manager, cookie } = await withApp((c) => {
      c.var.session.set("kept", "1");
      c.var.session.requireFresh(0);
      return c.body(null);
    });
    app.onError((error, c) => c.text(`mine: ${error.name}`, 418));
    const response = await send();
    assert.deepEqual([response.status, await response.text()], [418, "mine: SessionError"]);
    const { session } = await manager.open({
      method: "GET",
      path: "/",
      header: (name) => (name === "cookie" ? cookie : undefined),
    });
    assert.equal(session.has("kept"), true);
  });

  test("an HTTPException is answered by Hono, with the headers of the session", async () => {
    const { send } = await withApp(async (c) => {
      await c.var.session.signOut();
      throw new HTTPException(409, { message: "conflict" });
    });
    const response = await send();
    assert.deepEqual([response.status, await response.text()], [409, "conflict"]);
    assert.match(response.headers.get("set-cookie") ?? "", /^__Host-session=; Max-Age=0;/);
  });

  test("P1: a 503 in place of a response keeps the headers of CORS", async () => {
    const { send, store } = await withApp((c) => {
      c.var.session.set("kept", "1");
      return c.json({}, 200, { etag: '"1"' });
    });
    store.fail("commit");
    const { status, headers } = await send();
    assert.equal(status, 503);
    assert.deepEqual([headers.get("access-control-allow-origin"), headers.get("etag")], ["*", null]);
  });

  test("a mistake that shows at the commit reaches onError", async () => {
    const { app, send } = await withApp((c) => {
      c.var.session.set("huge", "x".repeat(70_000));
      return c.json({}, 200, { etag: '"1"' });
    });
    app.onError((error, c) => c.text(error.name, 500));
    const response = await send();
    assert.deepEqual([response.status, await response.text()], [500, "SessionError"]);
    assert.deepEqual([response.headers.get("etag"), response.headers.get("cache-control")], [null, "no-store"]);
  });

  test("a response that is thrown is the answer, with the headers of the session", async () => {
    const { send } = await withApp(async (c) => {
      await c.var.session.signOut();
      throw new Response("gone", { status: 410, headers: { vary: "Origin" } });
    });
    const { status, headers } = await send();
    assert.deepEqual([status, headers.get("vary")], [410, "Origin, Cookie"]);
    assert.match(headers.get("set-cookie") ?? "", /^__Host-session=; Max-Age=0;/);
  });

  test("`Response.error()`, which no server can send, is a 500 that keeps nothing, returned or thrown", async () => {
    for (const isThrown of [false, true]) {
      const { manager } = testManager();
      const app = new Hono().use(sessions(manager)).get("/", async (c) => {
        await c.var.session.signIn("bob");
        if (isThrown) throw Response.error();
        return Response.error();
      });
      const { status, headers } = await Promise.resolve(app.request("/")).catch(
        () => new Response("", { status: 500 }),
      );
      assert.deepEqual([status, headers.get("set-cookie")], [500, null]);
      assert.deepEqual((await manager.list("bob")).sessions, []);
    }
  });

  for (const [what, value] of [
    ["nothing", undefined],
    ["a text", "text"],
    ["a value", { ok: true }],
  ] as const) {
    test(`a handler that returns ${what} after a sign-in is a 500 that keeps nothing and sends no token`, async () => {
      const { manager } = testManager();
      const app = new Hono().use(sessions(manager));
      app.get("/", async (c) => {
        await c.var.session.signIn("bob");
        c.json({});
        return value as unknown as Response;
      });
      const errors: string[] = [];
      app.onError((error, c) => {
        errors.push(error.message);
        return c.text("mine", 500);
      });
      const { status, headers } = await app.request("/");
      assert.deepEqual([status, headers.get("set-cookie")], [500, null]);
      assert.deepEqual(errors, ["The handler must return a `Response`."]);
      assert.deepEqual((await manager.list("bob")).sessions, []);
    });
  }

  test("what is thrown and is no error keeps nothing", async () => {
    const { send, manager } = await withApp(async (c) => {
      await c.var.session.signIn("bob");
      throw "nothing";
    });
    await assert.rejects(
      async () => send({}),
      (thrown) => thrown === "nothing",
    );
    assert.deepEqual((await manager.list("bob")).sessions, []);
  });

  test("server-sent events go out after the commit, and the session can be watched", async () => {
    const { send, manager } = await withApp((c) => {
      const { session } = c.var;
      session.set("seen", "1");
      return streamSSE(c, async (stream) => {
        await new Promise<void>((resolve) => session.onEnded(resolve));
        await stream.writeSSE({ event: "ended", data: "" });
      });
    });
    const response = await send();
    assert.equal(response.headers.get("cache-control"), "no-store");
    await manager.revokeUser("anna");
    assert.equal(await response.text(), "event: ended\ndata: \n\n");
  });

  test("a handler that answers with the session shows no token, and is stored nowhere", async () => {
    const { send, cookie } = await withApp((c) => c.json(c.var.session));
    const response = await send();
    assert.equal(response.headers.get("cache-control"), "no-store");
    const text = await response.text();
    assert.match(text, /"userId":"anna","keys":\[\]/);
    assert.ok(!text.includes(cookie.split("=")[1] as string));
  });

  test("requireSession answers what it is told to", async () => {
    const { manager } = testManager();
    const app = new Hono()
      .use(sessions(manager))
      .get("/", requireSession({ detail: "Who are you?" }), (c) => c.text(c.var.session.userId));
    const anonymous = await app.request("/");
    assert.deepEqual([anonymous.status, await anonymous.json()], [401, { detail: "Who are you?" }]);
    const anna = await app.request("/", { headers: { cookie: await cookieFor(manager) } });
    assert.equal(await anna.text(), "anna");
  });
});
