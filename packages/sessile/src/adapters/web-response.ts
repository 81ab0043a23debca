// Answers as a `Response`. Knows no framework.

import { type Answer, answerTo } from "./answer.ts";

export function toResponse({ status, headers, body }: Answer): Response {
  return new Response(body, { status, headers });
}

/** The answer to `error`. What is not the library's, or a mistake of the program, is thrown again: the framework is to show it. */
export function responseTo(error: unknown): Response {
  const answer = answerTo(error);
  if (answer === null) throw error;
  return toResponse(answer);
}
