// The admin page and its interface, as one plugin: without its registration none of it exists.

import type { FastifyInstance } from "fastify";
import { sessions } from "sessile/fastify";
import { ignoreBodies } from "../http/bodies.ts";
import { cookieSignInRoutes, personOf, whoRoute } from "../identity/sign-in/cookie-sign-in.ts";
import { orUnavailable } from "../identity/sign-in/try-sign-in.ts";
import { isAdministrator, operatorOf, requireOperator } from "./operators.ts";
import { pageRoutes } from "./page/page-files.ts";
import type { AdminParts } from "./parts.ts";
import { auditRoutes } from "./routes/audit-routes.ts";
import { endRoutes } from "./routes/end-routes.ts";
import { liveRoutes } from "./routes/live-routes.ts";
import { sessionRoutes } from "./routes/session-routes.ts";

/** The addresses of the page; each shows one of its parts. Ids are in the query, since browsers shorten paths. */
const PATHS = ["/admin", "/admin/sessions", "/admin/session", "/admin/user", "/admin/audit"];

export async function adminRoutes(app: FastifyInstance, parts: AdminParts): Promise<void> {
  pageRoutes(app, parts.files, { prefix: "/admin", page: "admin.html", paths: PATHS });
  await app.register(async (scope) => apiRoutes(scope, parts), { prefix: "/admin/api" });
}

async function apiRoutes(app: FastifyInstance, parts: AdminParts): Promise<void> {
  app.decorateRequest("operator", "");
  ignoreBodies(app);
  await app.register(sessions, { manager: parts.own });
  const { service, security, audit } = parts;
  await cookieSignInRoutes(app, {
    service,
    security,
    suits: isAdministrator,
    keeps: false,
    heard: (actor, action, outcome) => audit.note({ actor, action }, outcome),
  });
  whoRoute(app, async ({ session }) => {
    return session.isSignedIn() && (await orUnavailable(security, () => operatorOf(service, session))) !== null;
  });
  await app.register(async (scope) => operatorRoutes(scope, parts));
}

async function operatorRoutes(app: FastifyInstance, parts: AdminParts): Promise<void> {
  requireOperator(app, parts);
  app.get("/me", async (request) => personOf(request));
  app.post("/sign-out", async ({ session, operator }) => {
    parts.audit.note({ actor: operator, action: "signOut" }, "done");
    await session.signOut();
    return { ended: 1 };
  });
  liveRoutes(app, parts);
  sessionRoutes(app, parts);
  endRoutes(app, parts);
  auditRoutes(app, parts);
}
