// The digest of a secret, and its comparison. The only file that hashes secrets. Knows no store and no token format.

import { createHmac, createSecretKey, hash, type KeyObject, timingSafeEqual } from "node:crypto";
import { SessionError } from "./errors.ts";
import type { SessionRecord } from "./record.ts";

/** A key for the digests of secrets. */
export interface DigestKey {
  /** Names the key in stored digests: 1 to 16 letters and digits. Never reuse one for another key. */
  readonly id: string;
  /** At least 32 random bytes (ASVS 11.2.3). */
  readonly key: Uint8Array;
}

/** What a store may know of a secret: its SHA-256, base64url. Enough for 256 random bits (ASVS 6.5.2, 11.4.1). */
export function digestSecret(secret: string): string {
  return hash("sha256", secret, "base64url");
}

/**
 * Compares two digests in constant time (ASVS 11.2.4). Digests of different length are different, not an error. An empty one
 * equals nothing: it stands for "none", and who writes one into the store must not open a session with it.
 */
export function sameDigest(a: string, b: string): boolean {
  const left = Buffer.from(a, "latin1");
  const right = Buffer.from(b, "latin1");
  return left.length > 0 && left.length === right.length && timingSafeEqual(left, right);
}

/** Whose secret it is. */
type Owner = Pick<SessionRecord, "sid" | "userId">;

/**
 * Makes digests under a ring of keys: the first one makes new digests, all of them recognise their own. A stored digest
 * names its key, `<id>.<HMAC-SHA-256>`. So a key can be replaced without signing anybody out, and removing one ends exactly
 * the sessions under it. The HMAC also covers the sid and the user: whoever can write into the store, but has no key, can
 * neither make up a session nor give one to another user.
 */
export class Digests {
  readonly #keys: ReadonlyMap<string, KeyObject>;
  readonly #first: string | undefined;

  /** Without keys, digests are plain SHA-256. */
  constructor(keys: readonly DigestKey[]) {
    this.#keys = new Map(keys.map(({ id, key }) => [id, createSecretKey(key)]));
    this.#first = keys[0]?.id;
  }

  /** The digest of `secret` to store in the record of `owner`. */
  of(owner: Owner, secret: string): string {
    return this.#first === undefined ? digestSecret(secret) : this.#under(this.#first, owner, secret);
  }

  /** The digest of `secret` as it stands in `record`, current or retired; one that no record holds when it is in neither. */
  in(record: SessionRecord, secret: string): string {
    if (this.#first === undefined) return digestSecret(secret);
    for (const stored of [record.secretDigest, ...record.retiredDigests]) {
      const [id = ""] = stored.split(".", 1);
      const digest = this.#keys.has(id) && stored.includes(".") ? this.#under(id, record, secret) : "";
      if (digest !== "" && sameDigest(digest, stored)) return digest;
    }
    return "";
  }

  /** Secret and sid have fixed lengths and no user id is empty, so no two of these texts are the same. */
  #under(id: string, { sid, userId }: Owner, secret: string): string {
    const digest = createHmac("sha256", this.#keys.get(id) as KeyObject).update(secret + sid + (userId ?? ""));
    return `${id}.${digest.digest("base64url")}`;
  }
}

/** Refuses keys that are too short, too simple to be random, or ambiguous. Messages name the key's id, never the key. */
export function checkKeys(keys: readonly DigestKey[]): readonly DigestKey[] {
  const isList = Array.isArray(keys) && keys.every((each) => typeof each === "object" && each !== null);
  if (!isList) throw wrongKeys("a list of `{ id, key }`");
  for (const { id, key } of keys as readonly DigestKey[]) {
    if (typeof id !== "string" || !/^[A-Za-z0-9]{1,16}$/.test(id))
      throw wrongKeys("named by an `id` of 1 to 16 letters and digits");
    if (!(key instanceof Uint8Array) || key.length < 32)
      throw wrongKeys(`at least 32 random bytes, as key \`${id}\` is not`);
    if (new Set(key).size < 12) throw wrongKeys(`random, as key \`${id}\` is not: its bytes repeat`);
  }
  if (new Set(keys.map(({ id }) => id)).size < keys.length) throw wrongKeys("of different `id`s");
  return keys;
}

function wrongKeys(expected: string): SessionError {
  return new SessionError("ERR_SESSION_OPTION", `\`keys\` must be ${expected}.`);
}
