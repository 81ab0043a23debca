// A `Request` in the form that the core needs, and answers of the library as a `Response`.

import type { SessionRequest } from "../../core/transport.ts";
import { type Answer, answerTo } from "./answer.ts";
import { isResponse } from "./outcome.ts";

export class WebRequest implements SessionRequest {
  readonly mayFreeze: boolean;
  readonly #request: Request;

  constructor(request: Request, mayFreeze = false) {
    this.#request = request;
    this.mayFreeze = mayFreeze;
  }

  /** Compared with `GET` first, which is cheaper than upper case. */
  get method(): string {
    return this.#request.method === "GET" ? "GET" : this.#request.method.toUpperCase();
  }

  /** The path that the client sent, independent of mounting. */
  get path(): string {
    return new URL(this.#request.url).pathname;
  }

  /** The host comes from the URL on platforms that leave it out of the headers. */
  header(name: string): string | undefined {
    return this.#request.headers.get(name) ?? (name === "host" ? new URL(this.#request.url).host : undefined);
  }
}

export const RETURNED_BEFORE =
  "The response was returned before, so it cannot carry a session. Make a new one for each request.";

export const UNSENDABLE = "No server can send `Response.error()`.";

export function toResponse({ status, headers, cookies, body }: Answer): Response {
  const lines = cookies.map((line): [string, string] => ["set-cookie", line]);
  return new Response(body, { status, headers: [...Object.entries(headers), ...lines] });
}

/**
 * The answer to `error`. Throws errors of others, and mistakes of the program, again: they are for the framework to
 * show.
 */
export function responseTo(error: unknown): Response {
  const answer = answerTo(error);
  if (answer === null) throw error;
  return toResponse(answer);
}

/**
 * `value`; throws if it is `Response.error()`, or if its body was read and the session has something to write, which a
 * response that fails must not keep. The status, 0, is compared first, and `bodyUsed` only then: reading `type` or
 * `bodyUsed` makes @hono/node-server stream the body, which a response that is returned again has only once.
 */
export function sendable<T>(value: T, isWriting: boolean): T {
  if (!isResponse(value)) return value;
  if (value.status === 0 && value.type === "error") throw new TypeError(UNSENDABLE);
  if (isWriting) checkUnused(value);
  return value;
}

/**
 * Throws for a response whose body was sent: it cannot be copied, and a token would stay in it for the next request.
 */
export function checkUnused({ bodyUsed }: Response): void {
  if (bodyUsed) throw new TypeError(RETURNED_BEFORE);
}
