// The check whether a client accepts gzip (RFC 9110, 12.5.3).

import type { FastifyRequest } from "fastify";

/** False where `gzip` is not named, or refused by `q=0`. */
export function acceptsGzip({ headers }: FastifyRequest): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|$))/.test(headers["accept-encoding"] ?? "");
}
