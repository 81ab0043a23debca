// `/sessions/current`: an application reads, changes, rotates and ends the session of the token in its request.

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { SessionManager } from "sessile";
import { BODY_ANSWERS, detail, ENDED, KEY_AND_TOKEN_ANSWERS } from "../http/answers.ts";
import { DATA_BODY_LIMIT } from "../http/bodies.ts";
import { type AnySession, type Settled, seenWithoutCookies, withSession } from "../http/direct-session.ts";
import { RequestError, signedIn } from "../http/request-error.ts";
import type { SchemaTypes, Static } from "../http/schema.ts";
import { checkTold } from "./check-told.ts";
import { describeSession, etagOf, isMatch, sessionAnswer, tokenAnswer } from "./describe.ts";
import type { ApiParts } from "./routes.ts";

const COMMON = { tags: ["sessions"], security: [{ apiKey: [], sessionToken: [] }] };

const SESSION = sessionAnswer("the session");

const READ = {
  ...COMMON,
  operationId: "readSession",
  summary: "Read the session of a token",
  description: "Counts as use: it moves the idle deadline, at most once a minute.",
  response: { 200: SESSION, ...KEY_AND_TOKEN_ANSWERS },
};

const CHANGE = {
  ...COMMON,
  operationId: "changeData",
  summary: "Change keys of the session's data",
  description:
    "Concurrent changes of different keys are both kept; of the same key the last one wins, unless `If-Match` is sent.",
  headers: {
    type: "object",
    properties: {
      "if-match": {
        type: "string",
        maxLength: 1000,
        description: "an `ETag`: the change is made only while the session is at that version",
      },
    },
  },
  body: {
    type: "object",
    additionalProperties: false,
    properties: {
      set: { type: "object", description: "top-level keys and their new values; other keys stay as they are" },
      remove: {
        type: "array",
        maxItems: 256,
        items: { type: "string" },
        description: "top-level keys to remove, before `set`",
      },
    },
  },
  response: {
    200: SESSION,
    ...KEY_AND_TOKEN_ANSWERS,
    412: detail("the session has another version than `If-Match`; nothing was changed"),
    ...BODY_ANSWERS,
  },
} as const;

const ROTATE = {
  ...COMMON,
  operationId: "rotateToken",
  summary: "Give the session a new token",
  response: {
    200: tokenAnswer("the new token; the one before works for 60 seconds more"),
    ...KEY_AND_TOKEN_ANSWERS,
    409: detail("the token was already replaced; use its successor"),
  },
};

const END = {
  ...COMMON,
  operationId: "endSession",
  summary: "End the session of a token",
  description: "Succeeds as often as it is called, also with an invalid token.",
  response: { 200: ENDED, ...KEY_AND_TOKEN_ANSWERS },
};

export function currentRoutes(app: FastifyInstance, { manager, verifyHeaders = [] }: ApiParts): void {
  app.get("/sessions/current", { schema: READ, config: { scope: "sessions:read" } }, async (request, reply) => {
    const { answer } = await current(manager, request, reply, async (session) => show(session, reply));
    return answer;
  });

  app
    .withTypeProvider<SchemaTypes>()
    .patch(
      "/sessions/current/data",
      { schema: CHANGE, config: { scope: "sessions:write" }, bodyLimit: DATA_BODY_LIMIT },
      async (request, reply) => {
        const { body, headers } = request;
        checkTold(verifyHeaders, body.set ?? {}, "set");
        const { answer } = await current(manager, request, reply, async (session) => {
          change(session, body, headers["if-match"]);
          return show(session, reply);
        });
        return answer;
      },
    );

  app.post(
    "/sessions/current/rotate",
    { schema: ROTATE, config: { scope: "sessions:write" } },
    async (request, reply) => {
      const { answer, token } = await current(manager, request, reply, async (session) => {
        session.rotate();
        return session;
      });
      signedIn(answer); // it may have ended meanwhile
      if (token === null) throw new RequestError(409, "The token was replaced already");
      reply.header("etag", etagOf(answer));
      return { session_token: token, ...describeSession(answer) };
    },
  );

  app.delete("/sessions/current", { schema: END, config: { scope: "sessions:write" } }, async (request, reply) => {
    const { answer } = await withSession(manager, seenWithoutCookies(request), reply, async (session) => {
      const ended = Number(session.isSignedIn());
      await session.signOut();
      return { ended };
    });
    return answer;
  });
}

function current<T>(
  manager: SessionManager,
  request: Pick<FastifyRequest, "raw">,
  reply: FastifyReply,
  work: (session: AnySession) => Promise<T>,
): Promise<Settled<T>> {
  return withSession(manager, seenWithoutCookies(request), reply, (session) => work(signedIn(session)));
}

/** The stored state, with this request's changes and touch, so that its version fits the next `If-Match`. */
async function show(session: AnySession, reply: FastifyReply): Promise<object> {
  await session.commit();
  signedIn(session); // it may have ended meanwhile
  reply.header("etag", etagOf(session));
  return describeSession(session);
}

/** `*` accepts any version, so it is the same as no condition. */
function change(session: AnySession, delta: Static<typeof CHANGE.body>, ifMatch = "*"): void {
  if (!isMatch(ifMatch, session)) throw changed();
  const isConditional = ifMatch.trim() !== "*";
  for (const key of delta.remove ?? []) {
    if (isConditional) session.update(key, once(undefined));
    else session.remove(key);
  }
  for (const [key, value] of Object.entries(delta.set ?? {})) {
    if (isConditional) session.update(key, once(value));
    else session.set(key, value);
  }
}

/** `update` runs its function again only when the session has changed, which `If-Match` excludes. */
function once<T>(value: T): () => T {
  let isFirst = true;
  return () => {
    if (!isFirst) throw changed();
    isFirst = false;
    return value;
  };
}

function changed(): RequestError {
  return new RequestError(412, "The session has changed");
}
