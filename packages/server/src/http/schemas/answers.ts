// What routes answer when they do not do as asked, as JSON Schema. Every description says when.

const CHALLENGE = {
  "WWW-Authenticate": { type: "string", description: "what a request must hold (RFC 9110)" },
} as const;
const RETRY_AFTER = {
  "Retry-After": { type: "string", description: "seconds until it is worth trying again" },
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
  description: "the request is not what the route takes: one entry for each thing that is wrong, and never the input",
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
export const NOBODY = challenged("nobody is signed in: there is no token, or it is good for nothing");
export const CROSS_SITE = detail("with `--cookie`: another site's page made the browser send this request");

/** Of every route that reads a token, and of those among them that change something. */
export const TOKEN_ANSWERS = { 400: CONTRADICTION, 503: UNAVAILABLE } as const;
export const CHANGING_ANSWERS = { ...TOKEN_ANSWERS, 403: CROSS_SITE } as const;

/** Of every route with a JSON body, beside what the route says. */
export const BODY_ANSWERS = {
  400: detail("the body is no JSON, or the request presents two different tokens"),
  413: detail("the body is larger than the route takes; the connection is closed"),
  415: detail("the body is not JSON, or is compressed"),
  422: INVALID,
} as const;

/** Of every route that takes an API key. */
export const KEY_ANSWERS = {
  401: challenged("there is no API key, or it is none of this server's"),
  403: detail("the API key lacks the scope"),
  503: UNAVAILABLE,
} as const;

/** Of every route that takes an API key and a token. */
export const KEY_AND_TOKEN_ANSWERS = {
  ...KEY_ANSWERS,
  400: CONTRADICTION,
  401: challenged("there is no good API key; or there is one, and nobody is signed in"),
} as const;
