import assert from "node:assert/strict";
import { createServer } from "node:http";
import { describe, test } from "node:test";
import { createEventStream, H3, type H3Config, type H3Event, HTTPError, html, redirect } from "h3";
import { toNodeHandler } from "h3/node";
import { isSessionError } from "sessile";
import { requireSession, sessions } from "sessile/h3";
import { adapterSuite, type SuiteRoute } from "sessile/testing";
import { listen } from "./support/listen.ts";
import { answerOf } from "./support/routes.ts";
import { cookieFor, testManager } from "./support/session-server.ts";
import { bodyOf, headerLines } from "./support/to-response.ts";

adapterSuite("h3", (manager, routes) => {
  const app = new H3({ silent: true }).use(sessions(manager));
  const guard = requireSession();
  for (const route of routes)
    app.on(route.method, route.path, mount(route), { middleware: route.isGuarded ? [guard] : [] });
  return listen(createServer(toNodeHandler(app)));
});

/** By `event.res` and a plain value, as h3's users do it. */
function mount(route: SuiteRoute): (event: H3Event) => Promise<unknown> {
  return async (event) => {
    const url = event.url.pathname + event.url.search;
    const {
      status = 200,
      headers = {},
      body,
      isThrown,
    } = await answerOf(route, { session: event.context.session, url });
    if (isThrown === true)
      throw status < 400 ? redirect(headers["location"] as string, status) : new HTTPError({ status });
    event.res.status = status;
    for (const [name, value] of headerLines(headers)) event.res.headers.append(name, value);
    return bodyOf(body);
  };
}

