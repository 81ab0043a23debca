// `GET /sessions` and `POST /sessions/end`: an application lists and ends the sessions of any of its users.
//
// User ids stand in the query and in the body: a path is decoded, merged and cut by browsers and proxies, and a request for the
// user `..` would arrive as a request for something else.

import type { FastifyInstance } from "fastify";
import { RequestError } from "../http/request-error.ts";
import { BODY_ANSWERS, detail, INVALID, KEY_ANSWERS } from "../http/schemas/answers.ts";
import { END_USER_BODY, ENDED, NO_QUERY, USER_PAGE_QUERY, USER_SESSIONS } from "../http/schemas/sessions.ts";
import { describeInfo } from "./describe.ts";
import type { ApiParts } from "./routes.ts";

interface ListRoute {
  Querystring: { readonly user_id: string; readonly limit: number; readonly after?: string };
}

interface EndRoute {
  Body: { readonly user_id: string; readonly sid?: string };
}

const COMMON = { tags: ["users"], security: [{ apiKey: [] }] };

const LIST = {
  ...COMMON,
  operationId: "listUserSessions",
  summary: "List a user's sessions",
  querystring: USER_PAGE_QUERY,
  response: { 200: USER_SESSIONS, ...KEY_ANSWERS, 422: INVALID },
};

const END = {
  ...COMMON,
  operationId: "endUserSessions",
  summary: "End one session of a user, or all of them",
  description: "The body has the user and either `sid` or `all`; a query is refused.",
  querystring: NO_QUERY,
  body: END_USER_BODY,
  response: {
    200: ENDED,
    ...KEY_ANSWERS,
    ...BODY_ANSWERS,
    400: detail("the body is not JSON"),
    404: detail("the user has no such session"),
  },
};

export function userRoutes(app: FastifyInstance, { manager }: ApiParts): void {
  app.get<ListRoute>("/sessions", { schema: LIST, config: { scope: "users:read" } }, async ({ query }) => {
    const { user_id: userId, ...page } = query;
    const { sessions, next } = await manager.list(userId, page);
    return { sessions: sessions.map(describeInfo), next };
  });

  app.post<EndRoute>("/sessions/end", { schema: END, config: { scope: "users:revoke" } }, async ({ body }) => {
    const { user_id: userId, sid } = body;
    if (sid === undefined) return { ended: await manager.revokeUser(userId) };
    if (await manager.revoke(sid, { userId })) return { ended: 1 };
    throw new RequestError(404, "Not Found");
  });
}
