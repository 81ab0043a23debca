// The records of sessions that express-session began, in both modules that know it.

import { createHash } from "node:crypto";
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

/** 131 bits of a digest: the id itself is a credential, and stays out of the store. */
export function formerSid(id: string): string {
  const digest = createHash("sha256").update(`sessile express-session ${id}`).digest("hex");
  let rest = BigInt(`0x${digest}`);
  let sid = "";
  for (; sid.length < 22; rest /= 62n) sid += BASE62[Number(rest % 62n)];
  return sid;
}
