// The token in `Authorization: Bearer` (RFC 6750). Knows no adapter.

import { checkNames } from "../core/options.ts";
import type { SessionTransport } from "../core/transport.ts";
import { trimBlanks } from "./distinct.ts";
import { checkHeaderName } from "./header.ts";

/** Scheme in any case, one space, one token of RFC 6750's alphabet. */
const BEARER = /^bearer ([A-Za-z0-9\-._~+/]+=*)$/i;
const SCHEME = /^bearer(?: |$)/i;

/**
 * Reads the token from `Authorization: Bearer`. Other schemes are not looked at. HTTP has no header to hand a bearer token
 * out, so new ones leave in `responseHeader`, `X-Session-Token` unless named otherwise.
 */
export function bearerTransport(options: { readonly responseHeader?: string } = {}): SessionTransport {
  checkNames(options, new Set(["responseHeader"]), "");
  const { responseHeader = "X-Session-Token" } = options;
  const header = checkHeaderName("responseHeader", responseHeader);
  return Object.freeze({
    name: "bearer",
    requestHeader: "Authorization",
    read: (request) => readBearer(request.header("authorization")),
    issue: (token, _maxAge, response) => response.set(header, token),
    clear: () => {},
  } satisfies SessionTransport);
}

/**
 * The presented tokens. A malformed bearer credential still counts as presented, as text that no token can be; two whole
 * credentials in one header are two.
 */
function readBearer(value: string | undefined): readonly string[] {
  if (value === undefined || !SCHEME.test(value)) return NONE;
  if (!value.includes(",")) return [tokenOf(value)];
  const parts = value.split(",").map(trimBlanks);
  return parts.every((part) => SCHEME.test(part)) ? [...new Set(parts.map(tokenOf))] : [MALFORMED];
}

const NONE: readonly string[] = Object.freeze([]);
const MALFORMED = "malformed";

function tokenOf(credential: string): string {
  return BEARER.exec(credential)?.[1] ?? MALFORMED;
}
