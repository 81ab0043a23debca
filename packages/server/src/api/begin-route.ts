// `POST /sessions`: an application has found out who somebody is, and begins the session.

import type { FastifyInstance } from "fastify";
import type { JsonObject } from "sessile";
import { DATA_BODY_LIMIT } from "../http/bodies.ts";
import { seenWithoutCookies, withSession } from "../http/direct-session.ts";
import { BODY_ANSWERS, detail, KEY_ANSWERS } from "../http/schemas/answers.ts";
import { NEW_SESSION, NEW_SESSION_BODY } from "../http/schemas/sessions.ts";
import { checkTold } from "./check-told.ts";
import { describeSession, etagOf } from "./describe.ts";
import type { ApiParts } from "./routes.ts";

interface BeginRoute {
  Body: { readonly user_id: string; readonly data?: JsonObject; readonly device?: string };
}

const SCHEMA = {
  operationId: "beginSession",
  summary: "Begin a session for a user whom the application has signed in",
  description: "If the request has a token, the new session replaces that token's session, which ends.",
  tags: ["sessions"],
  security: [{ apiKey: [] }, { apiKey: [], sessionToken: [] }],
  body: NEW_SESSION_BODY,
  response: {
    201: NEW_SESSION,
    409: detail("the user has too many sessions, or they were revoked at the same moment"),
    ...BODY_ANSWERS,
    ...KEY_ANSWERS,
  },
};

export function beginRoute(app: FastifyInstance, { manager, verifyHeaders = [] }: ApiParts): void {
  const options = { schema: SCHEMA, config: { scope: "sessions:create" as const }, bodyLimit: DATA_BODY_LIMIT };
  app.post<BeginRoute>("/sessions", options, async (request, reply) => {
    const { user_id, data = {}, device } = request.body;
    checkTold(verifyHeaders, data, "data");
    const { answer } = await withSession(manager, seenWithoutCookies(request), reply, async (session) => {
      const token = await session.signIn(user_id, { data, ...(device !== undefined && { device }) });
      reply.header("etag", etagOf(session));
      return { session_token: token, ...describeSession(session) };
    });
    return reply.code(201).send(answer);
  });
}
