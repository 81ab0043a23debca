// `/users/{user_id}/sessions`: an application lists and ends the sessions of any of its users.

import type { FastifyInstance } from "fastify";
import { RequestError } from "../request-error.ts";
import { detail, INVALID, KEY_ANSWERS } from "../schemas/answers.ts";
import { ENDED, PAGE_QUERY, USER_PARAMS, USER_SESSION_PARAMS, USER_SESSIONS } from "../schemas/sessions.ts";
import { describeInfo } from "./describe.ts";
import type { ApiParts } from "./routes.ts";

interface ListRoute {
  Params: { readonly user_id: string };
  Querystring: { readonly limit: number; readonly after?: string };
}

interface EndAllRoute {
  Params: { readonly user_id: string };
}

interface EndOneRoute {
  Params: { readonly user_id: string; readonly sid: string };
}

const COMMON = { tags: ["users"], security: [{ apiKey: [] }] };
const ANSWERS = { ...KEY_ANSWERS, 422: INVALID };

const LIST = {
  ...COMMON,
  operationId: "listUserSessions",
  summary: "List a user's sessions",
  params: USER_PARAMS,
  querystring: PAGE_QUERY,
  response: { 200: USER_SESSIONS, ...ANSWERS },
};

const END_ALL = {
  ...COMMON,
  operationId: "endUserSessions",
  summary: "End all sessions of a user",
  params: USER_PARAMS,
  response: { 200: ENDED, ...ANSWERS },
};

const END_ONE = {
  ...COMMON,
  operationId: "endUserSession",
  summary: "End one session of a user",
  params: USER_SESSION_PARAMS,
  response: { 200: ENDED, 404: detail("the user has no such session"), ...ANSWERS },
};

export function userRoutes(app: FastifyInstance, { manager }: ApiParts): void {
  const reading = { scope: "users:read" } as const;
  const revoking = { scope: "users:revoke" } as const;

  app.get<ListRoute>("/users/:user_id/sessions", { schema: LIST, config: reading }, async ({ params, query }) => {
    const { sessions, next } = await manager.list(params.user_id, query);
    return { sessions: sessions.map(describeInfo), next };
  });

  app.delete<EndAllRoute>("/users/:user_id/sessions", { schema: END_ALL, config: revoking }, async ({ params }) => ({
    ended: await manager.revokeUser(params.user_id),
  }));

  app.delete<EndOneRoute>(
    "/users/:user_id/sessions/:sid",
    { schema: END_ONE, config: revoking },
    async ({ params }) => {
      const { user_id: userId, sid } = params;
      if (await manager.revoke(sid, { userId })) return { ended: 1 };
      throw new RequestError(404, "Not Found");
    },
  );
}
