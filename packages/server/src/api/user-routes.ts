// `GET /sessions` and `POST /sessions/end`: an application lists and ends the sessions of any of its users.
//
// User ids are in the query and the body, never in the path: browsers and proxies decode, merge and shorten paths, so a
// request for the user `..` would arrive as another request.

import type { FastifyInstance } from "fastify";
import { BODY_ANSWERS, detail, ENDED, INVALID, KEY_ANSWERS } from "../http/answers.ts";
import { notFound } from "../http/request-error.ts";
import { answer, endBody, LIMIT, NO_QUERY, type SchemaTypes, SID, TEXT_OR_NULL, YES } from "../http/schema.ts";
import { describeInfo, LISTED, pageOf, USER_ID } from "./describe.ts";
import type { ApiParts } from "./routes.ts";

const COMMON = { tags: ["users"], security: [{ apiKey: [] }] };

const LIST = {
  ...COMMON,
  operationId: "listUserSessions",
  summary: "List a user's sessions",
  querystring: {
    type: "object",
    required: ["user_id"],
    properties: {
      user_id: USER_ID,
      limit: { ...LIMIT, description: "sessions on a page, at most" },
      after: { type: "string", maxLength: 200, description: "`next` of the page before" },
    },
  },
  response: {
    200: answer("a page of the user's live sessions, oldest first", {
      sessions: { type: "array", items: LISTED },
      next: { ...TEXT_OR_NULL, description: "`after` of the next page; null on the last" },
    }),
    ...KEY_ANSWERS,
    422: INVALID,
  },
} as const;

const END = {
  ...COMMON,
  operationId: "endUserSessions",
  summary: "End one session of a user, or all of them",
  description: "The body has the user and either `sid` or `all`; a query is refused.",
  querystring: NO_QUERY,
  body: endBody(
    {
      sid: { ...SID, description: "this session" },
      all: { ...YES, description: "every session of the user" },
    },
    { user_id: USER_ID },
  ),
  response: {
    200: ENDED,
    ...KEY_ANSWERS,
    ...BODY_ANSWERS,
    400: detail("the body is not JSON"),
    404: detail("the user has no such session"),
  },
};

export function userRoutes(app: FastifyInstance, { manager }: ApiParts): void {
  const routes = app.withTypeProvider<SchemaTypes>();
  routes.get("/sessions", { schema: LIST, config: { scope: "users:read" } }, async ({ query }) => {
    const { sessions, next } = await manager.list(query.user_id, pageOf(query));
    return { sessions: sessions.map(describeInfo), next };
  });

  routes.post("/sessions/end", { schema: END, config: { scope: "users:revoke" } }, async ({ body }) => {
    const { user_id: userId, sid } = body;
    if (sid === undefined) return { ended: await manager.revokeUser(userId) };
    if (await manager.revoke(sid, { userId })) return { ended: 1 };
    throw notFound();
  });
}
