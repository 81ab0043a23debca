// The session's cookie on its way from the proxy of Next.js to the route handler of the same request, which would begin
// another session without it.

import { replaceCookies } from "./cookie-pairs.ts";

/**
 * The headers by which `NextResponse.next({ request: { headers } })` passes on all request headers: their names, and
 * values.
 */
const NAMES = "x-middleware-override-headers";
const VALUE = "x-middleware-request-";

/** Puts `cookies` into the request if `response` passes it on; any other response stays unchanged. */
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

/** Not to another origin: Next.js would send the new token there too. */
function goesOn(request: Request, headers: Headers): boolean {
  const rewrite = headers.get("x-middleware-rewrite");
  if (rewrite === null) return headers.get("x-middleware-next") === "1";
  return new URL(rewrite, request.url).origin === new URL(request.url).origin;
}
