// A record as the memory store keeps it: the same in fewer bytes. Knows no store.

import { NO_DIGESTS, type SessionRecord } from "../core/record.ts";
import { isExpired } from "../core/validity.ts";

/**
 * V8 gives every instant 16 bytes of its own next to the record, but none to a whole number below 2^31: so all but one are kept
 * as milliseconds since `createdAt`. A longer time than the 25 days that this is works too, and takes what it took.
 */
export interface KeptRecord extends Pick<SessionRecord, "userId" | "secretDigest" | "data" | "createdAt" | "version"> {
  readonly rotatedAfter: number;
  readonly lastSeenAfter: number;
  readonly expiresAfter: number;
  readonly absoluteExpiresAfter: number;
  /** `null` while it says nothing, as in most records. */
  readonly rest: Rest | null;
}

type Rest = Pick<SessionRecord, "retiredDigests" | "authenticatedAt" | "device">;

export function pack(record: SessionRecord): KeptRecord {
  const { userId, secretDigest, data, createdAt, version } = record;
  return {
    userId,
    secretDigest,
    data,
    createdAt,
    version,
    rotatedAfter: after(createdAt, record.rotatedAt),
    lastSeenAfter: after(createdAt, record.lastSeenAt),
    expiresAfter: after(createdAt, record.expiresAt),
    absoluteExpiresAfter: after(createdAt, record.absoluteExpiresAt),
    rest: restOf(record),
  };
}

export function unpack(sid: string, kept: KeptRecord): SessionRecord {
  const { userId, secretDigest, data, createdAt, version } = kept;
  const { retiredDigests, authenticatedAt, device } = kept.rest ?? usualRest(kept);
  return Object.freeze({
    sid,
    userId,
    secretDigest,
    retiredDigests,
    data,
    createdAt,
    authenticatedAt,
    rotatedAt: createdAt + kept.rotatedAfter,
    lastSeenAt: createdAt + kept.lastSeenAfter,
    expiresAt: createdAt + kept.expiresAfter,
    absoluteExpiresAt: createdAt + kept.absoluteExpiresAfter,
    version,
    device,
  });
}

/** A difference of two instants has 16 bytes of its own too, even a small one, until it is made whole. */
function after(start: number, end: number): number {
  const time = end - start;
  return time === (time | 0) ? time | 0 : time;
}

/** As `isExpired` has it, without unpacking. */
export function isKeptExpired({ createdAt, expiresAfter }: KeptRecord, now: number): boolean {
  return isExpired({ expiresAt: createdAt + expiresAfter }, now);
}

function restOf(record: SessionRecord): Rest | null {
  const { retiredDigests, authenticatedAt, device } = record;
  const isUsual =
    retiredDigests.length === 0 && device === null && authenticatedAt === usualRest(record).authenticatedAt;
  return isUsual ? null : { retiredDigests, authenticatedAt, device };
}

/** A session begins with the proof of who its user is. */
function usualRest({ userId, createdAt }: Pick<SessionRecord, "userId" | "createdAt">): Rest {
  return { retiredDigests: NO_DIGESTS, authenticatedAt: userId === null ? null : createdAt, device: null };
}
