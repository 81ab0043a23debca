// Redirects, refusals and whole responses that a handler throws, through withSession of sessile/web: as Next.js,
// SvelteKit and React Router make them.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { data, redirect as routerRedirect } from "react-router";
import type { Session } from "sessile";
import { withSession } from "sessile/web";
import { cookieFor, testManager } from "./support/session-server.ts";

/** As `redirect()`, `notFound()` and the like of next/navigation throw them. */
const nextError = (digest: string): Error => Object.assign(new Error(digest.split(";")[0]), { digest });

/** As `redirect()` and `error()` of SvelteKit throw them: objects that are no errors. */
class Redirect {
  readonly status: number;
  readonly location: string;
  constructor(status: number, location: string) {
    this.status = status;
    this.location = location;
  }
}
class HttpError {
  readonly status: number;
  readonly body: object;
  constructor(status: number, message: string) {
    this.status = status;
    this.body = { message };
  }
}

/** The parts that become the response: status and location. */
const ANSWERED: readonly [name: string, thrown: unknown, status: number, location: string | null][] = [
  ["redirect() of Next.js", nextError("NEXT_REDIRECT;replace;/a;b?c=d;307;"), 307, "/a;b?c=d"],
  [
    "permanentRedirect() of Next.js",
    nextError("NEXT_REDIRECT;push;https://a.example/;308;"),
    308,
    "https://a.example/",
  ],
  ["notFound() of Next.js", nextError("NEXT_HTTP_ERROR_FALLBACK;404"), 404, null],
  ["unauthorized() of Next.js", nextError("NEXT_HTTP_ERROR_FALLBACK;401"), 401, null],
  ["forbidden() of Next.js", nextError("NEXT_HTTP_ERROR_FALLBACK;403"), 403, null],
  ["redirect() of SvelteKit", new Redirect(303, "/login"), 303, "/login"],
  ["redirect() of React Router", routerRedirect("/login", 302), 302, "/login"],
  ["a response", new Response("gone", { status: 410 }), 410, null],
];

/** Values that the framework answers with this status, and values without one. */
const PASSED_ON: readonly [name: string, thrown: unknown, isKept: boolean][] = [
  ["error(404) of SvelteKit", new HttpError(404, "nothing here"), true],
  ["error(503) of SvelteKit", new HttpError(503, "later"), false],
  ["data() of React Router with 409", data("taken", { status: 409 }), true],
  ["data() of React Router with 500", data("oops", 500), false],
  ["data() of React Router with 410, as a number", data("oops", 410), true],
  ["a signal of Next.js that this is no static page", nextError("DYNAMIC_SERVER_USAGE"), false],
];

const FAILURES: readonly [name: string, thrown: unknown][] = [
  ["an error", new Error("oops")],
  [
    "an error of another service, whose status is not the application's",
    Object.assign(new Error("oops"), { status: 404 }),
  ],
  ["an object that no framework throws", { status: 404 }],
  ["redirect() of Next.js to a line break", nextError("NEXT_REDIRECT;replace;/a\nb;307;")],
  ["redirect() of Next.js to a location that is not encoded", nextError("NEXT_REDIRECT;replace;/日本;307;")],
  ["redirect() of SvelteKit to a line break", new Redirect(303, "/a\nb")],
  ["redirect() of SvelteKit to a location that is not encoded", new Redirect(303, "/日本")],
  ["nothing", undefined],
  ["a text", "oops"],
];

