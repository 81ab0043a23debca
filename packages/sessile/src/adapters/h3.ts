// The adapter for h3 2, and so for Nitro.

import type { H3Event, Middleware } from "h3";
import type { SessionManager } from "../core/manager.ts";
import type { Session as SessileSession } from "../core/session.ts";
import type { SessionResponse } from "../core/transport.ts";
import { answerTo, type GuardOptions, notSignedIn } from "./shared/answer.ts";
import { discard, isResponse, type Outcome, outcomeOf } from "./shared/outcome.ts";
import { setSession } from "./shared/session-property.ts";
import { responseTo, sendable, toResponse, WebRequest } from "./shared/web-exchange.ts";
import { checkManager, guarded, guardOptions } from "./shared/wiring.ts";

declare module "h3" {
  interface H3EventContext {
    /** The session of this request, with the data of the manager that `Register` names. */
    session: SessileSession;
  }
}

/**
 * Adds a session to every request, `event.context.session`, and settles it before the response leaves:
 *
 * ```ts
 * app.use(sessions(manager));
 * ```
 *
 * An error of the library in a route is answered with `{"detail": …}`, unless the application's `onError` answers.
 * If that returns a whole `Response`, h3 sends it unchanged, without the session's headers.
 */
export function sessions(manager: SessionManager): Middleware {
  checkManager(manager, "sessions(manager)");
  return async (event, next) => {
    const opened = await manager.open(new WebRequest(event.req)).catch(responseTo);
    if (isResponse(opened)) return opened;
    setSession(event.context, opened.session);
    const [value, wasThrown] = withHeaders(await outcomeOf(async () => sendable(await next(), opened.mustWait)));
    const isThrown = wasThrown && !isAnswer(value); // a thrown response or redirect is the answer
    if (shows(value, opened.session)) opened.session.toJSON();
    try {
      await opened.commit(statusOf(value, isThrown, event), headersOf(event, value));
    } catch (error) {
      discard(isAnswer(value) ? value.body : value);
      return responseTo(error);
    }
    if (isThrown) throw toHttpError(value, opened.session);
    return value;
  };
}

/** Lets signed-in users pass; all other requests get a 401. */
export function requireSession(options: GuardOptions = {}): Middleware {
  const { detail } = guardOptions(options);
  return ({ context: { session } }, next) =>
    guarded(session).isSignedIn() ? next() : toResponse(notSignedIn(session, detail));
}

/**
 * Headers of the response that h3 will make of the handler's value. h3 has two sets, one for answers and one for
 * errors, and chooses when it answers; so both get all headers.
 */
function headersOf({ res }: H3Event, value: unknown): SessionResponse {
  const { headers: own } = (value ?? {}) as { headers?: Headers };
  return {
    get: (name) =>
      res.headers.get(name) ?? (typeof own?.getSetCookie === "function" ? own.get(name) : null) ?? undefined,
    set(name, text) {
      for (const headers of setsOf(res)) headers.set(name, text);
    },
    /** h3 adds cookies to the value's own; any other header would replace the value's own. */
    append(name, text) {
      const present = name !== "set-cookie" && typeof own?.getSetCookie === "function" ? own.get(name) : null;
      for (const headers of setsOf(res)) {
        if (present && !headers.has(name)) headers.set(name, present);
        headers.append(name, text);
      }
    },
  };
}

/** The release candidates of h3 2, which Nitro 3.0 uses, have no second set, and errors lose the first. */
function setsOf({ headers, errHeaders }: { headers: Headers; errHeaders?: Headers }): readonly Headers[] {
  return errHeaders === undefined ? [headers] : [headers, errHeaders];
}

/** The status that h3 will answer with. Only a value that is branded as a response has one; other values are bodies. */
function statusOf(value: unknown, isThrown: boolean, { res }: H3Event): number {
  const { status, statusCode } = (value ?? {}) as { status?: number; statusCode?: number };
  if (value === NOT_FOUND) return 404;
  if (typeof value === "number" && isThrown) return value;
  if (value instanceof Error) return Number(status ?? statusCode ?? 500);
  if (isThrown) return 500;
  return (isAnswer(value) ? status : undefined) ?? res.status ?? 200;
}

function isAnswer(value: unknown): value is { readonly body?: unknown } {
  if (isResponse(value)) return value.type !== "error";
  const { [HTTP_RESPONSE]: hasBrand, headers } = (value ?? {}) as Branded;
  return hasBrand ?? (typeof headers?.getSetCookie === "function" && isOfAClass(value));
}

/** h3 makes the headers of `redirect` when they are first read, and fails there when the location cannot be one. */
function withHeaders(outcome: Outcome<unknown>): Outcome<unknown> {
  try {
    isAnswer(outcome[0]);
    return outcome;
  } catch (error) {
    return [error, true];
  }
}

/** Responses of the release candidates have no brand, and a class whose name bundlers change. */
function isOfAClass(value: unknown): boolean {
  return !(value instanceof Error) && Object.getPrototypeOf(value) !== Object.prototype;
}

/**
 * Whether h3 will make JSON of the session. It does so after the headers are settled, so they must account for it
 * before.
 */
function shows(value: unknown, session: unknown): boolean {
  if (value === session) return true;
  const isPlain = typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
  return isPlain && Object.values(value).includes(session);
}

/** Brands of the value for a missing route, and of the results of h3's helpers such as `redirect`. */
const NOT_FOUND = Symbol.for("h3.notFound");
const HTTP_RESPONSE = Symbol.for("h3.HTTPResponse");

interface Branded {
  readonly [HTTP_RESPONSE]?: boolean;
  readonly headers?: Partial<Headers>;
}

/**
 * An error of the library in the shape of h3's own: an application's `onError` sees its status, with the error itself
 * as the `cause`, and without an `onError` the client gets the answer. Any other value is returned as it is.
 */
function toHttpError(error: unknown, session: SessileSession): unknown {
  const answer = answerTo(error, session);
  if (answer === null) return error;
  const { status, headers, body } = answer;
  const shape = { name: "HTTPError", status, headers: new Headers(headers), toJSON: () => JSON.parse(body) };
  return Object.assign(new Error((error as Error).message, { cause: error }), shape);
}
