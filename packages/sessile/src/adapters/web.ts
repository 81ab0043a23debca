// Sessions for everything that maps a `Request` to a `Response`. Translates, and decides nothing.

import type { OpenSession, SessionManager } from "../core/manager.ts";
import type { DefaultData, Session, SignedInSession } from "../core/session.ts";
import type { SessionRequest, SessionResponse } from "../core/transport.ts";
import { type Answer, answerTo, FAILURE, type GuardOptions, notSignedIn } from "./answer.ts";
import { toResponse } from "./web-response.ts";

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
    const headers = new HeaderChanges();
    const answer = (error: unknown): Response =>
      toResponse(answerTo(error, opened?.session) ?? failure(error, onError));
    try {
      opened = await manager.open(new WebRequest(request));
      response = checkResponse(await handler(request, opened.session, ...rest));
    } catch (error) {
      response = answer(error);
    }
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

class WebRequest implements SessionRequest {
  readonly #request: Request;

  constructor(request: Request) {
    this.#request = request;
  }

  get method(): string {
    return this.#request.method.toUpperCase();
  }

  get path(): string {
    return new URL(this.#request.url).pathname;
  }

  /** Some platforms keep the host out of the headers; then it is in the URL. */
  header(name: string): string | undefined {
    return this.#request.headers.get(name) ?? (name === "host" ? new URL(this.#request.url).host : undefined);
  }
}

class HeaderChanges implements SessionResponse {
  readonly #changes: ((headers: Headers) => void)[] = [];

  set(name: string, value: string): void {
    this.#changes.push((headers) => headers.set(name, value));
  }

  append(name: string, value: string): void {
    this.#changes.push((headers) => headers.append(name, value));
  }

  /**
   * The response with the changes. A copy where its headers cannot be changed, as with the results of `fetch`; and where it
   * has no body, because only such a response can be kept and returned for several requests, and would then carry the cookie
   * of one user to the next.
   */
  applyTo(response: Response): Response {
    if (this.#changes.length === 0) return response;
    const isItsOwn = response.body !== null || response.status < 200;
    if (isItsOwn && this.#change(response)) return response;
    const { status, statusText, headers } = response;
    const copy = new Response(response.body, { status, statusText, headers: new Headers(headers) });
    this.#change(copy);
    return copy;
  }

  #change({ headers }: Response): boolean {
    try {
      for (const change of this.#changes) change(headers);
      return true;
    } catch {
      return false;
    }
  }
}

/** By shape: platforms replace the global `Response`, and `instanceof` then refuses what `fetch` gives. */
function checkResponse(response: Response): Response {
  if (typeof response?.status === "number" && typeof response.headers?.append === "function") return response;
  throw new TypeError("The handler must return a `Response`.");
}

function failure(error: unknown, onError: (error: unknown) => void): Answer {
  onError(error);
  return FAILURE;
}

function discard(body: ReadableStream | null): void {
  body?.cancel().catch(() => {});
}
