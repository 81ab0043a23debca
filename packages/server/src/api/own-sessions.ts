// `/me/sessions`: where signed-in users see their own sessions, and end them. Nobody else's can be seen, ended or probed.

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { SessionInfo, SessionManager, SessionTransport, SignedInSession } from "sessile";
import { requireSession } from "sessile/fastify";
import { readJsonBodies } from "../http/bodies.ts";
import { seenRequest } from "../http/direct-session.ts";
import { actAs } from "../http/log/request-context.ts";
import type { SecurityLog } from "../http/log/security-log.ts";
import { BAD_PAGE, END_OWN, LIST_OWN, OWN_ANSWERS } from "../http/schemas/account.ts";
import { validateRequests } from "../http/validate.ts";
import { FRESH_TIME } from "../identity/sign-in/cookie-sign-in.ts";
import { SESSION_PAGE, SESSION_QUERY } from "./own-sessions-schema.ts";

export interface OwnSessionsParts {
  readonly manager: SessionManager;
  readonly security: SecurityLog;
  /** The transport of browsers, where the manager has one. */
  readonly cookie: SessionTransport | null;
}

interface ListRoute {
  Querystring: { readonly limit: number; readonly after?: string };
}

interface EndRoute {
  Body: { readonly sid?: string; readonly others?: true; readonly all?: true };
}

const LIST = {
  ...LIST_OWN,
  querystring: SESSION_QUERY,
  response: { ...OWN_ANSWERS, 200: SESSION_PAGE, 400: BAD_PAGE },
};

export function ownSessionsRoutes(app: FastifyInstance, parts: OwnSessionsParts): void {
  const { manager } = parts;
  app.get<ListRoute>(
    "/me/sessions",
    { schema: LIST },
    requireSession<ListRoute>(async ({ session, query }) => {
      const { sessions, next } = await manager.list(session.userId, query);
      return { sessions: sessions.map((info) => describe(info, session.sid)), next };
    }),
  );
  app.register(async (scope) => {
    readJsonBodies(scope);
    validateRequests(scope);
    endRoute(scope, parts);
  });
}

function endRoute(app: FastifyInstance, { manager, security, cookie }: OwnSessionsParts): void {
  app.post<EndRoute>(
    "/me/sessions/end",
    { schema: END_OWN },
    requireSession<EndRoute>(async (request, reply) => {
      const { session, body } = request;
      if (cookie !== null) checkFresh(session, request as unknown as FastifyRequest, cookie);
      actAs(`user:${session.userId}`);
      if (body.sid === undefined) return { ended: await endMany(manager, session, body.others === true) };
      if (await endOne(manager, session, body.sid)) return { ended: 1 };
      security.write("authorisationDenied", { target: body.sid });
      return notFound(reply);
    }),
  );
}

/**
 * Whoever finds a browser open must not be able to sign its owner out everywhere else (ASVS 7.5.2): a browser attaches its cookie by
 * itself. A program that puts the token into a header has the token in its hands.
 */
function checkFresh(session: SignedInSession, request: FastifyRequest, cookie: SessionTransport): void {
  if (cookie.read(seenRequest(request)).length > 0) session.requireFresh(FRESH_TIME);
}

/** The present session is signed out rather than revoked, so that its client is told to forget the token. */
async function endMany(manager: SessionManager, session: SignedInSession, isOthers: boolean): Promise<number> {
  const ended = await manager.revokeUser(session.userId, { except: isOthers ? session.sid : null });
  if (!isOthers) await session.signOut();
  return ended;
}

async function endOne(manager: SessionManager, session: SignedInSession, sid: string): Promise<boolean> {
  if (sid !== session.sid) return manager.revoke(sid, { userId: session.userId });
  await session.signOut();
  return true;
}

/** The same whether the session is somebody else's, over, or no session at all. */
function notFound(reply: FastifyReply): FastifyReply {
  return reply.code(404).send({ detail: "Not Found" });
}

function describe({ sid, device, createdAt, lastSeenAt, expiresAt }: SessionInfo, current: string): object {
  return {
    sid,
    device,
    created_at: new Date(createdAt).toISOString(),
    last_seen_at: new Date(lastSeenAt).toISOString(),
    expires_at: new Date(expiresAt).toISOString(),
    current: sid === current,
  };
}
