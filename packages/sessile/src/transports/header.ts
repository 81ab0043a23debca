// The token in a request header of its own. Knows no adapter.

import { checkNames, wrong } from "../core/options.ts";
import type { SessionTransport } from "../core/transport.ts";
import { distinct } from "./distinct.ts";

/**
 * Reads the token from a header, `X-Session-Token` unless named otherwise, and hands new ones out in the response header of
 * that name. A browser sends such a header only for a program of the same origin, so it needs no cross-site check.
 */
export function headerTransport(options: { readonly name?: string } = {}): SessionTransport {
  checkNames(options, new Set(["name"]), "");
  const { name = "X-Session-Token" } = options;
  const header = checkHeaderName("name", name);
  return Object.freeze({
    name: "header",
    requestHeader: name,
    read: (request) => distinct(request.header(header)),
    issue: (token, _maxAge, response) => response.set(header, token),
    clear: () => {},
  } satisfies SessionTransport);
}

/** The lower-case form of a usable header name. Throws `ERR_SESSION_OPTION` for any other. */
export function checkHeaderName(option: string, name: string): string {
  const lower = typeof name === "string" ? name.toLowerCase() : "";
  const isTaken = lower === "cookie" || lower === "authorization" || lower === "set-cookie";
  if (/^[a-z0-9!#$%&'*+.^_`|~-]{1,64}$/.test(lower) && !isTaken) return lower;
  throw wrong(option, "a header name (RFC 9110) other than `Cookie` and `Authorization`");
}
