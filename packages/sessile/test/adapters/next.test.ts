// Next.js is too large to install for a test. Its cookies are not: `RequestCookies` and `ResponseCookies` are the real
// ones, of which Next.js has a copy. The rest is imitated here after version 16.4: cookies can be set while an action
// runs, and a page that is rendered after it, in the same request, sees them, but only through `cookies()`.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RequestCookies, type ResponseCookie, ResponseCookies } from "@edge-runtime/cookies";
import { bearerTransport, cookieTransport, memoryStore, type Session, SessionManager } from "sessile";
import { sessions } from "sessile/next";

type NextCookies = Awaited<ReturnType<Parameters<typeof sessions>[1]["cookies"]>>;
type NextCookie = Parameters<NextCookies["set"]>[0];

import { failingStore, testClock } from "sessile/testing";
import { withSession } from "sessile/web";

const DAY = 24 * 60 * 60 * 1000;

/** One request as Next.js gives it to a program: `next/headers`, and the order of its phases. */
class NextRequest {
  readonly #headers: Headers;
  readonly #mutable: ResponseCookies;
  readonly #sent = new Headers();
  #cookies: NextCookies;

  constructor(headers: Record<string, string>) {
    this.#headers = new Headers(headers);
    const received = new RequestCookies(this.#headers);
    this.#cookies = readonly(received);
    this.#mutable = new ResponseCookies(new Headers());
    for (const cookie of received.getAll()) this.#mutable.set(cookie);
  }

  get headers() {
    return { cookies: async () => this.#cookies, headers: async () => this.#headers };
  }

  get setCookies(): readonly string[] {
    return this.#sent.getSetCookie();
  }

  /** Runs an action, and renders afterwards. */
  async act(action: () => Promise<unknown>): Promise<void> {
    const set = (cookie: NextCookie): void => {
      this.#mutable.set(cookie as ResponseCookie);
      const single = new ResponseCookies(new Headers());
      single.set(cookie as ResponseCookie);
      this.#sent.append("set-cookie", single.toString());
    };
    this.#cookies = { getAll: () => this.#mutable.getAll(), set };
    try {
      await action();
    } finally {
      const seen = new RequestCookies(new Headers());
      for (const { name, value } of this.#mutable.getAll()) seen.set({ name, value });
      this.#cookies = readonly(seen);
    }
  }
}

function readonly(cookies: RequestCookies): NextCookies {
  const set = (): never => {
    throw new Error("Cookies can only be modified in a Server Action or Route Handler.");
  };
  return { getAll: () => cookies.getAll(), set };
}

/** The errors that `redirect()` and `notFound()` throw. */
const signal = (digest: string): Error => Object.assign(new Error(digest.split(";")[0]), { digest });
const REDIRECT = "NEXT_REDIRECT;push;/profile;303;";
const NOT_FOUND = "NEXT_HTTP_ERROR_FALLBACK;404";

describe("sessions in Next.js", () => {
  function setUp(options = {}) {
    const clock = testClock();
    const store = failingStore(memoryStore());
    const transports = [cookieTransport(), bearerTransport()];
    const manager = new SessionManager({ store, transports, sweepInterval: 0, clock: clock.now, ...options });
    const request = (headers: Record<string, string> = {}) => {
      const next = new NextRequest({ host: "app.example", ...headers });
      return { next, ...sessions(manager, next.headers) };
    };
    const signedIn = async (): Promise<string> => {
      const { next, action } = request();
      await next.act(action(async (session) => session.signIn("anna")));
      return pairOf(next.setCookies);
    };
    return { clock, store, manager, request, signedIn };
  }

  const pairOf = ([line = ""]: readonly string[]): string => line.split(";")[0] as string;

  test("H1: an action that signs in sets the cookie with its attributes, and the page after it sees the session", async () => {
    const { request } = setUp();
    const { next, action, readSession } = request({ cookie: "theme=dark" });
    let token = "";
    await next.act(
      action(async (session) => {
        token = await session.signIn("anna");
      }),
    );
    assert.equal(next.setCookies.length, 1);
    const { pair, attributes } = parts(next.setCookies[0] as string);
    assert.equal(pair, `__Host-session=${token}`);
    assert.deepEqual(attributes, ["HttpOnly", "Max-Age=86400", "Path=/", "SameSite=lax", "Secure"]);
    assert.equal((await readSession()).userId, "anna");
  });

  test("H3: an action that signs out clears the cookie with the same attributes, and the page after it is anonymous", async () => {
    const { request, signedIn } = setUp();
    const { next, action, readSession } = request({ cookie: await signedIn() });
    await next.act(action(async (session) => session.signOut()));
    const { pair, attributes } = parts(next.setCookies[0] as string);
    assert.equal(pair, "__Host-session=");
    assert.deepEqual(attributes, ["HttpOnly", "Max-Age=0", "Path=/", "SameSite=lax", "Secure"]);
    assert.match(next.setCookies[0] ?? "", /Expires=Thu, 01 Jan 1970 00:00:00 GMT/);
    assert.equal((await readSession()).isSignedIn(), false);
  });

  test("an action that writes after a sign-out sets one cookie, that of the new session", async () => {
    const { request, signedIn, manager } = setUp();
    const { next, action, readSession } = request({ cookie: await signedIn() });
    await next.act(
      action(async (session) => {
        await session.signOut();
        session.set("notice", "Bye");
      }),
    );
    assert.equal(next.setCookies.length, 1);
    const page = await readSession();
    assert.deepEqual([page.userId, page.keys(), page.get("notice")], [null, ["notice"], "Bye"]);
    assert.equal((await manager.stats()).sessions, 1);
  });

  test("an action that ends by redirect() or notFound() keeps what it wrote, and one that fails does not", async () => {
    const { request, signedIn } = setUp();
    for (const [thrown, isKept] of [
      [signal(REDIRECT), true],
      [signal(NOT_FOUND), true],
      [signal("NEXT_REDIRECT;replace;/日本;307;"), false],
      [new Error("oops"), false],
      [undefined, false],
    ] as const) {
      const cookie = await signedIn();
      const { next, action } = request({ cookie });
      const failing = action(async (session) => {
        session.set("kept", 1);
        throw thrown;
      });
      await assert.rejects(
        next.act(() => failing()),
        (error) => error === thrown,
      );
      const { readSession } = request({ cookie });
      assert.equal((await readSession()).has("kept"), isKept, String(thrown));
    }
  });

  test("an action that signs in and then fails leaves no session and sets no cookie", async () => {
    const { request, manager } = setUp();
    const { next, action } = request();
    const failing = action(async (session) => {
      await session.signIn("anna");
      throw new Error("oops");
    });
    await assert.rejects(next.act(() => failing()));
    assert.deepEqual([next.setCookies, (await manager.stats()).sessions], [[], 0]);
  });

  test("an action gets its arguments and gives back what it made", async () => {
    const { request } = setUp();
    const { next, action } = request();
    const add = action(async (session: Session, a: number, b: number) => `${session.userId} ${a + b}`);
    let result = "";
    await next.act(async () => {
      result = await add(1, 2);
    });
    assert.equal(result, "null 3");
  });

  test("F4: parallel actions lose nothing", async () => {
    const { request, signedIn } = setUp();
    const cookie = await signedIn();
    const count = async (): Promise<void> => {
      const { next, action } = request({ cookie });
      await next.act(action(async (session) => session.update("count", (value) => Number(value ?? 0) + 1)));
    };
    await Promise.all(Array.from({ length: 20 }, count));
    assert.equal((await request({ cookie }).readSession()).get("count"), 20);
  });

  test("a page can read, and a write in it is reported as lost", async () => {
    const { request, signedIn } = setUp();
    const session = await request({ cookie: await signedIn() }).readSession();
    assert.deepEqual([session.userId, session.keys(), session.isSignedIn()], ["anna", [], true]);
    assert.throws(() => session.set("lost", 1), { code: "ERR_SESSION_STATE" });
    await assert.rejects(session.signOut(), { code: "ERR_SESSION_STATE" });
  });

  test("a flash message that an action makes is taken by another action; a page is told that it cannot", async () => {
    const { request, signedIn } = setUp();
    const cookie = await signedIn();
    const making = request({ cookie });
    const made = making.action(async (session) => {
      session.flash("notice", "Saved");
      throw signal(REDIRECT);
    });
    await assert.rejects(making.next.act(made), { message: "NEXT_REDIRECT" });
    const page = await request({ cookie }).readSession();
    assert.throws(() => page.takeFlash("notice"), { code: "ERR_SESSION_STATE" });
    const shown: unknown[] = [];
    for (const { next, action } of [request({ cookie }), request({ cookie })])
      await next.act(action(async (session) => shown.push(session.takeFlash("notice"))));
    assert.deepEqual(shown, [["Saved"], []]);
  });

  test("a page counts as activity, and never takes a new token that it could not hand out", async () => {
    const { request, signedIn, clock } = setUp({ rotateAfter: 120_000 });
    const cookie = await signedIn();
    for (let half = 0; half < 4; half++) {
      clock.advance(30 * 60_000);
      assert.equal((await request({ cookie }).readSession()).userId, "anna");
    }
    clock.advance(DAY);
    assert.equal((await request({ cookie }).readSession()).userId, null);
  });

  test("D5: an action hands the new token of a rotation out", async () => {
    const { request, signedIn, clock } = setUp();
    const before = await signedIn();
    const { next, action } = request({ cookie: before });
    await next.act(action(async (session) => session.rotate()));
    const after = pairOf(next.setCookies);
    assert.notEqual(after, before);
    clock.advance(10_000);
    assert.equal((await request({ cookie: after }).readSession()).userId, "anna");
  });

  test("B4: two cookies that differ are refused although Next.js shows the last only, and equal ones are not", async () => {
    const { request, signedIn } = setUp();
    const [a, b] = [await signedIn(), await signedIn()];
    await assert.rejects(request({ cookie: `${a}; x=1; ${b}` }).readSession(), { code: "ERR_SESSION_CREDENTIALS" });
    const bearer = `Bearer ${b.split("=")[1]}`;
    await assert.rejects(request({ cookie: a, authorization: bearer }).readSession(), {
      code: "ERR_SESSION_CREDENTIALS",
    });
    assert.equal((await request({ cookie: `${a}; x=%3B; ${a}` }).readSession()).userId, "anna");
  });

  test("B4: an action that is refused for two cookies expires the one that this configuration would not have set", async () => {
    const { request, signedIn } = setUp();
    const cookie = `${await signedIn()}; ${await signedIn()}`;
    const { next, action } = request({ cookie });
    await assert.rejects(next.act(action(async () => {})), { code: "ERR_SESSION_CREDENTIALS" });
    const { pair, attributes } = parts(next.setCookies[0] as string);
    assert.equal(pair, "__Host-session=");
    assert.deepEqual(attributes, ["HttpOnly", "Max-Age=0", "Partitioned", "Path=/", "SameSite=none", "Secure"]);
  });

  test("B7: the token is read as it was sent: Next.js decodes values, and drops those that it cannot decode", async () => {
    const { request, signedIn } = setUp();
    const cookie = await signedIn();
    const encoded = cookie.replace("=s", "=%73");
    assert.equal((await request({ cookie: encoded }).readSession()).userId, null);
    assert.equal((await request({ cookie: `${cookie}; a=%E0%A4%A` }).readSession()).userId, "anna");
    await assert.rejects(request({ cookie: `${cookie}; __Host-session=%E0%A4%A` }).readSession(), {
      code: "ERR_SESSION_CREDENTIALS",
    });
  });

  test("a page after an action sees its cookie alone, and all others as they were sent", async () => {
    const { request, manager } = setUp();
    const seen: (string | undefined)[] = [];
    const open = manager.open.bind(manager);
    manager.open = (asked) => {
      seen.push(asked.header("cookie"));
      return open(asked);
    };
    const { next, action, readSession } = request({ cookie: "__Host-session=old; a=%3B; b=1=2;c=; d" });
    let token = "";
    await next.act(
      action(async (session) => {
        token = await session.signIn("anna");
      }),
    );
    await readSession();
    assert.equal(seen[1], `a=%3B; b=1=2;c=; d; __Host-session=${token}`);
  });

  test("H1: a path of the cookie with `=` in it is set whole", async () => {
    const transports = [cookieTransport({ name: "session", path: "/a=b/c=d" })];
    const { request } = setUp({ transports });
    const { next, action } = request();
    await next.act(action(async (session) => session.signIn("anna")));
    assert.match(next.setCookies[0] ?? "", /; Path=\/a=b\/c=d;/);
  });

  test("I1: an action from another site is refused", async () => {
    const { request, signedIn } = setUp();
    const { action } = request({ cookie: await signedIn(), origin: "https://evil.example" });
    await assert.rejects(action(async () => {})(), { code: "ERR_SESSION_CROSS_SITE" });
  });

  test("P1: a store that is down is an error, never an anonymous request", async () => {
    const { request, signedIn, store } = setUp();
    const cookie = await signedIn();
    store.fail();
    await assert.rejects(request({ cookie }).readSession(), { code: "ERR_SESSION_STORE" });
    store.recover();
    store.fail("commit");
    const { next, action } = request({ cookie });
    const writing = action(async (session) => session.set("kept", 1));
    await assert.rejects(
      next.act(() => writing()),
      { code: "ERR_SESSION_STORE" },
    );
  });

  test("F1: a step that an action does not wait for and that fails is the action's error, and harms no process", async () => {
    const { request, signedIn, store, manager } = setUp();
    const cookie = await signedIn();
    store.fail("delete", "create");
    const signingOut = request({ cookie });
    const signOut = signingOut.action(async (session) => void session.signOut());
    await assert.rejects(
      signingOut.next.act(() => signOut()),
      { code: "ERR_SESSION_NOT_ENDED" },
    );
    assert.deepEqual(signingOut.next.setCookies, []);
    const signingIn = request();
    const signIn = signingIn.action(async (session) => {
      void session.signIn("bob");
      throw signal(REDIRECT);
    });
    await assert.rejects(
      signingIn.next.act(() => signIn()),
      { code: "ERR_SESSION_STORE" },
    );
    store.recover();
    assert.deepEqual([signingIn.next.setCookies, (await manager.list("bob")).sessions], [[], []]);
  });

  describe("a request that the proxy lets go on", () => {
    /** The headers of the request after the proxy, as Next.js 16.4 makes them of the proxy's response. */
    function headersAfter(sent: Request, { headers }: Response): Headers {
      const names = headers.get("x-middleware-override-headers")?.split(",");
      if (names === undefined) return sent.headers;
      const values = names.map((name): [string, string] => [name, headers.get(`x-middleware-request-${name}`) ?? ""]);
      return new Headers(values);
    }

    function run(proxy: (session: Session) => unknown, response: () => Response, options = {}) {
      const { manager, ...rest } = setUp(options);
      const before = withSession(manager, async (_request, session) => {
        await proxy(session);
        return response();
      });
      const route = withSession(manager, async (_request, session) => {
        session.set("route", 1);
        return Response.json([session.userId, session.keys()]);
      });
      const send = async (headers: Record<string, string> = {}) => {
        const request = new Request("http://app.example/a", { headers });
        const first = await before(request);
        const after = headersAfter(request, first);
        const second = await route(new Request(request, { headers: after }));
        return { first, after, second, seen: (await second.json()) as unknown };
      };
      return { manager, send, ...rest };
    }
    const next = (): Response => new Response(null, { headers: { "x-middleware-next": "1" } });
    const toHere = (): Response => new Response(null, { headers: { "x-middleware-rewrite": "http://app.example/b" } });
    const away = (): Response => new Response(null, { headers: { "x-middleware-rewrite": "https://b.example/" } });

    test("carries the session that the proxy began: the route handler writes into the same one", async () => {
      for (const response of [next, toHere]) {
        const { manager, send } = run((session) => session.set("proxy", 1), response);
        const { first, second, after, seen } = await send({ cookie: "a=%3B; __Host-session=; b", "x-own": "1" });
        assert.deepEqual(seen, [null, ["proxy", "route"]]);
        assert.deepEqual([first.headers.getSetCookie().length, second.headers.getSetCookie().length], [1, 0]);
        assert.equal((await manager.stats()).sessions, 1);
        assert.equal(after.get("x-own"), "1");
        assert.equal(after.get("cookie"), `a=%3B; b; ${pairOf(first.headers.getSetCookie())}`);
      }
    });

    test("carries the session of a sign-in, and not the one that it replaced", async () => {
      const { send, signedIn } = run((session) => session.signIn("bob"), next);
      const { seen, after } = await send({ cookie: await signedIn() });
      assert.deepEqual(seen, ["bob", ["route"]]);
      assert.equal(after.get("cookie")?.match(/__Host-session/g)?.length, 1);
    });

    test("carries no cookie after a sign-out", async () => {
      const { send, signedIn } = run((session) => session.signOut(), next);
      const { seen, after } = await send({ cookie: `${await signedIn()}; a=b` });
      assert.deepEqual([seen, after.get("cookie")], [[null, ["route"]], "a=b"]);
    });

    test("keeps the headers that the proxy chose", async () => {
      const own = { "x-middleware-override-headers": "x-mine", "x-middleware-request-x-mine": "yes" };
      const response = (): Response => new Response(null, { headers: { "x-middleware-next": "1", ...own } });
      const { send } = run((session) => session.set("proxy", 1), response);
      const { after, first, seen } = await send({ "x-own": "1" });
      assert.deepEqual(seen, [null, ["proxy", "route"]]);
      assert.deepEqual([after.get("x-mine"), after.get("x-own")], ["yes", null]);
      assert.equal(after.get("cookie"), pairOf(first.headers.getSetCookie()));
    });

    test("is left as it is when the session has no new cookie, and no token goes to another origin", async () => {
      const reading = run((session) => session.userId, next);
      const { first } = await reading.send({ cookie: await reading.signedIn() });
      assert.equal(first.headers.has("x-middleware-override-headers"), false);
      const leaving = run((session) => session.set("proxy", 1), away);
      assert.equal((await leaving.send()).first.headers.has("x-middleware-override-headers"), false);
    });
  });

  test("a route handler and the proxy take sessile/web: the headers by which the proxy tells Next.js to go on survive", async () => {
    const { manager, signedIn } = setUp();
    const proxy = withSession(manager, async (_request, session) => {
      if (!session.isSignedIn()) return Response.redirect("http://app.example/login", 307);
      session.set("seen", 1);
      return new Response(null, { headers: { "x-middleware-next": "1" } });
    });
    const refused = await proxy(new Request("http://app.example/profile"));
    assert.deepEqual([refused.status, refused.headers.get("location")], [307, "http://app.example/login"]);
    const passed = await proxy(new Request("http://app.example/profile", { headers: { cookie: await signedIn() } }));
    assert.equal(passed.headers.get("x-middleware-next"), "1");
  });
});

function parts(line: string): { pair: string; attributes: string[] } {
  const [pair = "", ...attributes] = line.split("; ");
  return { pair, attributes: attributes.filter((each) => !each.startsWith("Expires=")).sort() };
}
