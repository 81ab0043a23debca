// What goes in and out of `/me/sessions`. An answer holds what is named here and nothing else.

const INSTANT = { type: "string", format: "date-time" } as const;

export const SESSION_QUERY = {
  type: "object",
  properties: {
    limit: { type: "integer", minimum: 1, maximum: 100, default: 50 },
    after: { type: "string", maxLength: 100 },
  },
} as const;

export const SESSION_PAGE = {
  description: "a page of the user's live sessions, oldest first",
  type: "object",
  required: ["sessions", "next"],
  properties: {
    sessions: {
      type: "array",
      items: {
        type: "object",
        required: ["sid", "device", "created_at", "last_seen_at", "expires_at", "current"],
        properties: {
          sid: { type: "string" },
          device: { type: ["string", "null"] },
          created_at: INSTANT,
          last_seen_at: INSTANT,
          expires_at: INSTANT,
          current: { type: "boolean" },
        },
      },
    },
    next: { type: ["string", "null"] },
  },
} as const;
