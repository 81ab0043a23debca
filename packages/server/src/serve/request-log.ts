// What the log hears of every request: one line at `debug`, without anything that could be a credential, and the invalid tokens.

import type { FastifyInstance } from "fastify";
import type { InvalidTokens } from "../http/log/invalid-tokens.ts";
import { KEY_CHALLENGE } from "../identity/keys/key-guard.ts";

export function logRequests(app: FastifyInstance): void {
  app.addHook("onResponse", async ({ method, url, log }, { statusCode, elapsedTime }) => {
    log.debug({ method, path: withoutQuery(url), statusCode, ms: Math.round(elapsedTime * 10) / 10 }, "request");
  });
}

/** Counts the answers that tell a client its token is good for nothing (RFC 6750 §3.1). */
export function noticeInvalidTokens(app: FastifyInstance, tokens: InvalidTokens): void {
  app.addHook("onResponse", async (request, reply) => {
    if (reply.getHeader("www-authenticate") === 'Bearer error="invalid_token"') tokens.count(request.clientAddress);
  });
}

/** The same of API keys. */
export function noticeInvalidKeys(app: FastifyInstance, keys: InvalidTokens): void {
  app.addHook("onResponse", async (request, reply) => {
    if (reply.getHeader("www-authenticate") === KEY_CHALLENGE) keys.count(request.clientAddress);
  });
}

/** The log cuts out what looks like a token; a query might hold anything. */
function withoutQuery(url: string): string {
  return (url.split("?", 1)[0] as string).slice(0, 200);
}
