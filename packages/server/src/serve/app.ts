// The composition of the HTTP side: limits, headers, errors and routes. Independent of the store and the command line.

import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from "fastify";
import type { SessionManager } from "sessile";
import type { SessionTransport } from "sessile/adapter";
import { sessions } from "sessile/fastify";
import { demoSignInRoutes } from "../api/demo-sign-in.ts";
import { healthRoutes } from "../api/health.ts";
import { metricsRoute, publicMetricsRoute } from "../api/metrics.ts";
import { ownSessionsRoutes } from "../api/own-sessions.ts";
import { profileRoutes } from "../api/profile.ts";
import { rootRoute } from "../api/root.ts";
import { apiRoutes } from "../api/routes.ts";
import { type VerifyHeaders, verifyRoutes } from "../api/verify.ts";
import { type AccountParts, accountRoutes } from "../console/account-routes.ts";
import type { AdminParts } from "../console/parts.ts";
import { adminRoutes } from "../console/routes.ts";
import { ignoreBodies } from "../http/bodies.ts";
import { type ClientOptions, describeClients } from "../http/client.ts";
import { endConnectionsOnClose } from "../http/drain.ts";
import { answerErrors, clientErrorHandler, frameworkErrors } from "../http/errors.ts";
import { HTTP_LIMITS, type HttpLimits, harden } from "../http/harden.ts";
import { InvalidTokens } from "../http/log/invalid-tokens.ts";
import { nextRequestId } from "../http/log/request-id.ts";
import type { SecurityLog } from "../http/log/security-log.ts";
import { collectMethods, refuseOtherMethods } from "../http/methods.ts";
import type { Exposition } from "../http/metrics/exposition.ts";
import type { Metrics } from "../http/metrics/metrics.ts";
import { describeRoutes, documentPage, documentRoute, hideRoutes } from "../http/openapi.ts";
import { countRequests } from "../http/request-metrics.ts";
import { validateRequests } from "../http/validate.ts";
import { KEY_CHALLENGE } from "../identity/keys/key-guard.ts";
import type { KeyStore } from "../identity/keys/key-store.ts";
import { type SignInService, signInRoutes } from "../identity/sign-in/service.ts";
import type { Readiness } from "../store/readiness.ts";
import { logRequests, noticeInvalid } from "./request-log.ts";

declare module "fastify" {
  interface FastifyInstance {
    /** Whether a sign-in returns the token in its body. */
    readonly tokenInBody: boolean;
  }
}

/** The server's own session data. */
export interface ServerData {
  username: string;
  /** Whether the sign-in asked to stay signed in; absent when it did not mention it. */
  keepSignedIn?: boolean;
  /** Set for sessions that the demo began. */
  demo?: true;
}

declare module "sessile" {
  interface Register {
    manager: SessionManager<ServerData>;
  }
}

/** Options of every listener of the server. */
export interface ListenerOptions {
  readonly log: FastifyBaseLogger;
  readonly security: SecurityLog;
  readonly client: ClientOptions;
  readonly metrics: Metrics;
  /** False where browsers keep the token in a cookie, out of reach of scripts (ASVS 3.3.4). Default true. */
  readonly tokenInBody?: boolean;
  /** Tests of slow clients shorten them. */
  readonly limits?: HttpLimits;
}

export interface AppOptions extends ListenerOptions {
  readonly manager: SessionManager;
  /** The manager's cookie transport, if it has one. */
  readonly cookie?: SessionTransport | null;
  readonly readiness: Readiness;
  readonly exposition: Exposition;
  /** The API keys; `null` without a file of them, and then no key is valid. */
  readonly keys: KeyStore | null;
  /** The session data that `/verify` returns to a proxy, and its headers. Default: none. */
  readonly verifyHeaders?: VerifyHeaders;
  /** Without it, every client is the demo user. */
  readonly signIn?: SignInService;
  /** The pages to serve. */
  readonly admin?: AdminParts;
  readonly account?: AccountParts;
}

