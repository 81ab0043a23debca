// The digest of a secret, and its comparison. Knows no store and no token format.

import { hash, timingSafeEqual } from "node:crypto";
import type { SessionRecord } from "./record.ts";

/** What a store may know of a secret: its SHA-256, base64url. Enough for 256 random bits (ASVS 6.5.2, 11.4.1). */
export function digestSecret(secret: string): string {
  return hash("sha256", secret, "base64url");
}

let [left, right] = [Buffer.alloc(0), Buffer.alloc(0)];

/**
 * Compares two digests in constant time (ASVS 11.2.4). Digests of different length are different, not an error. An empty one
 * equals nothing: it stands for "none", and who writes one into the store must not open a session with it.
 */
export function sameDigest(a: string, b: string): boolean {
  if (a.length === 0 || a.length !== b.length) return false;
  // Nearly all digests of a program have one length, and two buffers for each comparison cost more than the comparison.
  if (left.length !== a.length) [left, right] = [Buffer.alloc(a.length), Buffer.alloc(a.length)];
  for (let index = 0; index < a.length; index++) {
    left[index] = a.charCodeAt(index);
    right[index] = b.charCodeAt(index);
  }
  return timingSafeEqual(left, right);
}

/** Whose secret it is. */
export type Owner = Pick<SessionRecord, "sid" | "userId">;

/** How secrets become digests. */
export interface KeyRing {
  /** The digest of `secret` to store in the record of `owner`. */
  of(owner: Owner, secret: string): string;
  /** The digest of `secret` as it stands in `record`, current or retired; one that no record holds when it is in neither. */
  in(record: SessionRecord, secret: string): string;
}

/** Digests without keys: plain SHA-256. */
export const NO_KEYS: KeyRing = {
  of: (_owner, secret) => digestSecret(secret),
  in: (_record, secret) => digestSecret(secret),
};
