// A session as the API returns it, with the schemas for its document.

import type { SessionInfo } from "sessile";
import type { AnySession } from "../http/direct-session.ts";
import { answer, INSTANT, object, TEXT_OR_NULL } from "../http/schema.ts";

const COMMON = {
  sid: { type: "string", description: "names the session; useless as a credential" },
  user_id: TEXT_OR_NULL,
  created_at: INSTANT,
  authenticated_at: { ...TEXT_OR_NULL, format: "date-time" },
  last_seen_at: INSTANT,
  expires_at: { ...INSTANT, description: "when the session ends if it is not used" },
  absolute_expires_at: { ...INSTANT, description: "when the session ends, used or not" },
  persistent: { type: "boolean", description: "whether a browser keeps its cookie when it is closed" },
} as const;

const IDLE_TIMEOUT = { type: "number", description: "seconds that it may be without use" } as const;

const FULL = {
  ...COMMON,
  version: { type: "integer", description: "counts the changes of the data; the `ETag` holds the same number" },
  data: { type: "object", additionalProperties: true },
} as const;

export const USER_ID = {
  type: "string",
  minLength: 1,
  maxLength: 256,
  description: "the application's own id of the user, at most 256 bytes in UTF-8",
} as const;

/** The schema of a session in a list. */
export const LISTED = {
  description: "one of them",
  ...object({ ...COMMON, idle_timeout: IDLE_TIMEOUT, device: TEXT_OR_NULL }),
};

/** The page of a list that a query asks for, whatever other parameters it has. */
export function pageOf({ limit, after }: { limit?: number; after?: string }): { limit?: number; after?: string } {
  return { ...(limit !== undefined && { limit }), ...(after !== undefined && { after }) };
}

/** An answer with one session. */
export function sessionAnswer(description: string, more: Readonly<Record<string, object>> = {}) {
  const headers = { ETag: { type: "string", description: "the version, for `If-Match`" } };
  return { ...answer(description, { ...more, ...FULL }), headers };
}

/** An answer with one session, to a client that receives a new token. */
export function tokenAnswer(description: string) {
  return sessionAnswer(description, { session_token: { type: "string" } });
}

/** A session in a list. */
export function describeInfo(info: SessionInfo): object {
  return { ...describe(info), device: info.device, idle_timeout: info.idleTimeout / 1000 };
}

/** The whole session, with its data. */
export function describeSession(session: AnySession): object {
  const data = Object.fromEntries(session.keys().map((key) => [key, session.get(key)]));
  return { ...describe(session), version: session.version, data };
}

function describe(session: AnySession | SessionInfo): object {
  return {
    sid: session.sid,
    user_id: session.userId,
    created_at: instant(session.createdAt),
    authenticated_at: instant(session.authenticatedAt),
    last_seen_at: instant(session.lastSeenAt),
    expires_at: instant(session.expiresAt),
    absolute_expires_at: instant(session.absoluteExpiresAt),
    persistent: session.persistent,
  };
}

/** The tag covers the data; touches leave it as it is. */
export function etagOf({ version }: AnySession): string {
  return `"${version}"`;
}

/** RFC 9110 §13.1.1: a list of tags, or `*`. A weak tag matches nothing. */
export function isMatch(ifMatch: string, session: AnySession): boolean {
  return ifMatch.split(",").some((tag) => tag.trim() === "*" || tag.trim() === etagOf(session));
}

function instant(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