describe("what a handler throws", () => {
  async function throwing(thrown: unknown, act: (session: Session) => unknown = (session) => session.set("kept", 1)) {
    const { manager, store } = testManager();
    const cookie = await cookieFor(manager);
    const errors: unknown[] = [];
    const handle = withSession(
      manager,
      async (_request, session) => {
        await act(session);
        throw thrown;
      },
      { onError: (error) => errors.push(error) },
    );
    const send = (headers: Record<string, string> = { cookie }) =>
      handle(new Request("https://app.example/", { method: "POST", headers }));
    const isKept = async (): Promise<boolean> => {
      const header = (name: string): string | undefined => (name === "cookie" ? cookie : undefined);
      return (await manager.open({ method: "GET", path: "/", header })).session.has("kept");
    };
    return { manager, store, errors, send, isKept };
  }

  for (const [name, thrown, status, location] of ANSWERED) {
    test(`${name} is the response, with the session's headers, and keeps what was written`, async () => {
      const { send, isKept, errors } = await throwing(thrown);
      const response = await send();
      assert.deepEqual([response.status, response.headers.get("location")], [status, location]);
      assert.equal(response.headers.get("cache-control"), "no-store");
      assert.deepEqual([await isKept(), errors], [true, []]);
    });

    test(`${name} after a sign-in carries the cookie`, async () => {
      const { send } = await throwing(thrown, (session) => session.signIn("bob"));
      const response = await send({});
      assert.equal(response.status, status);
      assert.match(response.headers.get("set-cookie") ?? "", /^__Host-session=ses_/);
    });
  }

  for (const [name, thrown, keeps] of PASSED_ON) {
    test(`${name} is thrown on, and ${keeps ? "keeps what was written" : "keeps nothing"}`, async () => {
      const { send, isKept, errors } = await throwing(thrown);
      await assert.rejects(send(), (error) => error === thrown);
      assert.deepEqual([await isKept(), errors], [keeps, []]);
    });

    test(`${name} leaves no session whose token the response could not carry`, async () => {
      const signingIn = await throwing(thrown, (session) => session.signIn("bob"));
      await assert.rejects(signingIn.send({}), (error) => error === thrown);
      assert.deepEqual((await signingIn.manager.list("bob")).sessions, []);
      const writing = await throwing(thrown);
      await assert.rejects(writing.send({}), (error) => error === thrown);
      assert.equal((await writing.manager.stats()).sessions, 1);
    });
  }

  test("a sign-out before what is thrown on stands", async () => {
    const { send, manager } = await throwing(new HttpError(404, "nothing"), (session) => session.signOut());
    await assert.rejects(send());
    assert.equal((await manager.stats()).sessions, 0);
  });

  test("P1: a store that fails under what is thrown on is a 503", async () => {
    const { send, store } = await throwing(new HttpError(404, "nothing"));
    store.fail("commit");
    assert.equal((await send()).status, 503);
  });

  for (const [name, thrown] of FAILURES) {
    test(`${name} is a 500 that keeps nothing, and is reported`, async () => {
      const { send, isKept, errors } = await throwing(thrown);
      assert.equal((await send()).status, 500);
      assert.deepEqual([await isKept(), errors], [false, [thrown]]);
    });
  }

  for (const [name, thrown] of FAILURES) {
    test(`${name} after a sign-in leaves no session and sends no token`, async () => {
      const { send, manager } = await throwing(thrown, (session) => session.signIn("bob"));
      const { status, headers } = await send({});
      assert.deepEqual([status, headers.get("set-cookie")], [500, null]);
      assert.deepEqual((await manager.list("bob")).sessions, []);
    });
  }

  test("a header that Next.js refuses to show while it builds is its own to answer", async () => {
    const { manager } = testManager();
    const signal = nextError("DYNAMIC_SERVER_USAGE");
    const request = new Proxy(new Request("https://app.example/"), {
      get(target, name) {
        if (name === "headers") throw signal;
        return Reflect.get(target, name, target) as unknown;
      },
    });
    const handle = withSession(manager, () => new Response("never"));
    await assert.rejects(handle(request), (error) => error === signal);
  });
});

test("`Response.error()`, which no server can send, is a 500 that keeps nothing", async () => {
  const { manager } = testManager();
  const errors: unknown[] = [];
  const handle = withSession(
    manager,
    async (_request, session) => {
      await session.signIn("anna");
      return Response.error();
    },
    { onError: (error) => errors.push(error) },
  );
  const response = await handle(new Request("https://app.example/"));
  assert.deepEqual([response.status, response.headers.get("set-cookie")], [500, null]);
  assert.equal((await manager.stats()).sessions, 0);
  assert.match(String(errors[0]), /Response\.error\(\)/);
});
