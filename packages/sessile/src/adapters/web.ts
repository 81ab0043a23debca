// The adapter for every host that maps a `Request` to a `Response`.

import type { OpenSession, SessionManager } from "../core/manager.ts";
import type { Session, SessionData } from "../core/session.ts";
import { type Answer, answerTo, FAILURE } from "./shared/answer.ts";
import { HeaderChanges, isTaken } from "./shared/header-changes.ts";
import { passCookiesOn } from "./shared/next-proxy.ts";
import { answerToThrown, discard, settleWithoutHeaders } from "./shared/outcome.ts";
import { RETURNED_BEFORE, toResponse, UNSENDABLE, WebRequest } from "./shared/web-exchange.ts";
import { checkManager, checkOnError } from "./shared/wiring.ts";

/** Answers a request with its session; `rest` are further arguments of the platform. */
export type SessionHandler<Data extends object = SessionData, Rest extends readonly unknown[] = []> = (
  request: Request,
  session: Session<Data>,
  ...rest: Rest
) => Response | Promise<Response>;

/** Options of `withSession`. */
export interface WithSessionOptions {
  /** Called with errors of handlers that become a 500. Default `console.error`. */
  readonly onError?: (error: unknown) => void;
}

/**
 * A fetch handler that opens the session, calls `handler`, and settles the session before it returns the response. The
 * body of the response is not touched.
 *
 * A `Response` that the handler throws is the response, and so are `redirect()` and `notFound()` of Next.js and
 * `redirect()` of SvelteKit. Errors that only the framework can answer, such as `error()` of SvelteKit, are thrown
 * again; below 500 they keep the changes, except a session that would need a new token. Every other error becomes a 500
 * that keeps nothing.
 */
export function withSession<Data extends object, Rest extends readonly unknown[] = []>(
  manager: SessionManager<Data>,
  handler: SessionHandler<Data, Rest>,
  options: WithSessionOptions = {},
): (request: Request, ...rest: Rest) => Promise<Response> {
  checkManager(manager, "withSession(manager, handler)");
  checkOnError(options);
  const { onError = console.error } = options;
  return async (request, ...rest) => {
    let opened: OpenSession<Data> | undefined;
    let response: Response | undefined;
    const answer = (error: unknown): Response =>
      toResponse(answerTo(error, opened?.session) ?? failure(error, onError));
    try {
      opened = await manager.open(new WebRequest(request, true));
      response = await handler(request, opened.session, ...rest);
      const mistake = mistakeIn(response, request, opened);
      if (mistake !== null) throw new TypeError(mistake);
    } catch (error) {
      const thrown = answerToThrown(error);
      if (typeof thrown === "number") {
        const failed = opened && (await settleWithoutHeaders(opened, thrown).catch(answer));
        if (failed === undefined) throw error;
        return failed;
      }
      response = thrown === null || mistakeIn(thrown, request, opened) !== null ? answer(error) : thrown;
    }
    const headers = new HeaderChanges(request, response.headers);
    try {
      await opened?.commit(response.status, headers);
    } catch (error) {
      discard(response.body);
      response = answer(error);
    }
    const changed = headers.applyTo(response);
    passCookiesOn(request, changed, headers.cookies);
    return changed;
  };
}

/** The reason why `response` cannot be sent, or not with what the session has to write; `null` if it can. */
function mistakeIn(response: Response, request: Request, opened?: { readonly mustWait: boolean }): string | null {
  if (typeof response?.status !== "number" || typeof response.headers?.append !== "function")
    return "The handler must return a `Response`.";
  if (response.type === "error") return UNSENDABLE;
  return isTaken(response, request) || (opened?.mustWait && response.bodyUsed) ? RETURNED_BEFORE : null;
}

function failure(error: unknown, onError: (error: unknown) => void): Answer {
  onError(error);
  return FAILURE;
}
