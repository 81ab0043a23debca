// The adapter for Hono 4, on all of its runtimes.

import type { Context, MiddlewareHandler } from "hono";
import { isSessionError, required } from "../core/errors.ts";
import type { SessionManager } from "../core/manager.ts";
import type { Session, SignedInSession } from "../core/session.ts";
import type { SessionResponse } from "../core/transport.ts";
import { type Answer, answerTo, describesBody, FAILURE, type GuardOptions, notSignedIn } from "./shared/answer.ts";
import { isResponse, NO_RESPONSE } from "./shared/outcome.ts";
import { checkUnused, responseTo, sendable, toResponse, WebRequest } from "./shared/web-exchange.ts";
import { checkManager, guarded, guardOptions } from "./shared/wiring.ts";

/** The variable that `sessions` adds to an application's environment: `c.var.session`. */
export interface SessionEnv<Data extends object> {
  /** `c.var` of the routes behind `sessions`. */
  Variables: { session: Session<Data> };
}

/** The types that `requireSession` adds to that: together they make `c.var.session` a `SignedInSession`. */
interface SignedInEnv {
  /** `c.var` of the routes behind `requireSession`. */
  Variables: { session: Pick<SignedInSession, "sid" | "userId" | Instant> };
}

type Instant = "createdAt" | "authenticatedAt" | "lastSeenAt" | "expiresAt";

/**
 * Adds a session to every request, `c.var.session`, and settles it before the response leaves:
 *
 * ```ts
 * const app = new Hono().use(sessions(manager));
 * ```
 *
 * An error of the library in a route is answered with `{"detail": …}`, unless the application's `onError` answers.
 */
export function sessions<Data extends object>(manager: SessionManager<Data>): MiddlewareHandler<SessionEnv<Data>> {
  checkManager(manager, "sessions(manager)");
  return async (c, next) => {
    const opened = await manager.open(new WebRequest(c.req.raw)).catch(responseTo);
    if (!("commit" in opened)) return opened;
    refuseQuietly(opened.session);
    c.set("session", opened.session);
    try {
      await next();
      checkAnswered(c);
    } catch (error) {
      // Hono itself answers only errors: any other value gets here, and a thrown response is the answer
      if (!isResponse(error) || error.type === "error") {
        await opened.commit(500, NO_RESPONSE);
        throw error;
      }
      c.res = error;
    }
    if (isSessionError(c.error) && (await isHonosOwn(c.res))) replace(c, answerTo(c.error, opened.session));
    try {
      await opened.commit(c.res.status, headersOf(c));
    } catch (error) {
      c.res.body?.cancel().catch(() => {});
      const answer = answerTo(error, opened.session);
      replace(c, answer ?? FAILURE);
      if (answer === null) throw error;
    }
    return undefined;
  };
}

/**
 * Lets signed-in users pass, and narrows the type of the session for the next handlers; all other requests get a 401.
 */
export function requireSession(options: GuardOptions = {}): MiddlewareHandler<SignedInEnv> {
  const { detail } = guardOptions(options);
  return async (c, next) => {
    const session = guarded(c.get("session") as Session);
    return session.isSignedIn() ? next() : toResponse(notSignedIn(session, detail));
  };
}

/** Hono logs every error that has no answer of its own, and a refusal is nothing to log. */
function refuseQuietly<Data extends object>(session: Session<Data>): void {
  session.require = () => {
    if (session.isSignedIn()) return session;
    throw Object.assign(required(), { getResponse: () => toResponse(notSignedIn(session)) });
  };
}

/** Throws for the answers of which Hono or a server makes a 500 later, when the session would be stored already. */
function checkAnswered(c: Context): void {
  if (c.finalized && typeof sendable(c.res, false).status === "number") return;
  if (c.finalized) c.res = undefined; // Hono cannot replace a value that is no response
  throw new TypeError("The handler must return a `Response`.");
}

function headersOf(c: Context): SessionResponse {
  return {
    get: (name) => c.res.headers.get(name) ?? undefined,
    set: (name, value) => give(c, name, value, false),
    append: (name, value) => give(c, name, value, true),
  };
}

function give(c: Context, name: string, value: string, append: boolean): void {
  if (name === (append ? "vary" : "cache-control") && share(c, name, value)) return;
  checkUnused(c.res);
  c.header(name, value, { append });
}

/**
 * Changes the response itself, at half the cost of `c.header`, which makes a copy. Only for headers that are the same
 * for every user: an application may keep a response and return it for several requests, and would send one user's
 * token to the next. For the same reason `Vary` repeats no value. Returns false if the headers cannot be changed, as
 * with results of `fetch`.
 */
function share(c: Context, name: "cache-control" | "vary", value: string): boolean {
  try {
    const { headers } = c.res;
    const present = name === "vary" ? headers.get(name) : null;
    if (present === null) headers.set(name, value);
    else if (!present.split(", ").includes(value)) headers.append(name, value);
    return true;
  } catch {
    return false;
  }
}

/** Whether this is Hono's own answer to an error: an application's `onError` has the last word. */
async function isHonosOwn(response: Response): Promise<boolean> {
  return response.status === 500 && (await response.clone().text()) === "Internal Server Error";
}

/** Replaces the answer. Headers that do not describe the body stay, such as those of CORS. */
function replace(c: Context, answer: Answer | null): void {
  if (answer === null) return;
  const { status, headers, body } = answer;
  const kept = [...c.res.headers].filter(([name]) => !describesBody(name) && !(name in headers));
  c.res = undefined;
  c.res = new Response(body, { status, headers: [...kept, ...Object.entries(headers)] });
}
