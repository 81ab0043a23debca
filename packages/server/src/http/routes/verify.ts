// `/verify`: tells a reverse proxy whether a request is signed in, and who it is. For nginx `auth_request`, Traefik ForwardAuth, Caddy
// `forward_auth` and Envoy ext_authz.

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { SessionManager, SessionRequest } from "sessile";
import { type AnySession, seenRequest, withSession } from "../direct-session.ts";
import { headerText } from "../header-text.ts";
import { RequestError, signedIn } from "../request-error.ts";
import { CROSS_SITE, NOBODY, UNAVAILABLE } from "../schemas/answers.ts";
import { validateRequests } from "../validate.ts";

/** Keys of the data, and the headers that carry their values. */
export type VerifyHeaders = readonly (readonly [key: string, header: string])[];

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

const SCHEMA = {
  operationId: "verify",
  summary: "Tell a reverse proxy who a request is from",
  description: [
    "`X-User-Id` and `X-Session-Id` name user and session; further headers carry what `--verify-headers` names, empty where the",
    "session has no such value. Values are percent-encoded where they are not visible ASCII. Counts as use of the session. With",
    "`--cookie`, the proxy says in `X-Forwarded-Method` how it was asked: without that, a request that another site made is refused.",
  ].join(" "),
  tags: ["proxies"],
  security: [{ sessionToken: [] }, { bearer: [] }],
  response: {
    200: {
      description: "somebody is signed in",
      type: "object",
      required: ["user_id"],
      properties: { user_id: { type: "string" } },
      headers: {
        "X-User-Id": { type: "string", description: "the user" },
        "X-Session-Id": { type: "string", description: "the sid, which names the session and opens nothing" },
      },
    },
    401: { ...NOBODY, description: `${NOBODY.description}, or the request presents two different tokens` },
    403: CROSS_SITE,
    503: UNAVAILABLE,
  },
};

/** Envoy puts the path that was asked for behind the one of the check, and uses its method. */
const ENVOY_SCHEMA = { ...SCHEMA, hide: true };

export function verifyRoutes(app: FastifyInstance, manager: SessionManager, headers: VerifyHeaders): void {
  app.register(async (scope) => {
    validateRequests(scope);
    const handler = (request: FastifyRequest, reply: FastifyReply) => verify(manager, headers, request, reply);
    scope.get("/verify", { schema: SCHEMA }, handler);
    scope.route({ method: METHODS, url: "/verify/*", schema: ENVOY_SCHEMA, handler });
  });
}

async function verify(
  manager: SessionManager,
  headers: VerifyHeaders,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<object> {
  reply.header("cache-control", "no-store");
  const { answer } = await withSession(manager, asForwarded(request), reply, async (session) => {
    const { sid, userId } = signedIn(session);
    reply.header("x-user-id", headerText(userId)).header("x-session-id", sid);
    for (const [key, header] of headers) reply.header(header, textOf(session, key));
    return { user_id: userId };
  }).catch(refuse);
  return answer;
}

/** nginx makes a 500 of anything but 401 and 403, and that would be the client's mistake shown as the server's. */
function refuse(error: unknown): never {
  const { statusCode } = error as { statusCode?: number };
  if (statusCode !== 400) throw error;
  throw new RequestError(401, "Conflicting credentials", { "www-authenticate": 'Bearer error="invalid_request"' });
}

/**
 * The request that the proxy was sent. Its method and host decide whether another site may be behind it; a browser cannot be made
 * to send either header, and whoever calls `/verify` directly deceives nobody else. nginx asks by GET whatever it was asked by:
 * without the header the method is unknown, and so not safe. Envoy keeps the method, and puts its path behind ours.
 */
function asForwarded(request: FastifyRequest): SessionRequest {
  const seen = seenRequest(request);
  const ownMethod = seen.path === "/verify" ? "unknown" : seen.method;
  return {
    ...seen,
    method: seen.header("x-forwarded-method")?.toUpperCase() ?? ownMethod,
    header: (name) => (name === "host" ? seen.header("x-forwarded-host") : undefined) ?? seen.header(name),
  };
}

/** A header that is left out would let the client's own through where a proxy only adds headers. */
function textOf(session: AnySession, key: string): string {
  const value = session.get(key);
  if (value === undefined) return "";
  return headerText(typeof value === "string" ? value : JSON.stringify(value));
}
