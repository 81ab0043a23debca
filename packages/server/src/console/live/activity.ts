// The latest events of sessions, in the form of the page.

import type { EventFeed, FeedEvent } from "../../http/metrics/event-feed.ts";
import type { Activity } from "../api.ts";

type NameOf = (userId: string) => string | null;

/** Newest first. */
export function lastActivity(feed: EventFeed, nameOf: NameOf, limit: number): Activity[] {
  return feed
    .last()
    .filter(isActivity)
    .slice(-limit)
    .reverse()
    .map((event) => toActivity(event, nameOf));
}

const KINDS: ReadonlySet<string> = new Set(["signedIn", "rotated", "signedOut", "expired", "revoked"]);

export function isActivity({ event }: FeedEvent): boolean {
  return KINDS.has(event);
}

export function toActivity({ number, at, event, sid, userId, reason }: FeedEvent, nameOf: NameOf): Activity {
  const user = typeof userId === "string" ? userId : null;
  const kind = event === "revoked" ? (reason ?? event) : event;
  return {
    id: number,
    at,
    kind: kind as Activity["kind"],
    sid: String(sid),
    userId: user,
    userName: user === null ? null : nameOf(user),
  };
}
