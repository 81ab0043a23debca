import assert from "node:assert/strict";
import { createServer } from "node:http";
import { describe, test } from "node:test";
import { cookieTransport, type Session } from "sessile";
import { withSession } from "sessile/web";
import { listen } from "./support/listen.ts";
import { cookieFor, testManager } from "./support/session-server.ts";

const URL = "https://app.example/path?query";

function signIn(user = "anna", make: () => Response | Promise<Response>) {
  return async (_request: Request, session: Session): Promise<Response> => {
    await session.signIn(user);
    return make();
  };
}

describe("the response of the handler", () => {
  test("is given back as it is when the session has nothing to say", async () => {
    const { manager } = testManager();
    const response = new Response("body");
    assert.equal(await withSession(manager, () => response)(new Request(URL)), response);
  });

  test("keeps its body, its cookies and its Vary when the session adds its own", async () => {
    const { manager } = testManager();
    const own = new Response("body", {
      status: 201,
      headers: [
        ["set-cookie", "a=1"],
        ["set-cookie", "b=2"],
        ["vary", "Origin"],
      ],
    });
    const { body } = own;
    const response = await withSession(
      manager,
      signIn("anna", () => own),
    )(new Request(URL));
    assert.equal(response.body, body);
    assert.equal(response.status, 201);
    assert.deepEqual(
      response.headers.getSetCookie().map((each) => each.split("=")[0]),
      ["a", "b", "__Host-session"],
    );
    assert.equal(response.headers.get("vary"), "Origin, Cookie");
  });

  test("may have headers that cannot be changed: a redirect", async () => {
    const { manager } = testManager();
    const response = await withSession(
      manager,
      signIn("anna", () => Response.redirect("https://app.example/next", 303)),
    )(new Request(URL));
    assert.deepEqual([response.status, response.headers.get("location")], [303, "https://app.example/next"]);
    assert.match(response.headers.get("set-cookie") ?? "", /^__Host-session=ses_/);
  });

  test("may have headers that cannot be changed: what fetch gives", async () => {
    const upstream = await listen(
      createServer((_request, response) => response.writeHead(203, { "x-up": "yes" }).end("from upstream")),
    );
    const { manager } = testManager();
    const response = await withSession(
      manager,
      signIn("anna", () => fetch(upstream.url)),
    )(new Request(URL));
    assert.deepEqual(
      [response.status, response.headers.get("x-up"), await response.text()],
      [203, "yes", "from upstream"],
    );
    assert.match(response.headers.get("set-cookie") ?? "", /^__Host-session=ses_/);
    await upstream.close();
  });

  test("may be one without a body that serves many requests: no user gets the cookie of another", async () => {
    const { manager } = testManager();
    const shared = new Response(null, { status: 204 });
    const handle = withSession(manager, async (request, session) => {
      await session.signIn(request.headers.get("x-user") as string);
      return shared;
    });
    const answers = [];
    for (const user of ["anna", "bob"]) answers.push(await handle(new Request(URL, { headers: { "x-user": user } })));
    assert.deepEqual(
      answers.map(({ headers }) => headers.getSetCookie().length),
      [1, 1],
    );
    assert.equal(shared.headers.get("set-cookie"), null);
  });

  test("is not returned again once it carries a user's cookie, which a server that drops its body for HEAD would send", async () => {
    const { manager } = testManager();
    const kept = new Response("welcome");
    const handle = withSession(
      manager,
      async (request, session) => {
        if (request.method === "POST") await session.signIn("anna");
        return kept;
      },
      { onError: () => {} },
    );
    const mine = await handle(new Request(URL, { method: "POST" }));
    assert.match(mine.headers.get("set-cookie") ?? "", /^__Host-session=ses_/);
    const { status, headers } = await handle(new Request(URL, { method: "HEAD" }));
    assert.deepEqual([status, headers.get("set-cookie")], [500, null]);
  });

  test("may come from another withSession in the same request, with the cookie of that one", async () => {
    const { manager } = testManager();
    const cookie = await cookieFor(manager);
    const inner = withSession(
      manager,
      signIn("bob", () => new Response("welcome")),
    );
    const outer = withSession(manager, (request, session) => {
      session.keys();
      return inner(request);
    });
    const response = await outer(new Request(URL, { headers: { cookie } }));
    assert.deepEqual([response.status, response.headers.getSetCookie().length], [200, 1]);
    assert.match(response.headers.get("set-cookie") ?? "", /^__Host-session=ses_/);
  });

  test("may be of another class than the global Response, as where platforms replace that", async () => {
    const { manager } = testManager();
    const foreign = { status: 200, statusText: "", headers: new Headers(), body: new ReadableStream() } as Response;
    const response = await withSession(
      manager,
      signIn("anna", () => foreign),
    )(new Request(URL));
    assert.equal(response, foreign);
    assert.match(foreign.headers.get("set-cookie") ?? "", /^__Host-session=ses_/);
  });

  test("may be an upgrade, which no constructor could copy", async () => {
    const { manager } = testManager();
    const upgrade = { status: 101, statusText: "", headers: new Headers(), body: null } as Response;
    assert.equal(
      await withSession(
        manager,
        signIn("anna", () => upgrade),
      )(new Request(URL)),
      upgrade,
    );
  });
});

