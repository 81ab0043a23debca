// The API for applications that sign their users in themselves. Every route needs an API key.

import type { FastifyInstance } from "fastify";
import type { SessionManager } from "sessile";
import { readJsonBodies } from "../http/bodies.ts";
import { answerSessionErrors } from "../http/errors.ts";
import { type GuardParts, guardByKey } from "../identity/keys/key-guard.ts";
import { beginRoute } from "./begin-route.ts";
import { currentRoutes } from "./current-routes.ts";
import { userRoutes } from "./user-routes.ts";
import type { VerifyHeaders } from "./verify.ts";

export interface ApiParts extends GuardParts {
  readonly manager: SessionManager;
  /** The session data that `/verify` returns to a proxy. */
  readonly verifyHeaders?: VerifyHeaders;
}

/** A session's data may have 32 levels, and a body holds it one or two levels down. */
const BODY_DEPTH = 34;
export async function apiRoutes(app: FastifyInstance, parts: ApiParts): Promise<void> {
  await app.register(async (scope) => {
    guardByKey(scope, parts);
    answerSessionErrors(scope);
    readJsonBodies(scope, BODY_DEPTH);
    beginRoute(scope, parts);
    currentRoutes(scope, parts);
    userRoutes(scope, parts);
  });
}
