// The records of sessions that express-session began, in both modules that know it.

import { hash } from "node:crypto";
import type { SessionRecord } from "../core/record.ts";
import { BASE62 } from "../core/token.ts";

/** No secret has this digest, so no token opens a session of express-session. */
export const NO_DIGEST = "";

/** The fields of a record of express-session that differ from one to another. */
type ExpressFields = Pick<
  SessionRecord,
  "sid" | "userId" | "data" | "expiresAt" | "absoluteExpiresAt" | "idleTimeout"
> & { readonly persistent?: boolean };

/** A new record of a session of express-session. Its id opens it, and no token does. */
export function expressRecord(fields: ExpressFields, now: number): SessionRecord {
  return {
    persistent: true,
    ...fields,
    secretDigest: NO_DIGEST,
    rotation: null,
    createdAt: now,
    authenticatedAt: null,
    rotatedAt: now,
    lastSeenAt: now,
    binding: null,
    version: 1,
    writes: 1,
    device: null,
  };
}

/** 130 bits of a digest: the id itself is a credential, and stays out of the store. */
export function formerSid(id: string): string {
  const digest = hash("sha256", `sessile express-session ${id}`, "buffer");
  let sid = "";
  for (const byte of digest.subarray(0, 22)) sid += BASE62[byte % 62];
  return sid;
}
