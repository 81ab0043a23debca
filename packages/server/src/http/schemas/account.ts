// Schemas of the users' own routes, and of those for operators.

import { BODY_ANSWERS, CHANGING_ANSWERS, detail, NOBODY, TOKEN_ANSWERS } from "./answers.ts";
import { END_OWN_BODY, ENDED, NO_QUERY } from "./sessions.ts";

const OWN = { tags: ["account"], security: [{ sessionToken: [] }, { bearer: [] }] };

export const TOKEN = {
  description: "the token of a new session; the presented one has ended",
  type: "object",
  required: ["session_token"],
  properties: {
    session_token: { type: ["string", "null"], description: "null where browsers get the token in a cookie" },
  },
} as const;

export const DEMO_LOGIN = {
  operationId: "signIn",
  summary: "Sign in as the demo's user",
  description: "The demo, which serves until there is a file of users, needs no input and ignores any body.",
  tags: ["account"],
  security: [],
  response: { 200: TOKEN, ...CHANGING_ANSWERS },
};

export const PROFILE = {
  ...OWN,
  operationId: "readProfile",
  summary: "Read the signed-in user",
  response: {
    200: {
      description: "the user; the id is a number for a user in the server's own file",
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
  description: "Succeeds as often as it is called, also with an invalid token.",
  response: {
    200: {
      description: "the token is not signed in",
      type: "object",
      required: ["message"],
      properties: { message: { type: "string" } },
    },
    ...CHANGING_ANSWERS,
  },
};

const OWN_SESSIONS = { ...OWN, description: "The sessions of other users cannot be seen, ended or probed." };

export const LIST_OWN = {
  ...OWN_SESSIONS,
  operationId: "listOwnSessions",
  summary: "List your own sessions",
};

export const OWN_ANSWERS = { ...TOKEN_ANSWERS, 401: NOBODY };

export const BAD_PAGE = detail("the request presents two different tokens, or asks for an impossible page");

export const END_OWN = {
  ...OWN_SESSIONS,
  operationId: "endOwnSessions",
  summary: "End one of your own sessions, all but the present one, or all",
  description: [
    OWN_SESSIONS.description,
    "The body has exactly one of `sid`, `others` and `all`; a query is refused.",
    "With a token in a cookie, the user must have signed in within the last five minutes.",
  ].join(" "),
  querystring: NO_QUERY,
  body: END_OWN_BODY,
  response: {
    200: ENDED,
    ...CHANGING_ANSWERS,
    ...BODY_ANSWERS,
    401: NOBODY,
    403: detail("the token came in a cookie, and the request comes from another site's page or the sign-in is too old"),
    404: detail("the session has ended, never existed, or belongs to another user"),
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
  response: { 200: status("it answers; the store is not asked") },
};

export const READY = {
  operationId: "isReady",
  summary: "Whether the server is ready for requests",
  tags: ["operations"],
  security: [],
  response: {
    200: status("it is ready"),
    503: detail(
      "the server is stopping, its store does not answer within a second, or the file of its users was removed or exchanged",
    ),
  },
};
