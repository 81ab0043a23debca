// The routes of the adapter suite, as plain functions that the test file of an adapter mounts in its framework.

import { inspect } from "node:util";
import type { Session } from "../core/session.ts";
import type { GateWithEntrance } from "./gate.ts";

/** A request, in the form that a route gets. */
export interface SuiteExchange {
  /** The session, from where the adapter puts it. */
  readonly session: Session;
  /** Path and query. */
  readonly url: string;
}

/** The answer that a route of the suite wants sent. */
export interface SuiteAnswer {
  /** Default 200. */
  readonly status?: number;
  /** Headers of the answer. Default: none. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Text to send as it is, or chunks to stream. Without it the answer has no body. */
  readonly body?: string | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  /**
   * To be thrown in the framework's form, such as a redirect or an error with this status. If the framework has none,
   * return the answer as any other.
   */
  readonly isThrown?: boolean;
}

/** A route that the suite wants mounted. */
export interface SuiteRoute {
  /** A GET route must answer HEAD too. */
  readonly method: "GET" | "POST";
  /** The path, without parameters. */
  readonly path: string;
  /**
   * To be mounted behind the adapter's `requireSession`; where it has none, call `session.require()` first in the
   * handler.
   */
  readonly isGuarded: boolean;
  /**
   * A guard of the application's own, to be mounted in front of the handler in the way of careless programs: send its
   * answer and do nothing more, without returning or passing on anything that would stop the framework. If an answer
   * can only be returned, return it. `null` lets the request pass to the handler.
   */
  readonly guard?: (exchange: SuiteExchange) => Promise<SuiteAnswer | null>;
  /** May throw; the error must reach the framework like that of any other handler. */
  readonly answer: (exchange: SuiteExchange) => Promise<SuiteAnswer>;
}

/** Results of the routes that their answers do not show. */
export interface Probes {
  /** The gate at which the slow routes stop. */
  readonly slow: GateWithEntrance;
  /** The gate at which the stream of `/live` stops after its first chunk. */
  readonly live: GateWithEntrance;
  /** Number of streams of `/big` that ended, read or abandoned. */
  bigEnded: number;
  /** Number of runs of the handler behind the application's own guard. */
  guardedRuns: number;
}

/** Bytes of the body of `/big`, and of each chunk; every byte of a chunk is the chunk's number. */
export const BIG = 5 * 1024 * 1024;
export const BIG_CHUNK = 64 * 1024;

type Handler = SuiteRoute["answer"];
type Handlers = Readonly<Record<string, Handler>>;

/** The routes, whose slow ones stop at the gate of `probes`. */
export function suiteRoutes(probes: Probes): readonly SuiteRoute[] {
  const handlers = { ...SIGNING, ...READING, ...WRITING, ...FAILING, ...probed(probes) };
  const open = Object.entries(handlers).map(([name, answer]) => toRoute(name, answer, false));
  const guarded = Object.entries(GUARDED).map(([name, answer]) => toRoute(name, answer, true));
  return [...open, ...guarded, ownGuard(probes)];
}

/** A route whose guard writes into the session and refuses, unless the query says `pass`. */
function ownGuard(probes: Probes): SuiteRoute {
  const answer: Handler = async () => {
    probes.guardedRuns++;
    return json({});
  };
  const guard = async ({ session, url }: SuiteExchange): Promise<SuiteAnswer | null> => {
    if (query(url, "set") === "yes") session.set("kept", 1);
    if (query(url, "pass") === "yes" || !session.isSignedIn()) return null;
    return { ...json({ detail: "No" }), status: 403 };
  };
  return { ...toRoute("POST /own-guard", answer, false), guard };
}

function toRoute(name: string, answer: Handler, isGuarded: boolean): SuiteRoute {
  const [method, path] = name.split(" ") as ["GET" | "POST", string];
  return { method, path, isGuarded, answer };
}

const GUARDED: Handlers = {
  "GET /profile": async ({ session }) => json({ username: session.get("username"), user_id: session.userId }),
  "GET /data": async ({ session }) => json(Object.fromEntries(session.keys().map((key) => [key, session.get(key)]))),
};

