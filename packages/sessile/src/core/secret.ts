// The digest of a secret, and its comparison. The only file that hashes. Knows no store and no token format.

import { hash, timingSafeEqual } from "node:crypto";

/** What a store may know of a secret: its SHA-256, base64url. Enough for 256 random bits (ASVS 6.5.2, 11.4.1). */
export function digestSecret(secret: string): string {
  return hash("sha256", secret, "base64url");
}

/** Compares two digests in constant time (ASVS 11.2.4). Digests of different length are different, not an error. */
export function sameDigest(a: string, b: string): boolean {
  const left = Buffer.from(a, "latin1");
  const right = Buffer.from(b, "latin1");
  return left.length === right.length && timingSafeEqual(left, right);
}
