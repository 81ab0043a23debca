// The API for applications that sign their users in themselves: all of it behind API keys.

import type { FastifyInstance } from "fastify";
import type { SessionManager } from "sessile";
import { readJsonBodies } from "../bodies.ts";
import type { VerifyHeaders } from "../routes/verify.ts";
import { validateRequests } from "../validate.ts";
import { beginRoute } from "./begin-route.ts";
import { currentRoutes } from "./current-routes.ts";
import { type GuardParts, guardByKey } from "./key-guard.ts";
import { userRoutes } from "./user-routes.ts";

export interface ApiParts extends GuardParts {
  readonly manager: SessionManager;
  /** What `/verify` tells a proxy. */
  readonly verifyHeaders?: VerifyHeaders;
}

/** A session's data may have 32 levels, and stands in a body one or two levels down. */
const BODY_DEPTH = 34;
/** A session's data may have 64 KiB; the rest is for its user and device. */
export const API_BODY_LIMIT = 80 * 1024;

export async function apiRoutes(app: FastifyInstance, parts: ApiParts): Promise<void> {
  await app.register(async (scope) => {
    guardByKey(scope, parts);
    validateRequests(scope);
    readJsonBodies(scope, BODY_DEPTH);
    beginRoute(scope, parts);
    currentRoutes(scope, parts);
    userRoutes(scope, parts);
  });
}
