// Fastify's reply, as far as other hands must change it: its headers, its whole answer, and what it will send. Knows no session.

import type { SessionError } from "../core/errors.ts";
import { type Answer, answerTo, describesBody } from "./answer.ts";

/** As much of a reply as is needed, whatever server it belongs to. */
export interface AnyReply {
  code(status: number): unknown;
  headers(headers: Readonly<Record<string, string | string[]>>): unknown;
  getHeaders(): object;
  removeHeader(name: string): unknown;
  send(payload: string): unknown;
}

/** Gives the reply the status and headers of `answer`, and its body to the caller. */
export function prepare(reply: AnyReply, { status, headers, cookies, body }: Answer): string {
  for (const name of Object.keys(reply.getHeaders())) if (describesBody(name)) reply.removeHeader(name);
  reply.code(status);
  reply.headers(cookies.length === 0 ? headers : { ...headers, "set-cookie": [...cookies] });
  return body;
}

/** Sends the answer to `error`. What is not the library's, or a mistake of the program, is thrown again: Fastify is to show it. */
export function refuse(reply: AnyReply, error: unknown): unknown {
  const answer = answerTo(error);
  if (answer === null) throw error;
  return reply.send(prepare(reply, answer));
}

/**
 * Whether `payload` is what Fastify itself makes of an error that no error handler answered. Only then the answer is ours:
 * an application's `setErrorHandler` has the last word, also on the errors of this library.
 */
export function isFastifysOwn(payload: unknown, error: SessionError): boolean {
  if (typeof payload !== "string" || !payload.startsWith('{"statusCode":')) return false;
  const { code, message } = JSON.parse(payload) as { code?: unknown; message?: unknown };
  return code === error.code && message === error.message;
}
