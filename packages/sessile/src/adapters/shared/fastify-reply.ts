// Changes of Fastify's reply: a whole answer in place of the route's.

import type { SessionError } from "../../core/errors.ts";
import { type Answer, describesBody } from "./answer.ts";

/** The part of a reply that is needed, for every kind of server. */
export interface AnyReply {
  code(status: number): unknown;
  headers(headers: Readonly<Record<string, string | string[]>>): unknown;
  getHeaders(): object;
  removeHeader(name: string): unknown;
  send(payload: string): unknown;
}

/** Sets the status and headers of `answer` on the reply, and returns its body. */
export function prepare(reply: AnyReply, { status, headers, cookies, body }: Answer): string {
  for (const name of Object.keys(reply.getHeaders())) if (describesBody(name)) reply.removeHeader(name);
  reply.code(status);
  reply.headers(cookies.length === 0 ? headers : { ...headers, "set-cookie": [...cookies] });
  return body;
}

/**
 * Whether `payload` is Fastify's own answer to an error that no error handler answered. Only then it is replaced: the
 * application's `setErrorHandler` has the last word, also on the errors of this library.
 */
export function isFastifysOwn(payload: unknown, error: SessionError): boolean {
  if (typeof payload !== "string" || !payload.startsWith('{"statusCode":')) return false;
  const { code, message } = JSON.parse(payload) as { code?: unknown; message?: unknown };
  return code === error.code && message === error.message;
}