/** Sign-in and sign-out, also without waiting for them, with a redirect, or before a failure. */
const SIGNING: Handlers = {
  "POST /login": async (exchange) => json({ session_token: await signIn(exchange) }),
  "POST /login/redirect": async (exchange) => {
    await signIn(exchange);
    return { status: 303, headers: { location: "/profile" } };
  },
  "POST /login/cookies": async (exchange) => ({
    ...json({ session_token: await signIn(exchange) }),
    headers: OTHERS,
  }),
  "POST /login/throw": async (exchange) => {
    await signIn(exchange);
    throw new Error("internal: password1");
  },
  "POST /elevate": async ({ session, url }) => {
    await session.elevate({ for: "anna" });
    if (query(url, "throw") === "yes") throw new Error("internal: password1");
    return json({ isFresh: isFresh(session) });
  },
  "POST /fresh": async ({ session }) => json({ isFresh: isFresh(session) }),
  "POST /logout": async ({ session }) => {
    await session.signOut();
    return json({ message: "Logged out successfully" });
  },
  "POST /logout/notice": async ({ session }) => {
    session.set("before", 1);
    await session.signOut();
    session.set("notice", "Bye");
    return json({});
  },
  "POST /logout/throw": async ({ session }) => {
    await session.signOut();
    throw new Error("internal: password1");
  },
  "POST /logout/dropped": async ({ session }) => {
    void session.signOut();
    return json({});
  },
  "POST /login/dropped": async ({ session, url }) => {
    void session.signIn(query(url, "user"));
    return json({});
  },
  "POST /login/thrown": async (exchange) => {
    await signIn(exchange);
    return { status: 303, headers: { location: "/profile" }, isThrown: true };
  },
};

/** Answers that depend on the session, and answers with headers or a status of their own. */
const READING: Handlers = {
  "GET /public": async () => ({ headers: { "content-type": "text/plain" }, body: "public" }),
  "GET /who": async ({ session }) => json({ user: session.userId }),
  "GET /require": async ({ session }) => json({ user: session.require().userId }),
  "GET /notice": async ({ session }) => json([session.userId, ...session.keys(), session.get("notice")]),
  "GET /session": async ({ session }) => {
    const shown = inspect(session);
    const text = `${shown} ${JSON.stringify(session)} ${String(session)}`;
    const isInspected = session.sid !== null && shown.includes(session.sid);
    return json({ json: session, isInspected, showsToken: /ses_\w{72}/.test(text) });
  },
  "GET /headers": async ({ session }) => ({ ...json({ user: session.userId }), headers: OTHERS }),
  "GET /asset": async ({ session }) => {
    const headers = { "content-type": "text/plain", "cache-control": "public, max-age=31536000", etag: '"1"' };
    return session.isSignedIn() ? { headers, body: "asset" } : { headers, body: "asset, anonymous" };
  },
  "GET /private": async ({ session, url }) => {
    if (query(url, "rotate") === "yes") session.rotate();
    return { ...json({ user: session.userId }), headers: { "cache-control": "private, max-age=60" } };
  },
  "GET /untransformed": async ({ session }) => ({
    ...json({ user: session.userId }),
    headers: { "cache-control": "no-cache, no-transform" },
  }),
  "GET /nothing": async ({ session }) => {
    session.keys();
    return { status: 204 };
  },
  "GET /unchanged": async ({ session }) => ({ status: 304, headers: { etag: `"${session.keys().length}"` } }),
};

/** Changes of the session, each with a whole answer. */
const WRITING: Handlers = {
  "POST /commit/dropped": async ({ session }) => {
    session.set("dropped", 1);
    void session.commit();
    return json({});
  },
  "POST /count": async ({ session }) => {
    session.update("count", (count) => Number(count ?? 0) + 1);
    return json({});
  },
  "POST /key": async ({ session, url }) => {
    session.set(query(url, "name"), 1);
    return { headers: { "content-type": "text/html", "content-language": "en", etag: '"1"' }, body: "<b>kept</b>" };
  },
  "POST /flash": async ({ session }) => {
    session.flash("notice", "Saved");
    return { status: 303, headers: { location: "/notices" } };
  },
  "GET /notices": async ({ session, url }) => {
    const shown = json(session.takeFlash("notice"));
    const status = Number(query(url, "status") || 200);
    const isThrown = query(url, "thrown") === "yes";
    return { ...(status === 303 ? { headers: { location: "/notices" } } : shown), status, isThrown };
  },
  "POST /rotate": async ({ session }) => {
    session.rotate();
    return json({});
  },
  "POST /status": async ({ session, url }) => {
    session.set("kept", 1);
    return { ...json({}), status: Number(query(url, "status")) };
  },
  "POST /thrown": async ({ session, url }) => {
    session.set("kept", 1);
    const status = Number(query(url, "status"));
    return status < 400
      ? { status, headers: { location: "/profile" }, isThrown: true }
      : { ...json({}), status, isThrown: true };
  },
  "POST /write": async ({ session, url }) => {
    session.set("kept", 1);
    Object.assign(session, { [query(url, "name")]: ["a"] });
    return json({});
  },
};

