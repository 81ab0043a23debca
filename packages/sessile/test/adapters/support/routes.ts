// Finds and answers the route of a request, for servers without a router of their own.

import type { SuiteAnswer, SuiteRoute } from "sessile/testing";

/** HEAD goes where GET goes. */
export function routeOf(routes: readonly SuiteRoute[], method = "GET", url = "/"): SuiteRoute | undefined {
  const path = url.split("?", 1)[0];
  return routes.find((route) => route.path === path && route.method === (method === "HEAD" ? "GET" : method));
}

/** The route's guard, then its handler: for frameworks whose guards are functions that the handler calls. */
export async function answerOf(route: SuiteRoute, exchange: Parameters<SuiteRoute["answer"]>[0]): Promise<SuiteAnswer> {
  return (await route.guard?.(exchange)) ?? route.answer(exchange);
}
