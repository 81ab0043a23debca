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
          device: { type: "string", nullable: true },
          created_at: INSTANT,
          last_seen_at: INSTANT,
          expires_at: INSTANT,
          current: { type: "boolean" },
        },
      },
    },
    next: { type: "string", nullable: true },
  },
} as const;

export const ENDED = {
  type: "object",
  required: ["ended"],
  properties: { ended: { type: "integer" } },
} as const;
