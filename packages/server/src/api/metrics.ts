// `GET /metrics`: with an API key of the scope `metrics:read` beside the other routes, without a key on an address of
// its own.

import type { FastifyInstance, RouteShorthandOptions } from "fastify";
import { KEY_ANSWERS, postponed } from "../http/answers.ts";
import type { Exposition } from "../http/metrics/exposition.ts";
import { PROMETHEUS_TYPE } from "../http/metrics/prometheus-text.ts";
import { admit, type GuardParts, readKey } from "../identity/keys/key-guard.ts";

const SCHEMA = {
  operationId: "readMetrics",
  summary: "Read the server's figures in Prometheus' text format",
  description: "The key may also come as `Authorization: Bearer`, which every release of Prometheus can send.",
  tags: ["operations"],
  security: [{ apiKey: [] }],
  response: {
    200: { description: "the figures", content: { "text/plain": { schema: { type: "string" } } } },
    ...KEY_ANSWERS,
    503: postponed("the keys cannot be read"),
  },
};

export function metricsRoute(app: FastifyInstance, parts: GuardParts & { readonly exposition: Exposition }): void {
  app.register(async (scope) => {
    scope.addHook("onRequest", async (request, reply) => {
      reply.header("cache-control", "no-store");
      await admit(parts, request, readKey(request) ?? bearer(request.headers.authorization));
    });
    figures(scope, parts.exposition, { schema: SCHEMA, config: { scope: "metrics:read" as const } });
  });
}

export function publicMetricsRoute(app: FastifyInstance, exposition: Exposition): void {
  figures(app, exposition, {});
}

function figures(app: FastifyInstance, exposition: Exposition, options: RouteShorthandOptions): void {
  app.get("/metrics", options, async (_request, reply) =>
    reply
      .header("cache-control", "no-store")
      .header("content-type", PROMETHEUS_TYPE)
      .send(await exposition.text()),
  );
}

function bearer(authorization: string | undefined): string | null {
  return /^bearer (\S+)$/i.exec(authorization ?? "")?.[1] ?? null;
}
