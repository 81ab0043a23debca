// The token in a request header of its own. Knows no adapter.

import { SessionError } from "../core/errors.ts";
import type { SessionTransport } from "../core/transport.ts";
import { distinct } from "./distinct.ts";

/**
 * Reads the token from a header, `X-Session-Token` unless named otherwise, and hands new ones out in the response header of
 * that name. A browser sends such a header only for a program of the same origin, so it needs no cross-site check.
 */
export function headerTransport({ name = "X-Session-Token" }: { readonly name?: string } = {}): SessionTransport {
  const header = checkHeaderName(name);
  return Object.freeze({
    name: "header",
    requestHeader: name,
    read: (request) => distinct(request.header(header)),
    issue: (token, _maxAge, response) => response.set(header, token),
    clear: () => {},
  } satisfies SessionTransport);
}

/** The lower-case form of a usable header name. Throws `ERR_SESSION_OPTION` for any other. */
export function checkHeaderName(name: string): string {
  const lower = typeof name === "string" ? name.toLowerCase() : "";
  const isTaken = lower === "cookie" || lower === "authorization" || lower === "set-cookie";
  if (/^[a-z0-9!#$%&'*+.^_`|~-]{1,64}$/.test(lower) && !isTaken) return lower;
  throw new SessionError("ERR_SESSION_OPTION", "`name` must be a header name (RFC 9110) other than `Cookie` and `Authorization`.");
}