/** The server's routes, not listening yet. */
export async function createApp(options: AppOptions): Promise<FastifyInstance> {
  const tokens = new InvalidTokens(options.security);
  const app = await createListener(options, async (scope) => {
    await describeRoutes(scope);
    healthRoutes(scope, options.readiness);
    await scope.register(async (inner) => sessionRoutes(inner, options, tokens));
    await scope.register(async (inner) => verifyScope(inner, options, tokens));
    await scope.register(async (inner) => keyScope(inner, options));
    await scope.register(async (inner) => pageScope(inner, options));
    documentRoute(scope);
  });
  await documentPage(app); // its routes are listed twice, with and without a slash
  return app;
}

/** The admin page alone, for a listener of its own. */
export function createAdminApp(options: ListenerOptions, admin: AdminParts): Promise<FastifyInstance> {
  return createListener(options, (app) => adminRoutes(app, admin));
}

/** The metrics alone, without a key, for an address that only Prometheus can reach. */
export function createMetricsApp(options: ListenerOptions, exposition: Exposition): Promise<FastifyInstance> {
  return createListener(options, async (app) => publicMetricsRoute(app, exposition));
}

async function createListener(
  { log, security, client, metrics, tokenInBody = true, limits = HTTP_LIMITS }: ListenerOptions,
  addRoutes: (app: FastifyInstance) => Promise<void>,
): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: nextRequestId,
    ...limits,
    trustProxy: client.trust,
    // `harden` refuses the same as Node, but with a body, and a second `Host` too.
    http: { ...limits.http, requireHostHeader: false },
    routerOptions: { maxParamLength: limits.http.maxHeaderSize },
    forceCloseConnections: "idle",
    return503OnClosing: false,
    frameworkErrors,
    clientErrorHandler,
  });
  app.decorate("tokenInBody", tokenInBody);
  harden(app);
  endConnectionsOnClose(app);
  describeClients(app, client);
  answerErrors(app, security);
  validateRequests(app);
  logRequests(app);
  countRequests(app, metrics);
  const methods = collectMethods(app);
  await addRoutes(app);
  refuseOtherMethods(app, methods);
  return app;
}

/** The routes with a session. Routes outside of this scope never ask the store, even with a token in the request. */
async function sessionRoutes(app: FastifyInstance, options: AppOptions, tokens: InvalidTokens): Promise<void> {
  const { manager, security, signIn, cookie = null } = options;
  noticeInvalid(app, tokens);
  ignoreBodies(app);
  await app.register(sessions, { manager });
  if (signIn === undefined) demoSignInRoutes(app);
  else await signInRoutes(app, signIn, security);
  profileRoutes(app);
  ownSessionsRoutes(app, { manager, security, cookie });
}

async function verifyScope(app: FastifyInstance, options: AppOptions, tokens: InvalidTokens): Promise<void> {
  noticeInvalid(app, tokens);
  ignoreBodies(app);
  const { manager, security, verifyHeaders: headers = [] } = options;
  verifyRoutes(app, { manager, security, headers });
}

const ADMIN = { path: "/admin", holds: "for administrators: see sessions and end them" };
const ACCOUNT = { path: "/account/sessions", holds: "for users: where they are signed in" };

async function pageScope(app: FastifyInstance, { admin, account }: AppOptions): Promise<void> {
  hideRoutes(app);
  rootRoute(app, [...(admin === undefined ? [] : [ADMIN]), ...(account === undefined ? [] : [ACCOUNT])]);
  if (admin !== undefined) await adminRoutes(app, admin);
  if (account !== undefined) await accountRoutes(app, account);
}

/** The routes for programs with an API key. */
async function keyScope(app: FastifyInstance, options: AppOptions): Promise<void> {
  noticeInvalid(app, new InvalidTokens(options.security, Date.now, "invalidKeyBurst"), KEY_CHALLENGE);
  metricsRoute(app, options);
  await apiRoutes(app, options);
}
