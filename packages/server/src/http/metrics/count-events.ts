// Counts the events of the security log, and passes them to the live feed.

import type { SecurityLog } from "../log/security-log.ts";
import type { EventFeed } from "./event-feed.ts";
import type { Metrics } from "./metrics.ts";

/** Sessions end with one of these events; `revoked` has the cause as its reason. */
const ENDINGS = new Set(["signedOut", "expired", "revoked"]);

/** Counts and forwards every event from now on. */
export function countEvents(security: SecurityLog, metrics: Metrics, feed: EventFeed): void {
  security.onEvent((entry) => {
    const { event, reason } = entry;
    metrics.count("sessile_security_events_total", event);
    if (event === "created") metrics.count("sessile_sessions_created_total");
    if (event === "rotated") metrics.count("sessile_sessions_rotated_total");
    if (ENDINGS.has(event)) metrics.count("sessile_sessions_ended_total", causeOf(event, reason));
    feed.add(entry);
  });
}

/** `revoked` for a session ended from elsewhere; else `limit`, `reuse` or `failed`. */
function causeOf(event: string, reason: unknown): string {
  return event === "revoked" ? String(reason ?? "revoked") : event;
}
