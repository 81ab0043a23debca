// `GET /health/live` and `GET /health/ready`, for supervisors and load balancers. They need no session and reveal
// nothing internal.

import type { FastifyInstance } from "fastify";
import { detail } from "../http/answers.ts";
import { answer } from "../http/schema.ts";
import type { Readiness } from "../store/readiness.ts";

const COMMON = { tags: ["operations"], security: [] };

const LIVE = {
  ...COMMON,
  operationId: "isLive",
  summary: "Whether the process answers",
  response: { 200: status("it answers; the store is not asked") },
};

const READY = {
  ...COMMON,
  operationId: "isReady",
  summary: "Whether the server is ready for requests",
  response: {
    200: status("it is ready"),
    503: detail(
      "the server is stopping, its store does not answer within a second, or the file of its users was removed or exchanged",
    ),
  },
};

export function healthRoutes(app: FastifyInstance, readiness: Readiness): void {
  app.get("/health/live", { schema: LIVE }, async () => ({ status: "live" }));
  app.get("/health/ready", { schema: READY }, async (_request, reply) => {
    const problem = await readiness.problem();
    reply.header("cache-control", "no-store");
    return problem === null ? { status: "ready" } : reply.code(503).send({ detail: problem });
  });
}

function status(description: string) {
  return answer(description, { status: { type: "string" } });
}
