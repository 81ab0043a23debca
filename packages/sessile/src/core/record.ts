// The record of one session, as a store keeps it, and the only place that decides whether it is valid, and for which
// secret.

import { sameDigest } from "./token.ts";

/** A session at rest. All instants are milliseconds since 1970. */
export interface SessionRecord {
  /** Public handle; names the session in lists, logs and URLs. Useless as a credential. */
  readonly sid: string;
  /** Whose session it is; `null` for an anonymous session that holds data. */
  readonly userId: string | null;
  /** Digest of the current secret. */
  readonly secretDigest: string;
  /**
   * Digests of earlier secrets, newest first, at most `MAX_RETIRED`. The first is valid for a grace after `rotatedAt`.
   */
  readonly retiredDigests: readonly string[];
  /**
   * The application's data, as the JSON text of one object. Text, because a request that does not read the data then
   * never pays for parsing it, and because text cannot be shared by reference between two requests.
   */
  readonly data: string;
  readonly createdAt: number;
  /** When the user proved who they are; `null` for an anonymous session. Set once: a new proof makes a new session. */
  readonly authenticatedAt: number | null;
  /** When the current secret was made. */
  readonly rotatedAt: number;
  /** The last activity that was written down; a touch moves it. */
  readonly lastSeenAt: number;
  /** When the session ends unless it is used: the earlier of `absoluteExpiresAt` and `lastSeenAt` + idle timeout. */
  readonly expiresAt: number;
  /** When the session ends in any case. Set once, never moved (OWASP absolute timeout). */
  readonly absoluteExpiresAt: number;
  /** Counts every commit, from 1. */
  readonly version: number;
  /** The device, as the application wants to show it, such as `"Firefox on Linux"`; `null` without one. */
  readonly device: string | null;
}

/** How many earlier secrets a record remembers in order to recognise one that was stolen. */
export const MAX_RETIRED = 8;

/** Those of a session that has its first secret. */
export const NO_DIGESTS: readonly string[] = Object.freeze([]);

/** No manager allows more bytes of data. So a store may take a longer text for damage, without looking into it. */
export const MAX_DATA_BYTES = 16 * 1024 ** 2;

/** Text of an empty data object. */
export const NO_DATA = "{}";

/** The relation of a presented secret to a record. */
export type Verdict =
  /** the current secret of a live session, or the one before it inside its grace */
  | "valid"
  /** the session is over */
  | "expired"
  /** an earlier secret after its grace: two parties hold the session, and one of them stole it */
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

/** The use of a session by one request. */
export interface Use {
  readonly record: SessionRecord;
  /** Digest of the secret that the request presented. */
  readonly digest: string | null;
  readonly isActivity: boolean;
  /** The age at which the secret is replaced; infinite where a new token could not reach the client. */
  readonly rotateAfter: number;
}

/** Whether a use has to be written: as a touch, or because it brings a new secret. */
export function isDue(use: Use, touchInterval: number, now: number): boolean {
  return (use.isActivity && now - use.record.lastSeenAt >= touchInterval) || isRotationDue(use, now);
}

/** The holder of a retired secret gets no new one: its successor exists already. */
export function isRotationDue({ record, digest, rotateAfter }: Use, now: number): boolean {
  if (digest !== record.secretDigest) return false;
  return now - record.rotatedAt >= rotateAfter;
}