describe("failures", () => {
  const failures: Record<string, () => Response | Promise<Response>> = {
    throws: () => {
      throw new Error("secret detail");
    },
    rejects: () => Promise.reject(new Error("secret detail")),
    "returns no response": () => undefined as never,
  };
  for (const [name, fail] of Object.entries(failures)) {
    test(`a handler that ${name} is a 500 that tells nothing, keeps nothing, and is reported`, async () => {
      const { manager } = testManager();
      const errors: unknown[] = [];
      const handle = withSession(manager, signIn("anna", fail), { onError: (error) => errors.push(error) });
      const response = await handle(new Request(URL));
      assert.deepEqual([response.status, await response.text()], [500, '{"detail":"Internal Server Error"}']);
      assert.equal(response.headers.get("set-cookie"), null);
      assert.equal((await manager.stats()).sessions, 0);
      assert.equal(errors.length, 1);
    });
  }

  test("P1: a body that is not sent because the commit failed is cancelled, and one in use is let be", async () => {
    const { manager, store } = testManager();
    const headers = { cookie: await cookieFor(manager) };
    let cancelled = 0;
    const stream = new ReadableStream({ cancel: () => void cancelled++ });
    const handle = withSession(manager, (_request, session) => {
      session.set("kept", 1);
      return new Response(stream);
    });
    store.fail("commit");
    assert.equal((await handle(new Request(URL, { headers }))).status, 503);
    assert.equal(cancelled, 1);
    const used = new Response("body");
    used.body?.getReader();
    const response = await withSession(manager, (_request, session) => {
      session.set("kept", 1);
      return used;
    })(new Request(URL, { headers }));
    // Bun counts a body with a reader as sent, so the response is refused before the commit.
    assert.equal(response.status, used.bodyUsed ? 500 : 503);
  });

  test("a mistake in the data is a 500 and is reported", async () => {
    const { manager } = testManager();
    const errors: unknown[] = [];
    const handle = withSession(
      manager,
      (_request, session) => {
        session.set("huge", "x".repeat(70_000));
        return new Response("fine");
      },
      { onError: (error) => errors.push(error) },
    );
    assert.equal((await handle(new Request(URL))).status, 500);
    assert.deepEqual(
      errors.map((error) => (error as { code?: string }).code),
      ["ERR_SESSION_VALUE"],
    );
  });
});

describe("the request", () => {
  test("comes with whatever else the platform passes", async () => {
    const { manager } = testManager();
    const handle = withSession(
      manager,
      (request: Request, _session: Session, env: { name: string }, count: number) =>
        new Response(`${request.method} ${env.name} ${count}`),
    );
    assert.equal(await (await handle(new Request(URL), { name: "env" }, 2)).text(), "GET env 2");
  });

  test("I1: has its host in the URL where the platform keeps it out of the headers", async () => {
    const { manager } = testManager();
    const handle = withSession(manager, async (_request, session) => new Response(session.userId));
    const cookie = await cookieFor(manager);
    const post = (origin: string): Promise<Response> =>
      handle(new Request(URL, { method: "POST", headers: { cookie, origin } }));
    assert.equal(await (await post("https://app.example")).text(), "anna");
    assert.equal((await post("https://evil.example")).status, 403);
  });

  test("I2: matches an exempt path exactly, without its query", async () => {
    const { manager } = testManager(cookieTransport({ exemptPaths: ["/path"] }));
    const handle = withSession(manager, async (_request, session) => new Response(session.userId));
    const cookie = await cookieFor(manager);
    const post = (url: string): Promise<Response> =>
      handle(new Request(url, { method: "POST", headers: { cookie, origin: "https://evil.example" } }));
    assert.equal(await (await post("https://app.example/path?x")).text(), "anna");
    for (const path of ["/path/", "/Path", "//path", "/path/x", "/%70ath"])
      assert.equal((await post(`https://app.example${path}`)).status, 403, path);
  });

  test("may have a method in lower case, as fetch leaves `patch`", async () => {
    const { manager } = testManager();
    const handle = withSession(manager, async (_request, session) => new Response(session.userId));
    const headers = { cookie: await cookieFor(manager), "sec-fetch-site": "cross-site" };
    assert.equal((await handle(new Request(URL, { method: "patch", headers }))).status, 403);
  });
});
