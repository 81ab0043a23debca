// Answers of the library as a `Response`, and responses that cannot be sent.

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
 * The answer to `error`. What is not the library's, or a mistake of the program, is thrown again: the framework is to
 * show it.
 */
export function responseTo(error: unknown): Response {
  const answer = answerTo(error);
  if (answer === null) throw error;
  return toResponse(answer);
}

/**
 * `value`; throws when it is `Response.error()`. Its status, 0, is looked at first: reading `type` makes
 * @hono/node-server stream the body, which a response that is returned again has only once.
 */
export function sendable<T>(value: T): T {
  if (isResponse(value) && value.status === 0 && value.type === "error") throw new TypeError(UNSENDABLE);
  return value;
}

/**
 * Nobody can copy one whose body was sent, and in it a token would stay: only an application that keeps its responses
 * has such a one.
 */
export function checkUnused({ bodyUsed }: Response): void {
  if (bodyUsed) throw new TypeError(RETURNED_BEFORE);
}