/** Changes of the session before the route fails. */
const FAILING: Handlers = {
  "POST /throw": async ({ session }) => {
    session.set("kept", 1);
    throw new Error("internal: password1");
  },
  "POST /stale": async ({ session }) => {
    session.requireFresh(0);
    return json({});
  },
  "POST /huge": async ({ session }) => {
    session.set("huge", "x".repeat(70_000));
    return json({});
  },
  "POST /impossible-header": async ({ session }) => {
    session.set("kept", 1);
    return { headers: { "content-type": "text/plain", "x-bad": "a\nb" }, body: "never" };
  },
  "POST /impossible-redirect": async (exchange) => {
    await signIn(exchange);
    return { status: 303, headers: { location: "/a\nb" }, isThrown: true };
  },
  "POST /broken-at-once": async ({ session }) => {
    session.set("kept", 1);
    return { headers: { "content-type": "application/octet-stream" }, body: brokenAtOnce() };
  },
  "POST /broken": async ({ session }) => {
    session.set("kept", 1);
    return { headers: { "content-type": "application/octet-stream" }, body: brokenBody() };
  },
};

/** Routes that stop at a gate or count in `probes`. */
function probed(probes: Probes): Handlers {
  return {
    "POST /slow": async ({ session }) => {
      session.set("slow", 1);
      await probes.slow.enter();
      return json({});
    },
    "POST /big": async ({ session }) => {
      session.set("big", 1);
      return { headers: { "content-type": "application/octet-stream" }, body: bigBody(probes) };
    },
    "POST /live": async ({ session }) => {
      session.set("live", 1);
      return { headers: { "content-type": "text/event-stream" }, body: liveBody(probes) };
    },
  };
}

/** Headers of the application, which must survive. */
const OTHERS = {
  "content-type": "application/json",
  "set-cookie": ["theme=dark; Path=/", "lang=en"],
  vary: "Accept-Encoding",
};

function json(value: unknown): SuiteAnswer {
  return { headers: { "content-type": "application/json" }, body: JSON.stringify(value) };
}

function signIn({ session, url }: SuiteExchange): Promise<string> {
  const user = query(url, "user") || "anna";
  return session.signIn(user, { data: { username: user }, persistent: query(url, "persistent") !== "no" });
}

function isFresh(session: Session): boolean {
  try {
    session.requireFresh(1000);
    return true;
  } catch {
    return false;
  }
}

function query(url: string, name: string): string {
  return new URL(url, "http://suite").searchParams.get(name) ?? "";
}

/** Breaks off before its first byte. */
function brokenAtOnce(): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error("internal: password1")) }) };
}

/** Breaks off after the head and more bytes than any buffer holds. */
function* brokenBody(): Generator<Uint8Array> {
  for (let chunk = 0; chunk * BIG_CHUNK < BIG; chunk++) yield new Uint8Array(BIG_CHUNK);
  throw new Error("internal: password1");
}

async function* liveBody(probes: Probes): AsyncGenerator<Uint8Array> {
  yield Buffer.from("data: 1\n\n");
  await probes.live.enter();
  yield Buffer.from("data: 2\n\n");
}

/** An iterator, because a generator that was never started would not notice that it is abandoned. */
function bigBody(probes: Probes): Iterable<Uint8Array> {
  let isOver = false;
  let chunk = 0;
  const end = (): IteratorResult<Uint8Array, undefined> => {
    if (!isOver) probes.bigEnded++;
    isOver = true;
    return { done: true, value: undefined };
  };
  const iterator: Iterator<Uint8Array> = {
    next: () => (chunk * BIG_CHUNK === BIG ? end() : { done: false, value: new Uint8Array(BIG_CHUNK).fill(chunk++) }),
    return: end,
  };
  return { [Symbol.iterator]: () => iterator };
}
