// Sessions for everything that maps a `Request` to a `Response`. Translates, and decides nothing.

import type { OpenSession, SessionManager } from "../core/manager.ts";
import type { DefaultData, Session, SignedInSession } from "../core/session.ts";
import { type Answer, answerTo, FAILURE, type GuardOptions, notSignedIn } from "./answer.ts";
import { HeaderChanges, isTaken } from "./header-changes.ts";
import { discard } from "./payload.ts";
import { WebRequest } from "./web-request.ts";
import { RETURNED_BEFORE, toResponse } from "./web-response.ts";

export type { GuardOptions } from "./answer.ts";

/** Answers a request that comes with its session; `rest` is whatever else the platform passes. */
export type SessionHandler<Data extends object = DefaultData, Rest extends readonly unknown[] = []> = (
  request: Request,
  session: Session<Data>,
  ...rest: Rest
) => Response | Promise<Response>;

/** The same, when somebody is signed in. */
export type SignedInHandler<Data extends object = DefaultData, Rest extends readonly unknown[] = []> = (
  request: Request,
  session: SignedInSession<Data>,
  ...rest: Rest
) => Response | Promise<Response>;

export interface WithSessionOptions {
  /** Hears of what a handler throws; the client is told `Internal Server Error`. Default `console.error`. */
  readonly onError?: (error: unknown) => void;
}

/**
 * A fetch handler that opens the session, calls `handler`, and settles the session before it gives the response back. The
 * body of the response is not touched. A handler that throws makes a 500 that keeps nothing.
 */
export function withSession<Data extends object, Rest extends readonly unknown[] = []>(
  manager: SessionManager<Data>,
  handler: SessionHandler<Data, Rest>,
  { onError = console.error }: WithSessionOptions = {},
): (request: Request, ...rest: Rest) => Promise<Response> {
  return async (request, ...rest) => {
    let opened: OpenSession<Data> | undefined;
    let response: Response | undefined;
    const answer = (error: unknown): Response =>
      toResponse(answerTo(error, opened?.session) ?? failure(error, onError));
    try {
      opened = await manager.open(new WebRequest(request));
      response = checkResponse(await handler(request, opened.session, ...rest));
    } catch (error) {
      response = answer(error);
    }
    const headers = new HeaderChanges(response.headers);
    try {
      await opened?.commit(response.status, headers);
    } catch (error) {
      discard(response.body);
      response = answer(error);
    }
    return headers.applyTo(response);
  };
}

/** Lets a handler answer signed-in users only; everybody else gets a 401. */
export function requireSession<Data extends object = DefaultData, Rest extends readonly unknown[] = []>(
  handler: SignedInHandler<Data, Rest>,
  { detail }: GuardOptions = {},
): SessionHandler<Data, Rest> {
  return (request, session, ...rest) =>
    session.isSignedIn() ? handler(request, session, ...rest) : toResponse(notSignedIn(session, detail));
}

function checkResponse(response: Response): Response {
  if (isTaken(response)) throw new TypeError(RETURNED_BEFORE);
  if (typeof response?.status === "number" && typeof response.headers?.append === "function") return response;
  throw new TypeError("The handler must return a `Response`.");
}

function failure(error: unknown, onError: (error: unknown) => void): Answer {
  onError(error);
  return FAILURE;
}
