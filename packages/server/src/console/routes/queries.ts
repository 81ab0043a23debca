// What the lists of the admin page can be asked for, and the bodies of what it does, as JSON Schema.

import { endBody } from "../../http/schemas/sessions.ts";

export interface ListQuery {
  readonly limit: number;
  readonly after?: string;
  readonly device?: string;
  /** `<5`: within the last 5 minutes; `>30`: not within the last 30. */
  readonly used?: string;
  readonly kind?: "users" | "anonymous";
}

export const LIST_QUERY = {
  type: "object",
  properties: {
    limit: { type: "integer", minimum: 1, maximum: 100, default: 50 },
    after: { type: "string", maxLength: 100 },
    device: { type: "string", maxLength: 100 },
    used: { type: "string", pattern: "^[<>][0-9]{1,6}$" },
    kind: { type: "string", enum: ["users", "anonymous"] },
  },
} as const;

export const SEARCH_QUERY = {
  type: "object",
  required: ["q"],
  properties: { q: { type: "string", minLength: 1, maxLength: 300 } },
} as const;

export const SID_QUERY = {
  type: "object",
  required: ["sid"],
  properties: { sid: { type: "string", minLength: 1, maxLength: 100 } },
} as const;

export const USER_QUERY = {
  type: "object",
  required: ["userId"],
  properties: { userId: { type: "string", minLength: 1 } },
} as const;

export const AUDIT_QUERY = {
  type: "object",
  properties: {
    limit: { type: "integer", minimum: 1, maximum: 100, default: 50 },
    before: { type: "integer", minimum: 1 },
  },
} as const;

const SID = SID_QUERY.properties.sid;
const YES = { type: "boolean", const: true } as const;

export const SID_BODY = endBody({ sid: SID });

export const END_USER_BODY = endBody({ all: YES, except: SID }, USER_QUERY.properties);

/** Says so in words: no request for less becomes this one by losing a part. */
export const END_EVERYONE_BODY = endBody({ everyone: YES });
