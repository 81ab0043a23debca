// `POST /sessions`: an application has found out who somebody is, and begins the session.

import type { FastifyInstance } from "fastify";
import { BODY_ANSWERS, detail, KEY_ANSWERS } from "../http/answers.ts";
import { DATA_BODY_LIMIT } from "../http/bodies.ts";
import { seenWithoutCookies, withSession } from "../http/direct-session.ts";
import type { SchemaTypes } from "../http/schema.ts";
import { checkTold } from "./check-told.ts";
import { describeSession, etagOf, tokenAnswer, USER_ID } from "./describe.ts";
import type { ApiParts } from "./routes.ts";

const BODY = {
  type: "object",
  required: ["user_id"],
  additionalProperties: false,
  properties: {
    user_id: USER_ID,
    data: { type: "object", description: "the first data: any JSON object of at most 64 KiB, 256 keys and 32 levels" },
    device: { type: "string", maxLength: 200, description: "a name of the device for lists" },
  },
} as const;

const SCHEMA = {
  operationId: "beginSession",
  summary: "Begin a session for a user whom the application has signed in",
  description: "If the request has a token, the new session replaces that token's session, which ends.",
  tags: ["sessions"],
  security: [{ apiKey: [] }, { apiKey: [], sessionToken: [] }],
  body: BODY,
  response: {
    201: tokenAnswer("the new session, with the only copy of its token"),
    409: detail("the user has too many sessions, or they were revoked at the same moment"),
    ...BODY_ANSWERS,
    ...KEY_ANSWERS,
  },
};

export function beginRoute(app: FastifyInstance, { manager, verifyHeaders = [] }: ApiParts): void {
  const options = { schema: SCHEMA, config: { scope: "sessions:create" as const }, bodyLimit: DATA_BODY_LIMIT };
  app.withTypeProvider<SchemaTypes>().post("/sessions", options, async (request, reply) => {
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
