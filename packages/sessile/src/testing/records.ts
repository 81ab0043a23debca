// Sample records for tests of stores.

import { createHash, randomBytes } from "node:crypto";
import { MAX_PREVIOUS, NO_DATA, type SessionRecord } from "../core/record.ts";
import { newSid } from "../core/token.ts";

const HOUR = 60 * 60 * 1000;

/**
 * A record of a session that began now and lasts for hours, with a random sid and secret; `fields` replace any part.
 */
export function sampleRecord(fields: Partial<SessionRecord> = {}): SessionRecord {
  const now = fields.createdAt ?? Date.now();
  return Object.freeze({
    sid: newSid(),
    userId: null,
    secretDigest: randomDigest(),
    rotation: null,
    data: NO_DATA,
    createdAt: now,
    authenticatedAt: fields.userId == null ? null : now,
    rotatedAt: now,
    lastSeenAt: now,
    expiresAt: now + HOUR,
    absoluteExpiresAt: now + 24 * HOUR,
    idleTimeout: null,
    persistent: true,
    binding: null,
    version: 1,
    writes: 1,
    device: null,
    ...fields,
  });
}

/** A record in which every field has a value that stores easily lose. */
export function fullRecord(fields: Partial<SessionRecord> = {}): SessionRecord {
  return sampleRecord({
    userId: "Zoë:{1}*",
    rotation: Object.freeze({
      family: randomDigest(),
      offer: randomDigest(),
      offeredAt: Date.now(),
      count: 7,
      taken: 6,
      previous: Object.freeze(Array.from({ length: MAX_PREVIOUS }, randomDigest)),
    }),
    idleTimeout: 60_000,
    persistent: false,
    binding: 'ES256 {"crv":"P-256"}',
    data: JSON.stringify({ text: "ключ 🔑 \u2028 \\ \" '", n: 0.1, list: [null, true, { deep: [] }], half: "\ud83d" }),
    version: 7,
    writes: 9,
    device: "Firefox on Línux\n",
    ...fields,
  });
}

/** A text in the form of a secret's digest. */
export function randomDigest(): string {
  return createHash("sha256").update(randomBytes(16)).digest("base64url");
}
