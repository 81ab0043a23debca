// `/me/sessions`: lists and ends the signed-in user's own sessions. Those of other users cannot be probed.

import type { FastifyInstance, FastifyRequest } from "fastify";
import type { SessionInfo, SessionManager, SignedInSession } from "sessile";
import type { SessionTransport } from "sessile/adapter";
import { BODY_ANSWERS, CHANGING_ANSWERS, detail, ENDED, INVALID, NOBODY, TOKEN_ANSWERS } from "../http/answers.ts";
import { readJsonBodies } from "../http/bodies.ts";
import { seenRequest } from "../http/direct-session.ts";
import { actAs } from "../http/log/request-context.ts";
import type { SecurityLog } from "../http/log/security-log.ts";
import { notFound, signedIn } from "../http/request-error.ts";
import {
  answer,
  endBody,
  INSTANT,
  LIMIT,
  NO_QUERY,
  object,
  type SchemaTypes,
  SID,
  TEXT_OR_NULL,
  YES,
} from "../http/schema.ts";
import { FRESH_TIME } from "../identity/sign-in/cookie-sign-in.ts";
import { pageOf } from "./describe.ts";

export interface OwnSessionsParts {
  readonly manager: SessionManager;
  readonly security: SecurityLog;
  /** The cookie transport of the manager, if it has one. */
  readonly cookie: SessionTransport | null;
}

const ALONE = "The sessions of other users cannot be seen, ended or probed.";
const COMMON = { tags: ["account"], security: [{ sessionToken: [] }, { bearer: [] }] };

const LIST = {
  ...COMMON,
  operationId: "listOwnSessions",
  summary: "List your own sessions",
  description: ALONE,
  querystring: { type: "object", properties: { limit: LIMIT, after: { type: "string", maxLength: 100 } } },
  response: {
    200: answer("a page of the user's live sessions, oldest first", {
      sessions: {
        type: "array",
        items: object({
          sid: { type: "string" },
          device: TEXT_OR_NULL,
          created_at: INSTANT,
          last_seen_at: INSTANT,
          expires_at: INSTANT,
          current: { type: "boolean" },
        }),
      },
      next: TEXT_OR_NULL,
    }),
    ...TOKEN_ANSWERS,
    400: detail("the request presents two different tokens, or an `after` that is no `next` of a page"),
    401: NOBODY,
    422: INVALID,
  },
} as const;

const END = {
  ...COMMON,
  operationId: "endOwnSessions",
  summary: "End one of your own sessions, all but the present one, or all",
  description: [
    ALONE,
    "The body has exactly one of `sid`, `others` and `all`; a query is refused.",
    "With a token in a cookie, the user must have signed in within the last five minutes.",
  ].join(" "),
  querystring: NO_QUERY,
  body: endBody({
    sid: { ...SID, description: "this session" },
    others: { ...YES, description: "every session but the present one" },
    all: { ...YES, description: "every session, the present one included" },
  }),
  response: {
    200: ENDED,
    ...CHANGING_ANSWERS,
    ...BODY_ANSWERS,
    401: NOBODY,
    403: detail("the token came in a cookie, and the request comes from another site's page or the sign-in is too old"),
    404: detail("the session has ended, never existed, or belongs to another user"),
  },
};

export function ownSessionsRoutes(app: FastifyInstance, parts: OwnSessionsParts): void {
  const { manager } = parts;
  app.withTypeProvider<SchemaTypes>().get("/me/sessions", { schema: LIST }, async ({ session, query }) => {
    const { sid, userId } = signedIn(session);
    const { sessions, next } = await manager.list(userId, pageOf(query));
    return { sessions: sessions.map((info) => describe(info, sid)), next };
  });
  app.register(async (scope) => {
    readJsonBodies(scope);
    endRoute(scope, parts);
  });
}

function endRoute(app: FastifyInstance, { manager, security, cookie }: OwnSessionsParts): void {
  app.withTypeProvider<SchemaTypes>().post("/me/sessions/end", { schema: END }, async (request) => {
    const { body } = request;
    const session: SignedInSession = signedIn(request.session);
    if (cookie !== null) checkFresh(session, request, cookie);
    actAs(`user:${session.userId}`);
    if (body.sid === undefined) return { ended: await endMany(manager, session, body.others === true) };
    if (await endOne(manager, session, body.sid)) return { ended: 1 };
    security.write("authorisationDenied", { target: body.sid });
    throw notFound(); // the same answer for another user's session, an ended one and an unknown one
  });
}

/**
 * A stranger at an open browser must not be able to sign its owner out everywhere else (ASVS 7.5.2), since browsers
 * attach cookies by themselves. A program that puts the token into a header does hold the token.
 */
function checkFresh(session: SignedInSession, request: Pick<FastifyRequest, "raw">, cookie: SessionTransport): void {
  if (cookie.read(seenRequest(request)).length > 0) session.requireFresh(FRESH_TIME);
}

/** The present session is signed out, not revoked, so that its client drops the token. */
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
