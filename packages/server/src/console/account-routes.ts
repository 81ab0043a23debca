// `/account/sessions`: a page where users see the browsers and devices they are signed in on, and sign out elsewhere.

import type { FastifyInstance } from "fastify";
import type { SessionManager } from "sessile";
import type { SessionTransport } from "sessile/adapter";
import { sessions } from "sessile/fastify";
import { ownSessionsRoutes } from "../api/own-sessions.ts";
import { ignoreBodies, readJsonBodies } from "../http/bodies.ts";
import type { SecurityLog } from "../http/log/security-log.ts";
import { cookieSignInRoutes, personOf, whoRoute } from "../identity/sign-in/cookie-sign-in.ts";
import { passwordRoute } from "../identity/sign-in/password-route.ts";
import type { SignInService } from "../identity/sign-in/service.ts";
import { type PageFiles, pageRoutes } from "./page/page-files.ts";

export interface AccountParts {
  /** A manager of the users' sessions that reads cookies: this server's other routes take none. */
  readonly manager: SessionManager;
  /** The only transport of the manager. */
  readonly cookie: SessionTransport;
  readonly service: SignInService;
  readonly security: SecurityLog;
  readonly files: PageFiles;
}

export async function accountRoutes(app: FastifyInstance, parts: AccountParts): Promise<void> {
  pageRoutes(app, parts.files, { prefix: "/account", page: "account.html", paths: ["/account/sessions"] });
  await app.register(async (scope) => apiRoutes(scope, parts), { prefix: "/account/api" });
}

async function apiRoutes(app: FastifyInstance, { manager, cookie, service, security }: AccountParts): Promise<void> {
  ignoreBodies(app);
  await app.register(sessions, { manager });
  await cookieSignInRoutes(app, { service, security, suits: () => true, heard: () => {}, keeps: true });
  whoRoute(app, ({ session }) => session.isSignedIn(), service.keepFor);
  await app.register(async (scope) => {
    scope.decorate("tokenInBody", false); // the cookie has it
    readJsonBodies(scope);
    passwordRoute(scope, { service, security });
  });
  await app.register(async (scope) => {
    scope.addHook("preValidation", async ({ session }, reply) => {
      if (!session.isSignedIn()) return reply.code(401).header("www-authenticate", "Cookie").send(NOBODY);
      return undefined;
    });
    scope.get("/me", async (request) => personOf(request));
    scope.post("/sign-out", async ({ session }) => {
      await session.signOut();
      return { ended: 1 };
    });
    ownSessionsRoutes(scope, { manager, security, cookie });
  });
}

const NOBODY = { detail: "Not authenticated" };
