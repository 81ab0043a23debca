// Answers of the library as a `Response`, and checks for responses that cannot be sent.

import { type Answer, answerTo } from "./answer.ts";
import { isResponse } from "./payload.ts";

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
 * `value`; throws if it is `Response.error()`. The status, 0, is compared first: reading `type` makes @hono/node-server
 * stream the body, which a response that is returned again has only once.
 */
export function sendable<T>(value: T): T {
  if (isResponse(value) && value.status === 0 && value.type === "error") throw new TypeError(UNSENDABLE);
  return value;
}

/**
 * Throws for a response whose body was sent: it cannot be copied, and a token would stay in it for the next request.
 */
export function checkUnused({ bodyUsed }: Response): void {
  if (bodyUsed) throw new TypeError(RETURNED_BEFORE);
}
