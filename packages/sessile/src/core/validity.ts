// Whether a record is valid, and for which secret: the only place that decides it. Knows no store and no clock.

import type { SessionRecord } from "./record.ts";
import { sameDigest } from "./secret.ts";

/** What a presented secret is to a record. */
export type Verdict =
  /** the current secret of a live session, or the one before it inside its grace */
  | "valid"
  /** the session is over */
  | "expired"
  /** an earlier secret after its grace: two parties hold the session, one of them stole it */
  | "reused"
  /** a secret this session never had */
  | "unknown";

/** True from the first millisecond of `expiresAt` on. */
export function isExpired(record: Pick<SessionRecord, "expiresAt">, now: number): boolean {
  return now >= record.expiresAt;
}

/** The instant a session seen at `now` ends if nothing else happens. */
export function deadline(now: number, idleTimeout: number, absoluteExpiresAt: number): number {
  return Math.min(now + idleTimeout, absoluteExpiresAt);
}

/** The limits of this process, applied on top of what the record says: the shorter of stored and configured wins. */
export interface Lifetimes {
  readonly idleTimeout: number;
  readonly absoluteTimeout: number;
  readonly rotationGrace: number;
}

/** Judges the digest of a presented secret against a record. */
export function judge(record: SessionRecord, digest: string, now: number, lifetimes: Lifetimes): Verdict {
  const isCurrent = sameDigest(record.secretDigest, digest);
  const place = isCurrent ? -1 : record.retiredDigests.findIndex((each) => sameDigest(each, digest));
  if (!isCurrent && place === -1) return "unknown";
  if (isOver(record, now, lifetimes)) return "expired";
  const isInGrace = place === 0 && now < record.rotatedAt + lifetimes.rotationGrace;
  return isCurrent || isInGrace ? "valid" : "reused";
}

/** True when the record's own deadline or one of this process's shorter limits has passed. */
export function isOver(record: SessionRecord, now: number, lifetimes: Lifetimes): boolean {
  return (
    isExpired(record, now) ||
    now >= record.lastSeenAt + lifetimes.idleTimeout ||
    now >= record.createdAt + lifetimes.absoluteTimeout
  );
}
