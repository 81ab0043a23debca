// `/me/sessions`: where signed-in users see their own sessions, and end them. Nobody else's can be seen, ended or probed.

import type { FastifyInstance, FastifyReply } from "fastify";
import type { SessionInfo, SessionManager, SignedInSession } from "sessile";
import { requireSession } from "sessile/fastify";
import { actAs } from "../../log/request-context.ts";
import type { SecurityLog } from "../../log/security-log.ts";
import { BAD_PAGE, END_OTHERS, END_OWN, END_OWN_ONE, LIST_OWN, OWN_ANSWERS } from "../schemas/account.ts";
import { SESSION_PAGE, SESSION_QUERY } from "./own-sessions-schema.ts";

interface ListRoute {
  Querystring: { readonly limit: number; readonly after?: string };
}

interface EndRoute {
  Params: { readonly sid: string };
}

const LIST = {
  ...LIST_OWN,
  querystring: SESSION_QUERY,
  response: { ...OWN_ANSWERS, 200: SESSION_PAGE, 400: BAD_PAGE },
};

export function ownSessionsRoutes(app: FastifyInstance, manager: SessionManager, security: SecurityLog): void {
  app.get<ListRoute>(
    "/me/sessions",
    { schema: LIST },
    requireSession<ListRoute>(async ({ session, query }) => {
      const { sessions, next } = await manager.list(session.userId, query);
      return { sessions: sessions.map((info) => describe(info, session.sid)), next };
    }),
  );

  app.delete(
    "/me/sessions",
    { schema: END_OWN },
    requireSession(async ({ session }) => {
      const ended = await endAll(manager, session);
      await session.signOut();
      return { ended };
    }),
  );

  app.delete(
    "/me/sessions/others",
    { schema: END_OTHERS },
    requireSession(async ({ session }) => ({ ended: await endAll(manager, session, session.sid) })),
  );

  app.delete<EndRoute>(
    "/me/sessions/:sid",
    { schema: END_OWN_ONE },
    requireSession<EndRoute>(async ({ session, params: { sid } }, reply) => {
      if (await endOne(manager, session, sid)) return { ended: 1 };
      security.write("authorisationDenied", { target: sid });
      return notFound(reply);
    }),
  );
}

function endAll(manager: SessionManager, { userId }: SignedInSession, except?: string): Promise<number> {
  actAs(`user:${userId}`);
  return manager.revokeUser(userId, { except: except ?? null });
}

/** The present session is signed out rather than revoked, so that its client is told to forget the token. */
async function endOne(manager: SessionManager, session: SignedInSession, sid: string): Promise<boolean> {
  actAs(`user:${session.userId}`);
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
