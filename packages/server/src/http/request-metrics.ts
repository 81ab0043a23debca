// Counts and times the answers by route and status.

import type { FastifyInstance } from "fastify";
import type { Metrics } from "./metrics/metrics.ts";

export function countRequests(app: FastifyInstance, metrics: Metrics): void {
  app.addHook("onResponse", async ({ method, routeOptions, is404 }, { statusCode, elapsedTime }) => {
    // The pattern of the route, never the path: paths may hold anything, and their number is unbounded.
    const isNone = is404 || statusCode === 405 || routeOptions.url === undefined;
    const route = isNone ? "none" : `${method} ${routeOptions.url}`;
    metrics.count("sessile_http_requests_total", String(statusCode));
    metrics.observe("sessile_http_duration_seconds", route, elapsedTime / 1000);
  });
}
