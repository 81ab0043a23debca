// A session as the API shows it. Knows no route.

import type { SessionInfo } from "sessile";
import type { AnySession } from "../http/direct-session.ts";

/** What lists show. */
export function describeInfo(info: SessionInfo): object {
  return {
    sid: info.sid,
    user_id: info.userId,
    device: info.device,
    created_at: instant(info.createdAt),
    authenticated_at: info.authenticatedAt === null ? null : instant(info.authenticatedAt),
    last_seen_at: instant(info.lastSeenAt),
    expires_at: instant(info.expiresAt),
  };
}

/** The session itself, with its data. */
export function describeSession(session: AnySession): object {
  return {
    sid: session.sid,
    user_id: session.userId,
    created_at: instant(session.createdAt),
    authenticated_at: instant(session.authenticatedAt),
    last_seen_at: instant(session.lastSeenAt),
    expires_at: instant(session.expiresAt),
    version: session.version,
    data: Object.fromEntries(session.keys().map((key) => [key, session.get(key)])),
  };
}

/** A strong validator: every write changes it, the touch too, because the answer shows `last_seen_at`. */
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
