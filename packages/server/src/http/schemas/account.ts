// What a user's own routes take and answer, and the routes of whoever operates the server.

import { BODY_ANSWERS, CHANGING_ANSWERS, detail, NOBODY, TOKEN_ANSWERS } from "./answers.ts";
import { END_OWN_BODY, ENDED, NO_QUERY } from "./sessions.ts";

const OWN = { tags: ["account"], security: [{ sessionToken: [] }, { bearer: [] }] };

export const TOKEN = {
  description: "the token of a new session; the one that was presented has ended",
  type: "object",
  required: ["session_token"],
  properties: {
    session_token: { type: ["string", "null"], description: "null where browsers are handed the token in a cookie" },
  },
} as const;

export const DEMO_LOGIN = {
  operationId: "signIn",
  summary: "Sign in as the demo's user",
  description:
    "The demo, which serves while there is no file of users, asks for nothing and ignores whatever body it gets.",
  tags: ["account"],
  security: [],
  response: { 200: TOKEN, ...CHANGING_ANSWERS },
};

export const PROFILE = {
  ...OWN,
  operationId: "readProfile",
  summary: "Who is signed in",
  response: {
    200: {
      description: "the user; a number where the server knows its users itself",
      type: "object",
      required: ["username", "user_id"],
      properties: { username: { type: ["string", "null"] }, user_id: { type: ["integer", "string"] } },
    },
    ...TOKEN_ANSWERS,
    401: NOBODY,
  },
};

export const LOGOUT = {
  ...OWN,
  operationId: "signOut",
  summary: "Sign out",
  description: "However often, and whatever the token is good for.",
  response: {
    200: {
      description: "nobody is signed in with this token",
      type: "object",
      required: ["message"],
      properties: { message: { type: "string" } },
    },
    ...CHANGING_ANSWERS,
  },
};

const OWN_SESSIONS = { ...OWN, description: "Nobody else's sessions can be seen, ended or probed." };

export const LIST_OWN = {
  ...OWN_SESSIONS,
  operationId: "listOwnSessions",
  summary: "List one's own sessions",
};

export const OWN_ANSWERS = { ...TOKEN_ANSWERS, 401: NOBODY };

export const BAD_PAGE = detail("the request presents two different tokens, or asks for a page that cannot be");

export const END_OWN = {
  ...OWN_SESSIONS,
  operationId: "endOwnSessions",
  summary: "End one of one's own sessions, all but the present one, or all",
  description: [
    OWN_SESSIONS.description,
    "The body has exactly one of `sid`, `others` and `all`; there is no query.",
    "With a token in a cookie, the user must have signed in within the last five minutes.",
  ].join(" "),
  querystring: NO_QUERY,
  body: END_OWN_BODY,
  response: {
    200: ENDED,
    ...CHANGING_ANSWERS,
    ...BODY_ANSWERS,
    401: NOBODY,
    403: detail(
      "the token came in a cookie, and another site's page made the browser send this, or the sign-in is too old",
    ),
    404: detail("the session is over, never was, or is somebody else's"),
  },
};

function status(description: string) {
  return { description, type: "object", required: ["status"], properties: { status: { type: "string" } } } as const;
}

export const LIVE = {
  operationId: "isLive",
  summary: "Whether the process answers",
  tags: ["operations"],
  security: [],
  response: { 200: status("it does; the store is not asked") },
};

export const READY = {
  operationId: "isReady",
  summary: "Whether the server should be given requests",
  tags: ["operations"],
  security: [],
  response: {
    200: status("it should"),
    503: detail(
      "the server is stopping, its store does not answer within a second, or the file of its users was removed or exchanged",
    ),
  },
};
