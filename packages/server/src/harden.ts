// What every answer and every connection of the server is bound by. Knows no route.

import type { FastifyInstance } from "fastify";

/** Nothing this server answers is to be framed, sniffed, embedded or referred from (ASVS 3.2.1, 3.4.3–3.4.6, 3.5.8). */
const HEADERS = {
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
} as const;

/**
 * Every limit of `node:http` that matters is said here, because its defaults differ between releases of Node (ASVS 13.1.3,
 * 15.2.2). Milliseconds and bytes. Timeouts are looked at every `connectionsCheckingInterval`.
 */
export const HTTP_LIMITS = {
  bodyLimit: 16 * 1024,
  requestTimeout: 30_000,
  keepAliveTimeout: 65_000,
  maxRequestsPerSocket: 10_000,
  http: { headersTimeout: 10_000, maxHeaderSize: 16 * 1024, connectionsCheckingInterval: 5_000 },
} as const;

const MAX_CONNECTIONS = 10_000;
const MAX_HEADERS = 100;

/** Sets the limits that are no options, and the headers of every answer, errors included. */
export function harden(app: FastifyInstance): void {
  app.server.maxConnections = MAX_CONNECTIONS;
  app.server.maxHeadersCount = MAX_HEADERS;
  app.addHook("onRequest", async (_request, reply) => {
    reply.headers(HEADERS);
  });
}
