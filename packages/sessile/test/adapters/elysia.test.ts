import assert from "node:assert/strict";
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";
import { node } from "@elysiajs/node";
import { Elysia, status as toStatus } from "elysia";
import { cookieTransport, memoryStore, type Session, SessionManager } from "sessile";
import { sessions } from "sessile/elysia";
import { adapterSuite, countingStore, type SuiteRoute } from "sessile/testing";
import { answerOf } from "./support/routes.ts";
import { cookieFor } from "./support/session-server.ts";
import { toResponse } from "./support/to-response.ts";

adapterSuite("Elysia", async (manager, routes) => {
  const app = new Elysia({ adapter: node() }).use(sessions(manager, { onError: () => {} }));
  for (const route of routes) app.route(route.method, route.path, mount(route), { requireSession: route.isGuarded });
  const server = await new Promise<Server>((resolve) => {
    app.listen({ port: 0, hostname: "127.0.0.1" }, (started) => resolve(nodeServer(started)));
  });
  if (!server.listening) await once(server, "listening");
  const close = async (): Promise<void> => {
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
});

/** Elysia's adapter for Node tells only the port that it was given. */
function nodeServer(started: unknown): Server {
  return (started as { node: { server: Server } }).node.server;
}

function mount(route: SuiteRoute): (context: { session: Session; request: Request }) => Promise<Response> {
  return async ({ session, request }) => {
    const { pathname, search } = new URL(request.url);
    const answer = await answerOf(route, { session, url: pathname + search });
    const { status = 200, isThrown } = answer;
    if (isThrown === true) throw status < 400 ? toResponse(answer) : toStatus(status, {});
    return toResponse(answer);
  };
}

describe("the adapter of Elysia", () => {
  async function setUp() {
    const store = countingStore(memoryStore());
    const manager = new SessionManager({ store, transports: [cookieTransport()], sweepInterval: 0 });
    const cookie = await cookieFor(manager);
    const ask = (path: string, headers: Record<string, string> = { cookie }): Request =>
      new Request(`http://localhost${path}`, { method: "POST", headers });
    const read = async (): Promise<string[]> => {
      const header = (name: string): string | undefined => (name === "cookie" ? cookie : undefined);
      return (await manager.open({ method: "GET", path: "/", header })).session.keys();
    };
    return { manager, store, ask, read };
  }

  test("whatever a handler returns gets the headers of the session beside its own", async () => {
    const { manager, ask } = await setUp();
    const app = new Elysia()
      .use(sessions(manager))
      .derive(async ({ session }) => {
        await session.signOut();
        return {};
      })
      .post("/object", () => ({ a: 1 }))
      .post("/text", ({ set }) => {
        set.headers["set-cookie"] = "lang=en";
        set.headers.vary = "Origin";
        return "text";
      })
      .post("/cookie", ({ cookie: { lang } }) => {
        if (lang !== undefined) lang.value = "en";
        return new Response("text", { headers: { vary: "Origin" } });
      })
      .post("/status", ({ status }) => status(418, "teapot"))
      .post("/stream", function* () {
        yield "a";
        yield "b";
      })
      .post("/redirect", ({ redirect }) => redirect("http://localhost/profile", 303));
    for (const [path, status, vary] of [
      ["/object", 200, "Cookie"],
      ["/text", 200, "Origin, Cookie"],
      ["/cookie", 200, "Origin, Cookie"],
      ["/status", 418, "Cookie"],
      ["/stream", 200, "Cookie"],
      ["/redirect", 303, "Cookie"],
    ] as const) {
      const response = await app.handle(ask(path));
      const { headers } = response;
      assert.equal(response.status, status, path);
      assert.deepEqual([headers.get("cache-control"), headers.get("vary")], ["no-store", vary], path);
      assert.match(headers.getSetCookie().at(-1) ?? "", /^__Host-session=; Max-Age=0;/, path);
      assert.equal(headers.getSetCookie().length, path === "/text" || path === "/cookie" ? 2 : 1, path);
    }
  });

  test("parts of an application that each use the plugin share one session and one commit", async () => {
    const { manager, store, ask, read } = await setUp();
    const part = new Elysia({ prefix: "/part" }).use(sessions(manager)).post("/", ({ session }) => {
      session.update("inner", (count) => Number(count ?? 0) + 1);
      return "";
    });
    const app = new Elysia()
      .use(sessions(manager))
      .onBeforeHandle(({ session }) => session.set("outer", 1))
      .use(part);
    assert.equal((await app.handle(ask("/part"))).status, 200);
    assert.deepEqual([store.calls("load"), store.calls("commit")], [1, 1]);
    assert.deepEqual((await read()).sort(), ["inner", "outer"]);
  });

  test("the plugin used twice opens and writes once", async () => {
    const { manager, store, ask, read } = await setUp();
    const app = new Elysia()
      .use(sessions(manager))
      .use(sessions(manager))
      .post("/", ({ session }) => {
        session.update("count", (count) => Number(count ?? 0) + 1);
        return "";
      });
    const request = ask("/");
    await app.handle(request);
    assert.deepEqual([store.calls("load"), store.calls("commit")], [1, 1]);
    assert.deepEqual(await read(), ["count"]);
    assert.equal((await app.handle(request)).status, 200, "a request object may come again");
  });

  test("parts of an application may each have a manager of their own", async () => {
    const [shop, staff] = [await setUp(), await setUp()];
    const part = (name: string, { manager }: typeof shop) =>
      new Elysia({ prefix: name }).use(sessions(manager)).post("/", ({ session }) => {
        session.set("seen", name);
        return String(session.userId);
      });
    const app = new Elysia().use(part("/shop", shop)).use(part("/staff", staff));
    assert.equal(await (await app.handle(shop.ask("/shop"))).text(), "anna");
    assert.equal(await (await app.handle(staff.ask("/staff"))).text(), "anna");
    assert.deepEqual([await shop.read(), await staff.read()], [["seen"], ["seen"]]);
  });

  test("an onError before the plugin has the last word on the library's errors, and one after it has not", async () => {
    const { manager, ask } = await setUp();
    const mine = (): Response => new Response("mine", { status: 418 });
    const route = ({ session }: { session: Session }): void => session.requireFresh(0);
    const before = new Elysia().onError(mine).use(sessions(manager)).post("/", route);
    assert.equal((await before.handle(ask("/"))).status, 418);
    const after = new Elysia().use(sessions(manager)).onError(mine).post("/", route);
    const response = await after.handle(ask("/"));
    assert.deepEqual([response.status, await response.json()], [403, { detail: "Sign in again" }]);
  });

  test("an error below 500 keeps what was written, one above does not", async () => {
    for (const [status, keys] of [
      [409, ["kept"]],
      [500, []],
    ] as const) {
      const { manager, ask, read } = await setUp();
      const app = new Elysia().use(sessions(manager)).post("/", ({ session }) => {
        session.set("kept", 1);
        throw Object.assign(new Error("internal"), { status });
      });
      assert.equal((await app.handle(ask("/"))).status, status);
      assert.deepEqual(await read(), keys);
    }
  });

  test("`Response.error()`, which no server can send, is a 500 that keeps nothing", async () => {
    const { manager, ask } = await setUp();
    const app = new Elysia().use(sessions(manager, { onError: () => {} })).post("/", async ({ session }) => {
      await session.signIn("bob");
      return Response.error();
    });
    const { status, headers } = await app.handle(ask("/", {}));
    assert.deepEqual([status, headers.get("set-cookie")], [500, null]);
    assert.deepEqual((await manager.list("bob")).sessions, []);
  });

  test("requireSession guards a route, a group or nothing, and answers what it is told to", async () => {
    const { manager, ask } = await setUp();
    const app = new Elysia()
      .use(sessions(manager))
      .post("/open", ({ session }) => String(session.userId), { requireSession: false })
      .post("/route", ({ session }) => session.userId, { requireSession: { detail: "Who are you?" } })
      .guard({ requireSession: true }, (group) => group.post("/group", ({ session }) => session.userId));
    for (const path of ["/open", "/route", "/group"]) assert.equal(await (await app.handle(ask(path))).text(), "anna");
    const answers = ["/open", "/route", "/group"].map(async (path) => await (await app.handle(ask(path, {}))).text());
    assert.deepEqual(await Promise.all(answers), [
      "null",
      '{"detail":"Who are you?"}',
      '{"detail":"Not authenticated"}',
    ]);
  });

  test("an application without Elysia's compiler is refused, because nothing would be written", async () => {
    const { manager } = await setUp();
    assert.throws(() => new Elysia({ aot: false }).use(sessions(manager)), { code: "ERR_SESSION_OPTION" });
  });
});
