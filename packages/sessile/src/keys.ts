// Digests under secret keys, for applications that do not trust all that can write into the store.

import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import { SessionError } from "./core/errors.ts";
import type { SessionRecord } from "./core/record.ts";
import { type KeyRing, type Owner, sameDigest } from "./core/token.ts";

export type { KeyRing } from "./core/token.ts";

/** A key for the digests of secrets. */
export interface DigestKey {
  /** Names the key in stored digests: 1 to 16 letters and digits. Never reuse one for another key. */
  readonly id: string;
  /** At least 32 random bytes (ASVS 11.2.3). */
  readonly key: Uint8Array;
}

/**
 * Makes digests under a ring of keys: the first one makes new digests, all of them recognise their own. A stored digest
 * names its key, `<id>.<HMAC-SHA-256>`. So a key can be replaced without signing any user out, and removing one ends
 * exactly the sessions under it. The HMAC also covers the sid and the user: write access to the store without a key is
 * not enough to make up a session or to give one to another user.
 *
 * Throws `ERR_SESSION_OPTION` for keys that are too short, too simple to be random, or ambiguous. Messages name a key's
 * id, never the key.
 */
export function keyRing(keys: readonly DigestKey[]): KeyRing {
  checkKeys(keys);
  const known = new Map(keys.map(({ id, key }) => [id, createSecretKey(key)]));
  const { id: first } = keys[0] as DigestKey;
  return {
    digest: (owner, secret) => digestUnder(known, first, owner, secret),
    match(record, secret) {
      for (const stored of digestsIn(record)) {
        const [id = ""] = stored.split(".", 1);
        const digest = known.has(id) && stored.includes(".") ? digestUnder(known, id, record, secret) : "";
        if (digest !== "" && sameDigest(digest, stored)) return digest;
      }
      return "";
    },
  };
}

function digestsIn({ secretDigest, rotation }: SessionRecord): readonly string[] {
  if (rotation === null) return [secretDigest];
  return [secretDigest, ...(rotation.offer === null ? [] : [rotation.offer]), ...rotation.previous, rotation.family];
}

/** A secret and a family have lengths of their own, a sid has one and no user id is empty, so no two of these texts are the same. */
function digestUnder(keys: ReadonlyMap<string, KeyObject>, id: string, { sid, userId }: Owner, secret: string): string {
  const digest = createHmac("sha256", keys.get(id) as KeyObject).update(secret + sid + (userId ?? ""));
  return `${id}.${digest.digest("base64url")}`;
}

function checkKeys(keys: readonly DigestKey[]): void {
  const isList = Array.isArray(keys) && [...keys].every((each) => typeof each === "object" && each !== null);
  if (!isList || keys.length === 0) throw wrongKeys("a list of `{ id, key }`");
  for (const { id, key } of keys) {
    if (typeof id !== "string" || !/^[A-Za-z0-9]{1,16}$/.test(id))
      throw wrongKeys("named by an `id` of 1 to 16 letters and digits");
    if (!(key instanceof Uint8Array) || key.length < 32)
      throw wrongKeys(`at least 32 random bytes, as key \`${id}\` is not`);
    if (new Set(key).size < 12) throw wrongKeys(`random, as key \`${id}\` is not: its bytes repeat`);
  }
  if (new Set(keys.map(({ id }) => id)).size < keys.length) throw wrongKeys("of different `id`s");
}

function wrongKeys(expected: string): SessionError {
  return new SessionError("ERR_SESSION_OPTION", `\`keys\` must be ${expected}.`);
}