describe("the adapter of h3", () => {
  async function withApp(handler: (event: H3Event) => unknown, config: H3Config = {}) {
    const { manager, store } = testManager();
    const app = new H3({ silent: true, ...config }).use(sessions(manager)).all("/", handler);
    const cookie = await cookieFor(manager);
    const send = (headers: Record<string, string> = { cookie }) => app.request("/", { method: "POST", headers });
    const read = () =>
      manager.open({ method: "GET", path: "/", header: (name) => (name === "cookie" ? cookie : undefined) });
    return { app, manager, store, cookie, send, read };
  }

  /** Whether the response clears the cookie, and says who may keep it. */
  const endings = ({ headers }: Response): unknown[] => [
    /^__Host-session=; Max-Age=0;/.test(headers.getSetCookie().at(-1) ?? ""),
    headers.get("cache-control")?.match(/\bno-store\b/)?.[0],
    headers.get("vary"),
  ];

  test("whatever a handler returns gets the headers of the session beside its own", async () => {
    const own = { "set-cookie": "lang=en", vary: "Origin", "cache-control": "public" };
    const answers: ((event: H3Event) => unknown)[] = [
      () => new Response("text", { headers: own }),
      () => new Response(null, { status: 404, headers: own }),
      () => new Response(null, { status: 304, headers: own }),
      () => new HTTPError({ status: 409, headers: own }),
      () => Object.assign(redirect("/profile", 303), {}),
      () => html("<b>text</b>"),
      (event) => createEventStream(event),
    ];
    for (const answer of answers) {
      const { send } = await withApp(async (event) => {
        await event.context.session.signOut();
        return answer(event);
      });
      const response = await send();
      const hasOwn = response.headers.get("set-cookie")?.startsWith("lang=en") === true;
      assert.deepEqual(endings(response), [true, "no-store", hasOwn ? "Origin, Cookie" : "Cookie"]);
      await response.body?.cancel();
    }
  });

  test("a response that the application keeps for all requests carries no user's cookie", async () => {
    const shared = [new Response(null, { status: 204 }), redirect("/")];
    for (const kept of shared) {
      const { send } = await withApp(async ({ req, context }) => {
        if (req.headers.get("x-user") !== null) await context.session.signIn("anna");
        context.session.keys();
        return kept;
      });
      const mine = await send({ "x-user": "anna" });
      assert.match(mine.headers.get("set-cookie") ?? "", /^__Host-session=ses_/);
      const { headers } = await send({});
      assert.deepEqual([headers.get("set-cookie"), headers.get("vary")], [null, "Cookie"]);
    }
  });

  test("a response of fetch, whose headers cannot be changed, gets those of the session", async () => {
    const { send } = await withApp(async ({ context }) => {
      await context.session.signOut();
      return fetch("data:text/plain,proxied");
    });
    const response = await send();
    assert.deepEqual(endings(response), [true, "no-store", "Cookie"]);
    assert.equal(await response.text(), "proxied");
  });

  test("a sign-out before whatever is thrown clears the cookie, with onError and without", async () => {
    const thrown = [
      new Error("oops"),
      new HTTPError({ status: 409 }),
      404,
      "oops",
      new HTTPError({ headers: { vary: "Origin" } }),
    ];
    const handlers: H3Config["onError"][] = [undefined, () => undefined, () => ({ mine: true })];
    for (const [error, onError] of thrown.flatMap((each) => handlers.map((handler) => [each, handler] as const))) {
      const { send } = await withApp(
        async ({ context }) => {
          await context.session.signOut();
          throw error;
        },
        onError === undefined ? {} : { onError },
      );
      const [isCleared, caching] = endings(await send());
      assert.deepEqual([isCleared, caching], [true, "no-store"], `${error} ${onError}`);
    }
  });

  test("an error below 500 keeps what was written, one above does not", async () => {
    for (const [error, isKept] of [
      [404, true],
      [new HTTPError({ status: 409 }), true],
      [Object.assign(new Error("full"), { statusCode: 413 }), true],
      [new HTTPError({ status: 503 }), false],
      [{ status: 409 }, false], // h3 makes a 500 of what is no error
      [undefined, false],
    ] as const) {
      const { send, read } = await withApp(({ context }) => {
        context.session.set("kept", 1);
        throw error;
      });
      await send();
      assert.equal((await read()).session.has("kept"), isKept, String(error));
    }
  });

  test("a response or a redirect that is thrown is the answer, with the headers of the session", async () => {
    for (const [thrown, status, isCleared] of [
      [redirect("/profile", 303), 303, true],
      [new Response("gone", { status: 410 }), 410, true],
      [new Response("later", { status: 503 }), 503, true],
    ] as const) {
      const { send } = await withApp(async ({ context }) => {
        await context.session.signOut();
        throw thrown;
      });
      const response = await send();
      assert.deepEqual([response.status, ...endings(response)], [status, isCleared, "no-store", "Cookie"]);
    }
  });

  test("`Response.error()`, which no server can send, is a 500 that keeps nothing", async () => {
    const { send, manager } = await withApp(async ({ context }) => {
      await context.session.signIn("bob");
      return Response.error();
    });
    const { status, headers } = await send({});
    assert.deepEqual([status, headers.get("set-cookie")], [500, null]);
    assert.deepEqual((await manager.list("bob")).sessions, []);
  });

  test("an application's onError sees the status and the cause of the library's errors, and has the last word", async () => {
    const seen: unknown[] = [];
    const { send } = await withApp(({ context }) => context.session.requireFresh(0), {
      onError: (error) => {
        seen.push(error.status, isSessionError(error.cause, "ERR_SESSION_STALE"));
        return { mine: true };
      },
    });
    assert.equal(await (await send()).text(), '{"mine":true}');
    assert.deepEqual(seen, [403, true]);
  });

  test("a body that is not sent is given up, whatever kind it is", async () => {
    for (const wrap of [(body: ReadableStream) => body, (body: ReadableStream) => new Response(body)]) {
      let isGivenUp = false;
      const { send, store } = await withApp(({ context }) => {
        context.session.set("kept", 1);
        const cancel = (): void => {
          isGivenUp = true;
        };
        return wrap(new ReadableStream({ cancel }));
      });
      store.fail("commit");
      assert.deepEqual([(await send()).status, isGivenUp], [503, true]);
    }
  });

  test("a release candidate of h3, which has one set of headers, gets them there", async () => {
    const { manager, cookie } = await withApp(() => "");
    const req = new Request("http://localhost/", { method: "POST", headers: { cookie } });
    const event = { req, url: new URL(req.url), context: {}, res: { headers: new Headers() } } as unknown as H3Event;
    const value = await sessions(manager)(event, async () => {
      await event.context.session.signOut();
      return "bye";
    });
    assert.equal(value, "bye");
    assert.match(event.res.headers.get("set-cookie") ?? "", /^__Host-session=; Max-Age=0;/);
  });

  test("a redirect to a location that cannot be a header, returned or thrown, is a 500 that keeps nothing", async () => {
    for (const isThrown of [false, true]) {
      for (const location of ["/a\nb", "/日本"]) {
        const { manager } = testManager();
        const app = new H3({ silent: true }).use(sessions(manager)).get("/", async ({ context }) => {
          await context.session.signIn("bob");
          if (isThrown) throw redirect(location);
          return redirect(location);
        });
        const { status, headers } = await app.request("/");
        assert.deepEqual([status, headers.get("set-cookie")], [500, null]);
        assert.deepEqual((await manager.list("bob")).sessions, []);
      }
    }
  });

  test("a redirect of a release candidate of h3, which has no brand, is the answer, returned or thrown", async () => {
    class HTTPResponse {
      readonly body = "";
      readonly status = 303;
      readonly headers = new Headers({ location: "/me" });
    }
    for (const isThrown of [false, true]) {
      const { manager } = await withApp(() => "");
      const req = new Request("http://localhost/", { method: "POST" });
      const event = { req, url: new URL(req.url), context: {}, res: { headers: new Headers() } } as unknown as H3Event;
      const answer = new HTTPResponse();
      const value = await sessions(manager)(event, async () => {
        await event.context.session.signIn("bob");
        if (isThrown) throw answer;
        return answer;
      });
      assert.equal(value, answer);
      assert.match(event.res.headers.get("set-cookie") ?? "", /^__Host-session=ses_/);
      assert.equal((await manager.list("bob")).sessions.length, 1);
    }
  });

  test("a handler that returns the session, or an object with it, shows no token and is stored nowhere", async () => {
    for (const wrap of [(session: unknown) => session, (session: unknown) => ({ session })]) {
      const { send, cookie } = await withApp(({ context }) => wrap(context.session));
      const response = await send();
      assert.deepEqual([response.headers.get("cache-control"), response.headers.get("vary")], ["no-store", "Cookie"]);
      const text = await response.text();
      assert.match(text, /"userId":"anna","keys":\[\]/);
      assert.ok(!text.includes(cookie.split("=")[1] as string));
    }
  });

  test("a route that does not exist is a 404 that looked at no session", async () => {
    const { app, cookie } = await withApp(() => "");
    const { status, headers } = await app.request("/nowhere", { headers: { cookie } });
    assert.deepEqual([status, headers.get("vary")], [404, null]);
  });

  test("requireSession answers what it is told to", async () => {
    const guard = requireSession({ detail: "Who are you?" });
    const { send } = await withApp((event) => guard(event, () => event.context.session.userId));
    const anonymous = await send({});
    assert.deepEqual([anonymous.status, await anonymous.json()], [401, { detail: "Who are you?" }]);
    assert.equal(await (await send()).text(), "anna");
  });
});
