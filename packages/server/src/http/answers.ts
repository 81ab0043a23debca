// Answers that several routes share, as JSON Schema. The description of an error names its cause.

import { answer, object, TEXT_OR_NULL } from "./schema.ts";

const CHALLENGE = {
  "WWW-Authenticate": { type: "string", description: "what the request lacks (RFC 9110)" },
} as const;
const RETRY_AFTER = {
  "Retry-After": { type: "string", description: "seconds after which to try again" },
} as const;

/** An error with the body `{"detail": "…"}`. */
export function detail(description: string, headers: object = {}) {
  return { headers, ...answer(description, { detail: { type: "string" } }) } as const;
}

/** A 401, always with a challenge. */
export function challenged(description: string) {
  return detail(description, CHALLENGE);
}

/** A 429 or 503, always with a `Retry-After`. */
export function postponed(description: string) {
  return detail(description, RETRY_AFTER);
}

export const INVALID = answer("the request does not match the schema: one entry for each mistake, without the input", {
  detail: {
    type: "array",
    items: object({
      type: { type: "string" },
      loc: { type: "array", items: { type: "string" } },
      msg: { type: "string" },
    }),
  },
});

export const TOKEN = answer("the token of a new session; the presented one has ended", {
  session_token: { ...TEXT_OR_NULL, description: "null where browsers get the token in a cookie" },
});

export const ENDED = answer("the number of sessions that ended", { ended: { type: "integer" } });

export const UNAVAILABLE = postponed("the store cannot answer");
export const CONTRADICTION = detail("the request presents two different tokens");
export const NOBODY = challenged("not signed in: there is no token, or it is invalid");
export const CROSS_SITE = detail("with `--cookie`: the request comes from another site's page");

/** Answers of every route that reads a token, and of those that also change something. */
export const TOKEN_ANSWERS = { 400: CONTRADICTION, 503: UNAVAILABLE } as const;
export const CHANGING_ANSWERS = { ...TOKEN_ANSWERS, 403: CROSS_SITE } as const;

/** Answers of every route with a JSON body, beside the route's own. */
export const BODY_ANSWERS = {
  400: detail("the body is not JSON, or the request presents two different tokens"),
  413: detail("the body is too large; the connection is closed"),
  415: detail("the body is not JSON, or is compressed"),
  422: INVALID,
} as const;

/** Answers of every route that takes an API key. */
export const KEY_ANSWERS = {
  401: challenged("there is no API key, or it is invalid"),
  403: detail("the API key lacks the scope"),
  503: UNAVAILABLE,
} as const;

/** Answers of every route that takes an API key and a token. */
export const KEY_AND_TOKEN_ANSWERS = {
  ...KEY_ANSWERS,
  400: CONTRADICTION,
  401: challenged("there is no valid API key; or there is one, and the token is not signed in"),
} as const;
