// Finds the route of a request, for servers without a router. HEAD goes where GET goes.

import type { SuiteRoute } from "sessile/testing";

export function routeOf(routes: readonly SuiteRoute[], method = "GET", url = "/"): SuiteRoute | undefined {
  const path = url.split("?", 1)[0];
  return routes.find((route) => route.path === path && route.method === (method === "HEAD" ? "GET" : method));
}
