// The log of requests, one line each at `debug`, without anything that could be a credential; and the count of invalid
// tokens.

import type { FastifyInstance } from "fastify";
import type { InvalidTokens } from "../http/log/invalid-tokens.ts";

export function logRequests(app: FastifyInstance): void {
  app.addHook("onResponse", async ({ method, url, log }, { statusCode, elapsedTime }) => {
    log.debug({ method, path: withoutQuery(url), statusCode, ms: Math.round(elapsedTime * 10) / 10 }, "request");
  });
}

/** Counts answers that refuse the client's token for good (RFC 6750 §3.1), or with another challenge its API key. */
export function noticeInvalid(
  app: FastifyInstance,
  tokens: InvalidTokens,
  challenge = 'Bearer error="invalid_token"',
): void {
  app.addHook("onResponse", async (request, reply) => {
    if (reply.getHeader("www-authenticate") === challenge) tokens.count(request.clientAddress);
  });
}

/** The log removes texts that look like a token, but a query may hold any other secret. */
function withoutQuery(url: string): string {
  return (url.split("?", 1)[0] as string).slice(0, 200);
}
