// `GET /health/live` and `GET /health/ready`: for whoever starts, stops and balances servers. They need no session and tell
// nothing of the inside.

import type { FastifyInstance } from "fastify";
import { LIVE, READY } from "../http/schemas/account.ts";
import type { Readiness } from "../store/readiness.ts";

export function healthRoutes(app: FastifyInstance, readiness: Readiness): void {
  app.get("/health/live", { schema: LIVE }, async () => ({ status: "live" }));
  app.get("/health/ready", { schema: READY }, async (_request, reply) => {
    const problem = await readiness.problem();
    reply.header("cache-control", "no-store");
    return problem === null ? { status: "ready" } : reply.code(503).send({ detail: problem });
  });
}
