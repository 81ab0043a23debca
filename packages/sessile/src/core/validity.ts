// Whether a record is valid, and for which secret: the only place that decides it. Knows no store and no clock.

import type { SessionRecord } from "./record.ts";
import { sameDigest } from "./secret.ts";

/** What a presented secret is to a record. */
export type Verdict =
  /** the current secret of a live session */
  | "current"
  /** the secret before it, still inside its grace: valid, but it cannot rotate */
  | "retired"
  /** the session is over */
  | "expired"
  /** an earlier secret after its grace: two parties hold the session, one of them stole it */
  | "reused"
  /** a secret this session never had */
  | "unknown";

/** Whether a secret of this kind opens the session. */
export function isValid(verdict: Verdict): boolean {
  return verdict === "current" || verdict === "retired";
}

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
  const secret = matchSecret(record, digest);
  if (secret === "unknown") return "unknown";
  if (isOver(record, now, lifetimes)) return "expired";
  if (secret === 0) return "current";
  return secret === 1 && now < record.rotatedAt + lifetimes.rotationGrace ? "retired" : "reused";
}

/** True when the record's own deadline or one of this process's shorter limits has passed. */
export function isOver(record: SessionRecord, now: number, lifetimes: Lifetimes): boolean {
  return (
    isExpired(record, now) ||
    now >= record.lastSeenAt + lifetimes.idleTimeout ||
    now >= record.createdAt + lifetimes.absoluteTimeout
  );
}

/** How many rotations ago the secret was current; `"unknown"` when it never was. */
function matchSecret(record: SessionRecord, digest: string): number | "unknown" {
  if (sameDigest(record.secretDigest, digest)) return 0;
  const index = record.retiredDigests.findIndex((retired) => sameDigest(retired, digest));
  return index === -1 ? "unknown" : index + 1;
}
