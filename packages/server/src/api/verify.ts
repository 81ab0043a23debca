// `/verify`: the check for a reverse proxy whether a request is signed in, and as which user. It serves nginx
// `auth_request`, Traefik ForwardAuth, Caddy `forward_auth` and Envoy ext_authz.

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { isSessionError, type SessionManager } from "sessile";
import type { SessionRequest } from "sessile/adapter";
import { CROSS_SITE, NOBODY, UNAVAILABLE } from "../http/answers.ts";
import { type AnySession, linesOf, seenRequest, withSession } from "../http/direct-session.ts";
import { answerSessionErrors } from "../http/errors.ts";
import { headerText, headerValue } from "../http/header-text.ts";
import type { SecurityLog } from "../http/log/security-log.ts";
import { METHODS } from "../http/methods.ts";
import { RequestError, signedIn } from "../http/request-error.ts";
import { answer } from "../http/schema.ts";

/** Keys of session data, and the headers for their values. */
export type VerifyHeaders = readonly (readonly [key: string, header: string])[];

/** The header that every accepted request has. */
const USER = "x-user-id";
const SID = "x-session-id";

const SCHEMA = {
  operationId: "verify",
  summary: "Check a request for a reverse proxy",
  description: [
    "`X-User-Id` and `X-Session-Id` name user and session; `--verify-headers` adds values of the session, empty where it has none.",
    "Characters other than visible ASCII are percent-encoded. Counts as use of the session. A request that already has one of these",
    "headers, in any spelling, is refused. With `--cookie`, the proxy sends the original method in `X-Forwarded-Method`; without it,",
    "requests from other sites are refused.",
  ].join(" "),
  tags: ["proxies"],
  security: [{ sessionToken: [] }, { bearer: [] }],
  response: {
    200: {
      ...answer("the request is signed in", { user_id: { type: "string" } }),
      headers: {
        "X-User-Id": { type: "string", description: "the user" },
        "X-Session-Id": { type: "string", description: "the sid, which is useless as a credential" },
      },
    },
    401: {
      ...NOBODY,
      description: `${NOBODY.description}, or the request presents two different tokens or a header of this answer, or a value of the session is too long for a header`,
    },
    403: CROSS_SITE,
    503: UNAVAILABLE,
  },
};

/** Envoy appends the path of the request to that of the check, and keeps its method. */
const ENVOY = "/verify/envoy/";
const ENVOY_SCHEMA = { ...SCHEMA, hide: true };

export interface VerifyParts {
  readonly manager: SessionManager;
  readonly security: SecurityLog;
  readonly headers: VerifyHeaders;
}

export function verifyRoutes(app: FastifyInstance, { manager, security, headers }: VerifyParts): void {
  const ours = new Set([USER, SID, ...headers.map(([, header]) => header)]);
  const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<object> => {
    reply.header("cache-control", "no-store");
    refuseClaims(request, ours, security);
    return verify({ manager, security, headers }, request, reply);
  };
  answerSessionErrors(app);
  app.get("/verify", { schema: SCHEMA }, handler);
  app.route({ method: METHODS, url: `${ENVOY}*`, schema: ENVOY_SCHEMA, handler });
}

async function verify(parts: VerifyParts, request: FastifyRequest, reply: FastifyReply): Promise<object> {
  const { answer } = await withSession(parts.manager, asForwarded(request), reply, async (session) => {
    const { sid, userId } = signedIn(session);
    reply.headers(identityOf({ session, sid, userId }, parts));
    return { user_id: userId };
  }).catch((error: unknown) => refuse(error, reply));
  return answer;
}

/**
 * All headers of the answer, or none. Refuses a session with a value that is too long for a header (another program
 * must have stored it): without the value, or with half of it, the session could mean something else to the
 * application, and a new sign-in gives a session without it.
 */
function identityOf(
  { session, sid, userId }: { readonly session: AnySession; readonly sid: string; readonly userId: string },
  { headers, security }: VerifyParts,
): Record<string, string> {
  const told = headers.map(([key, header]) => [header, headerText(headerValue(session.get(key)))] as const);
  const all = [[USER, headerText(userId)] as const, [SID, sid] as const, ...told];
  const tooLong = all.find(([, value]) => value === null);
  if (tooLong === undefined) return Object.fromEntries(all) as Record<string, string>;
  security.write("identityTooLong", { sid, header: tooLong[0] });
  throw new RequestError(401, "The session does not fit into headers", INVALID_TOKEN);
}

/**
 * Refuses requests that carry one of our headers themselves: a proxy that does not replace it, or not in this spelling,
 * would pass it on to the application. `Connection` names headers that a proxy drops, so it may not name ours.
 */
function refuseClaims({ raw }: FastifyRequest, ours: ReadonlySet<string>, security: SecurityLog): void {
  const { rawHeaders } = raw;
  const names = [...rawHeaders.filter((_, i) => i % 2 === 0), ...linesOf(raw, "connection").join().split(",")];
  const claimed = names.find((name) => ours.has(spelled(name)));
  if (claimed === undefined) return;
  security.write("identityClaimed", { header: claimed.trim() });
  throw new RequestError(401, "The request names its own user", INVALID_REQUEST);
}

/** The name in the spelling of CGI, so that two headers which an application cannot tell apart are one here. */
function spelled(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "-");
}

const INVALID_TOKEN = { "www-authenticate": 'Bearer error="invalid_token"' };
const INVALID_REQUEST = { "www-authenticate": 'Bearer error="invalid_request"' };

/** nginx answers 500 for any status but 401 and 403, which would show a mistake of the client as one of the server. */
function refuse(error: unknown, reply: FastifyReply): never {
  if (!isSessionError(error, "ERR_SESSION_CREDENTIALS")) throw error;
  if (error.cookies.length > 0) reply.header("set-cookie", error.cookies);
  throw new RequestError(401, "Conflicting credentials", INVALID_REQUEST);
}

/**
 * The request that the proxy received. Its method and host decide whether it may come from another site. Browsers
 * cannot be made to send either header, and a client that calls `/verify` directly deceives only itself. nginx always
 * asks with GET; without the header the method is unknown, and so not safe. Envoy keeps the method.
 */
function asForwarded(request: FastifyRequest): SessionRequest {
  const seen = seenRequest(request);
  const isEnvoy = seen.path.startsWith(ENVOY);
  return {
    ...seen,
    method: isEnvoy ? seen.method : (seen.header("x-forwarded-method")?.toUpperCase() ?? "unknown"),
    header: (name) => (name === "host" ? seen.header("x-forwarded-host") : undefined) ?? seen.header(name),
  };
}
