// Schemas of error answers. Every description says when the answer comes.

const CHALLENGE = {
  "WWW-Authenticate": { type: "string", description: "what the request lacks (RFC 9110)" },
} as const;
const RETRY_AFTER = {
  "Retry-After": { type: "string", description: "seconds after which to try again" },
} as const;

/** `{"detail": "…"}`. */
export function detail(description: string, headers: object = {}) {
  const properties = { detail: { type: "string" } } as const;
  return { description, headers, type: "object", required: ["detail"], properties } as const;
}

/** A 401, which always comes with a challenge. */
export function challenged(description: string) {
  return detail(description, CHALLENGE);
}

/** A 429 or 503, which always says when to come back. */
export function postponed(description: string) {
  return detail(description, RETRY_AFTER);
}

export const INVALID = {
  description: "the request does not match the schema: one entry for each mistake, without the input",
  type: "object",
  required: ["detail"],
  properties: {
    detail: {
      type: "array",
      items: {
        type: "object",
        required: ["type", "loc", "msg"],
        properties: {
          type: { type: "string" },
          loc: { type: "array", items: { type: "string" } },
          msg: { type: "string" },
        },
      },
    },
  },
} as const;

export const UNAVAILABLE = postponed("the store cannot answer");
export const CONTRADICTION = detail("the request presents two different tokens");
export const NOBODY = challenged("not signed in: there is no token, or it is invalid");
export const CROSS_SITE = detail("with `--cookie`: the request comes from another site's page");

/** Of every route that reads a token, and of those among them that change something. */
export const TOKEN_ANSWERS = { 400: CONTRADICTION, 503: UNAVAILABLE } as const;
export const CHANGING_ANSWERS = { ...TOKEN_ANSWERS, 403: CROSS_SITE } as const;

/** Of every route with a JSON body, beside what the route says. */
export const BODY_ANSWERS = {
  400: detail("the body is not JSON, or the request presents two different tokens"),
  413: detail("the body is too large; the connection is closed"),
  415: detail("the body is not JSON, or is compressed"),
  422: INVALID,
} as const;

/** Of every route that takes an API key. */
export const KEY_ANSWERS = {
  401: challenged("there is no API key, or it is invalid"),
  403: detail("the API key lacks the scope"),
  503: UNAVAILABLE,
} as const;

/** Of every route that takes an API key and a token. */
export const KEY_AND_TOKEN_ANSWERS = {
  ...KEY_ANSWERS,
  400: CONTRADICTION,
  401: challenged("there is no valid API key; or there is one, and the token is not signed in"),
} as const;
