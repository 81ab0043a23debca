// `POST /sessions`: begins a session for a user whom an application has authenticated.

import type { FastifyInstance } from "fastify";
import type { SessionManager } from "sessile";
import { BODY_ANSWERS, detail, KEY_ANSWERS } from "../http/answers.ts";
import { DATA_BODY_LIMIT } from "../http/bodies.ts";
import { seenWithoutCookies, withSession } from "../http/direct-session.ts";
import { type InputProblem, RequestError } from "../http/request-error.ts";
import type { SchemaTypes, Static } from "../http/schema.ts";
import { checkTold } from "./check-told.ts";
import { describeSession, etagOf, tokenAnswer, USER_ID } from "./describe.ts";
import type { ApiParts } from "./routes.ts";

const SECONDS = { type: "integer", minimum: 1 } as const;

const BODY = {
  type: "object",
  required: ["user_id"],
  additionalProperties: false,
  properties: {
    user_id: USER_ID,
    data: { type: "object", description: "the first data: any JSON object of at most 64 KiB, 256 keys and 32 levels" },
    device: { type: "string", maxLength: 200, description: "a name of the device for lists" },
    absolute_timeout: {
      ...SECONDS,
      description: "seconds until the session ends, used or not; at most --longest-session, default --absolute-timeout",
    },
    idle_timeout: {
      ...SECONDS,
      description: "seconds that it may be without use; at most --longest-session, default --idle-timeout",
    },
    persistent: {
      type: "boolean",
      description: "false: a browser that gets the token in this server's cookie forgets it when it is closed",
    },
  },
} as const;

type Asked = Omit<Static<typeof BODY>, "user_id" | "data">;

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
    const { user_id, data = {}, ...asked } = request.body;
    const arrival = { data, ...arrivalOf(asked, manager) };
    checkTold(verifyHeaders, data, "data");
    const { answer } = await withSession(manager, seenWithoutCookies(request), reply, async (session) => {
      const token = await session.signIn(user_id, arrival);
      reply.header("etag", etagOf(session));
      return { session_token: token, ...describeSession(session) };
    });
    return reply.code(201).send(answer);
  });
}

/** The API takes seconds, the library milliseconds. Throws 422 for a timeout that the server does not allow. */
function arrivalOf({ absolute_timeout, idle_timeout, ...asked }: Asked, { longest }: SessionManager) {
  const problems = [
    ...problemOf("absolute_timeout", absolute_timeout, longest.absolute),
    ...problemOf("idle_timeout", idle_timeout, longest.idle),
  ];
  if (problems.length > 0) throw new RequestError(422, problems);
  return {
    ...asked,
    ...(absolute_timeout !== undefined && { absoluteTimeout: absolute_timeout * 1000 }),
    ...(idle_timeout !== undefined && { idleTimeout: idle_timeout * 1000 }),
  };
}

function problemOf(name: string, seconds: number | undefined, longest: number): InputProblem[] {
  const most = Math.floor(longest / 1000);
  if (seconds === undefined || seconds <= most) return [];
  const msg = `Input must be <= ${most} seconds, the longest that this server allows; --longest-session raises it`;
  return [{ type: "maximum", loc: ["body", name], msg }];
}
