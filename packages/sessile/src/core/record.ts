// The record of one session, as a store keeps it, and the only place that decides whether it is valid, and for which
// secret.

import { familyOf, type KeyRing, offerNumber, sameDigest } from "./token.ts";

/** A session at rest. All instants are milliseconds since 1970. */
export interface SessionRecord {
  /** Public handle; names the session in lists, logs and URLs. Useless as a credential. */
  readonly sid: string;
  /** Whose session it is; `null` for an anonymous session that holds data. */
  readonly userId: string | null;
  /** Digest of the current secret. */
  readonly secretDigest: string;
  /** The other secrets of the session; `null` until it is first offered a new one. */
  readonly rotation: Rotation | null;
  /**
   * The application's data, as the JSON text of one object. Text, because a request that does not read the data then
   * never pays for parsing it, and because text cannot be shared by reference between two requests.
   */
  readonly data: string;
  /** When the session was made, in ms since 1970. */
  readonly createdAt: number;
  /** When the user proved who they are; `null` for an anonymous session. Sign-in sets it, and an elevation moves it. */
  readonly authenticatedAt: number | null;
  /** When the current secret became that: at the start, and with each rotation. */
  readonly rotatedAt: number;
  /** The last activity that was written down; a touch moves it. */
  readonly lastSeenAt: number;
  /** When the session ends unless it is used: the earlier of `absoluteExpiresAt` and `lastSeenAt` + idle timeout. */
  readonly expiresAt: number;
  /** When the session ends in any case. Set once, never moved (OWASP absolute timeout). */
  readonly absoluteExpiresAt: number;
  /** The idle timeout that the sign-in asked for, in ms; `null` for the manager's. */
  readonly idleTimeout: number | null;
  /** Whether the client keeps the token when it is closed. */
  readonly persistent: boolean;
  /** Reserved for the key of a device that the session is bound to; `null` until then. */
  readonly binding: string | null;
  /** Counts the changes of the data, from 1. */
  readonly version: number;
  /** Counts all writes of the record, touches and rotations too, from 1. */
  readonly writes: number;
  /** The device, as the application wants to show it, such as `"Firefox on Linux"`; `null` without one. */
  readonly device: string | null;
}

/** The secrets of a session beside its current one, as digests. The half `family` stands for all that it ever had. */
export interface Rotation {
  /** Digest of the half that all secrets of the session have in common. */
  readonly family: string;
  /**
   * The secret that was offered to the client last, until the client's use of it makes it the current one; `null` when
   * none is open.
   */
  readonly offer: string | null;
  /** When the newest secret was made. */
  readonly offeredAt: number;
  /** The number in the newest secret. A client with a higher one holds a secret that the store has lost. */
  readonly count: number;
  /** The number in the current secret. `count` - `taken` offers in a row were not used. */
  readonly taken: number;
  /** The secrets whose place the current one took, newest first. They are good for a grace after `rotatedAt`. */
  readonly previous: readonly string[];
}

/** At most so many: the one before the current secret, and an offer that was open then. */
export const MAX_PREVIOUS = 2;

/** Whether a value that a store has read is what `SessionRecord.rotation` holds. */
export function isRotation(value: unknown): value is Rotation | null {
  if (typeof value !== "object" || value === null) return value === null;
  const { family, offer, offeredAt, count, taken, previous } = value as Record<keyof Rotation, unknown>;
  const isText = (each: unknown): boolean => typeof each === "string";
  const isPrevious = Array.isArray(previous) && previous.length <= MAX_PREVIOUS && previous.every(isText);
  return (
    isText(family) &&
    (offer === null || isText(offer)) &&
    isPrevious &&
    [offeredAt, count, taken].every(Number.isSafeInteger)
  );
}

/** Freezes a rotation with its list. */
export function frozenRotation(rotation: Rotation | null): Rotation | null {
  if (rotation !== null) Object.freeze(rotation.previous);
  return Object.freeze(rotation);
}

/** No manager allows more bytes of data. So a store may take a longer text for damage, without looking into it. */
export const MAX_DATA_BYTES = 16 * 1024 ** 2;

/** Text of an empty data object. */
export const NO_DATA = "{}";

/** The relation of a presented secret to a record. */
export type Verdict =
  /** the current secret of a live session, its open offer, or a previous one inside its grace */
  | "valid"
  /** the session is over */
  | "expired"
  /** another secret that the session had: two parties hold the session, one of them stole it */
  | "reused"
  /** a newer secret than the store has: it lost writes */
  | "lost"
  /** a secret this session never had */
  | "unknown";

/** A verdict, and the stored digest that matches the secret; empty where none does. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly digest: string;
}

/** True from the first millisecond of `expiresAt` on. */
export function isExpired(record: Pick<SessionRecord, "expiresAt">, now: number): boolean {
  return now >= record.expiresAt;
}

/** The instant a session seen at `now` ends if nothing else happens. */
export function deadline(now: number, idleTimeout: number, absoluteExpiresAt: number): number {
  return Math.min(now + idleTimeout, absoluteExpiresAt);
}

/** The limits of this process, applied on top of those in the record: the shorter wins. All in ms. */
export interface Lifetimes {
  /** Of sessions without one of their own. */
  readonly idleTimeout: number;
  readonly longest: { readonly absolute: number; readonly idle: number };
  readonly rotationGrace: number;
}

/** The idle timeout of a session in this process, in ms. */
export function idleTimeoutOf({ idleTimeout: own }: SessionRecord, { idleTimeout, longest }: Lifetimes): number {
  return own === null ? idleTimeout : Math.min(own, longest.idle);
}

/** Judges a presented secret against a record. The family is computed only when nothing else matches. */
export function judge(
  record: SessionRecord,
  secret: string,
  now: number,
  settings: Lifetimes & { readonly keys: KeyRing },
): Judgement {
  const { rotation } = record;
  const digest = settings.keys.match(record, secret);
  const isGood =
    sameDigest(record.secretDigest, digest) ||
    (rotation !== null && isOther(rotation, digest, now < record.rotatedAt + settings.rotationGrace));
  if (!isGood && (rotation === null || !isOfFamily(record, rotation, secret, settings.keys)))
    return { digest: "", verdict: "unknown" };
  if (isOver(record, now, settings)) return { digest, verdict: "expired" };
  if (isGood) return { digest, verdict: "valid" };
  return { digest: "", verdict: offerNumber(secret) > (rotation as Rotation).count ? "lost" : "reused" };
}

function isOther({ offer, previous }: Rotation, digest: string, isInGrace: boolean): boolean {
  if (offer !== null && sameDigest(offer, digest)) return true;
  return isInGrace && previous.some((each) => sameDigest(each, digest));
}

function isOfFamily(record: SessionRecord, { family }: Rotation, secret: string, keys: KeyRing): boolean {
  return sameDigest(family, keys.match(record, familyOf(secret)));
}

/** True when the record's own deadline or one of this process's shorter limits has passed. */
export function isOver(record: SessionRecord, now: number, lifetimes: Lifetimes): boolean {
  return (
    isExpired(record, now) ||
    now >= record.lastSeenAt + idleTimeoutOf(record, lifetimes) ||
    now >= record.createdAt + lifetimes.longest.absolute
  );
}
