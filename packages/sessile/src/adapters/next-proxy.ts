// The session's cookie on its way from the proxy of Next.js to what answers the same request: a route handler that did
// not find the session there would begin another one.

import { replaceCookies } from "./cookie-pairs.ts";

/**
 * How `NextResponse.next({ request: { headers } })` hands headers on: all that the request has from then on, and their
 * values.
 */
const NAMES = "x-middleware-override-headers";
const VALUE = "x-middleware-request-";

/** Puts `cookies` into the request that `response` lets go on; any other response stays as it is. */
export function passCookiesOn(request: Request, { headers }: Response, cookies: ReadonlyMap<string, string>): void {
  if (cookies.size === 0 || !goesOn(request, headers)) return;
  if (!headers.has(NAMES)) {
    for (const [name, value] of request.headers) headers.set(VALUE + name, value);
    headers.set(NAMES, [...request.headers.keys()].join(","));
  }
  const names = (headers.get(NAMES) ?? "").split(",").filter((name) => name !== "" && name !== "cookie");
  headers.set(NAMES, [...names, "cookie"].join(","));
  headers.set(`${VALUE}cookie`, replaceCookies(headers.get(`${VALUE}cookie`) ?? "", cookies));
}

/** To another origin Next.js would send the new token, too. */
function goesOn(request: Request, headers: Headers): boolean {
  const rewrite = headers.get("x-middleware-rewrite");
  if (rewrite === null) return headers.get("x-middleware-next") === "1";
  return new URL(rewrite, request.url).origin === new URL(request.url).origin;
}
