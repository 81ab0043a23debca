// What routes answer when they do not do as asked, as JSON Schema. Every description says when.

/** `{"detail": "…"}`. */
export function detail(description: string) {
  return { description, type: "object", required: ["detail"], properties: { detail: { type: "string" } } } as const;
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

export const UNAVAILABLE = detail("the store cannot answer; `Retry-After` says when to try again");
export const CONTRADICTION = detail("the request presents two different tokens");
export const NOBODY = detail("nobody is signed in: there is no token, or it is good for nothing");

/** Of every route that reads a token. */
export const TOKEN_ANSWERS = { 400: CONTRADICTION, 503: UNAVAILABLE } as const;

/** Of every route with a JSON body, beside what the route says. */
export const BODY_ANSWERS = {
  413: detail("the body is larger than the route takes; the connection is closed"),
  415: detail("the body is not JSON, or is compressed"),
  422: INVALID,
} as const;

/** Of every route that takes an API key. */
export const KEY_ANSWERS = {
  401: detail("there is no API key, or it is none of this server's; or, where a token is needed, nobody is signed in"),
  403: detail("the API key lacks the scope"),
  503: UNAVAILABLE,
} as const;
