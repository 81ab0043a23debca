// Schemas of sessions. An answer has these properties and no others.

const INSTANT = { type: "string", format: "date-time" } as const;

const COMMON = {
  sid: { type: "string", description: "names the session; useless as a credential" },
  user_id: { type: ["string", "null"] },
  created_at: INSTANT,
  authenticated_at: { type: ["string", "null"], format: "date-time" },
  last_seen_at: INSTANT,
  expires_at: { ...INSTANT, description: "when the session ends if it is not used" },
} as const;

/** What lists show of a session. */
const LISTED = { ...COMMON, device: { type: ["string", "null"] } } as const;

const FULL = {
  ...COMMON,
  version: { type: "integer", description: "counts every write; the `ETag` holds the same number" },
  data: { type: "object", additionalProperties: true },
} as const;

const ETAG = { ETag: { type: "string", description: "the version, for `If-Match`" } } as const;

export const SESSION = { ...object("the session", FULL), headers: ETAG };

const WITH_TOKEN = { session_token: { type: "string" }, ...FULL } as const;

export const NEW_SESSION = {
  ...object("the new session, with the only copy of its token", WITH_TOKEN),
  headers: ETAG,
};

export const ROTATED = {
  ...object("the new token; the one before works for 60 seconds more", WITH_TOKEN),
  headers: ETAG,
};

export const USER_SESSIONS = object("a page of the user's live sessions, oldest first", {
  sessions: { type: "array", items: object("one of them", LISTED) },
  next: { type: ["string", "null"], description: "`after` of the next page; null on the last" },
});

export const ENDED = object("the number of sessions that ended", { ended: { type: "integer" } });

const PAGE = {
  limit: { type: "integer", minimum: 1, maximum: 100, default: 50, description: "sessions on a page, at most" },
  after: { type: "string", maxLength: 200, description: "`next` of the page before" },
} as const;

const USER_ID = {
  type: "string",
  minLength: 1,
  maxLength: 256,
  description: "the application's own id of the user, at most 256 bytes in UTF-8",
} as const;
const SID = { type: "string", minLength: 1, maxLength: 100 } as const;
const YES = { type: "boolean", const: true } as const;

export const USER_PAGE_QUERY = {
  type: "object",
  required: ["user_id"],
  properties: { user_id: USER_ID, ...PAGE },
} as const;

/** Which sessions end is in the body alone. A query would be something that the route does not read. */
export const NO_QUERY = { type: "object", additionalProperties: false, properties: {} } as const;

/**
 * The body of a request that ends sessions: `whose`, where it is not the client's own, and exactly one of `choices`. So a body that
 * lost a part, as a value that is `undefined` in JavaScript does, is refused instead of ending more.
 */
export function endBody<Choices extends Readonly<Record<string, object>>>(choices: Choices, whose: object = {}) {
  const required = Object.keys(whose);
  const count = required.length + 1;
  return {
    type: "object",
    required,
    minProperties: count,
    maxProperties: count,
    additionalProperties: false,
    properties: { ...whose, ...choices },
  } as const;
}

export const END_USER_BODY = endBody(
  {
    sid: { ...SID, description: "this session" },
    all: { ...YES, description: "every session of the user" },
  },
  { user_id: USER_ID },
);

export const END_OWN_BODY = endBody({
  sid: { ...SID, description: "this session" },
  others: { ...YES, description: "every session but the present one" },
  all: { ...YES, description: "every session, the present one included" },
});

export const NEW_SESSION_BODY = {
  type: "object",
  required: ["user_id"],
  additionalProperties: false,
  properties: {
    user_id: USER_ID,
    data: { type: "object", description: "the first data: any JSON object of at most 64 KiB, 256 keys and 32 levels" },
    device: { type: "string", maxLength: 200, description: "a name of the device for lists" },
  },
} as const;

export const DELTA_BODY = {
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
} as const;

export const IF_MATCH = {
  type: "object",
  properties: {
    "if-match": {
      type: "string",
      maxLength: 1000,
      description: "an `ETag`: the change is made only while the session is at that version",
    },
  },
} as const;

function object<Properties extends Readonly<Record<string, object>>>(description: string, properties: Properties) {
  return { description, type: "object", required: Object.keys(properties), properties } as const;
}
