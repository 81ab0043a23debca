// Limits and headers that hold for every connection and every answer of the server.

import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { FastifyInstance } from "fastify";

/**
 * No answer of this server may be framed, sniffed, embedded or named in a referrer (ASVS 3.2.1, 3.4.3–3.4.6, 3.5.8).
 */
export const SECURITY_HEADERS = {
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
} as const;

/** A year, as browsers' preload lists demand (ASVS 3.4.1). */
const HSTS = "max-age=31536000; includeSubDomains";

export interface HttpLimits {
  readonly bodyLimit: number;
  /** The longest time without a byte in either direction. Ends clients that send requests and never read. */
  readonly connectionTimeout: number;
  readonly requestTimeout: number;
  readonly keepAliveTimeout: number;
  readonly maxRequestsPerSocket: number;
  readonly http: {
    readonly headersTimeout: number;
    readonly maxHeaderSize: number;
    readonly connectionsCheckingInterval: number;
  };
}

/**
 * Every limit of `node:http` that matters, since its defaults differ between releases of Node (ASVS 13.1.3, 15.2.2).
 * Milliseconds and bytes. Timeouts are checked every `connectionsCheckingInterval`.
 */
export const HTTP_LIMITS: HttpLimits = {
  bodyLimit: 16 * 1024,
  connectionTimeout: 60_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 65_000,
  maxRequestsPerSocket: 10_000,
  http: { headersTimeout: 10_000, maxHeaderSize: 16 * 1024, connectionsCheckingInterval: 5_000 },
};

const MAX_CONNECTIONS = 10_000;
/** Node silently drops further ones, even the client's address, which proxies append; so more are refused. */
const MAX_HEADERS = 100;

/** Sets the limits that are no options, and the headers of every answer, errors included. */
export function harden(app: FastifyInstance): void {
  app.server.maxConnections = MAX_CONNECTIONS;
  app.server.maxHeadersCount = MAX_HEADERS + 1;
  app.addHook("onRequest", async ({ raw, isHttps }, reply) => {
    reply.headers(SECURITY_HEADERS);
    if (isHttps) reply.header("strict-transport-security", HSTS);
    if (raw.rawHeaders.length > 2 * MAX_HEADERS) return reply.code(431).send({ detail: STATUS_CODES[431] });
    if (!hasOneHost(raw)) return reply.code(400).header("connection", "close").send({ detail: STATUS_CODES[400] });
    return undefined;
  });
}

/**
 * RFC 9112 §3.2: a request of HTTP/1.1 has exactly one `Host`. With two, a proxy in front and this server could each
 * use another.
 */
function hasOneHost({ rawHeaders, httpVersion }: IncomingMessage): boolean {
  const hosts = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === "host").length;
  return hosts === 1 || (hosts === 0 && httpVersion === "1.0");
}
