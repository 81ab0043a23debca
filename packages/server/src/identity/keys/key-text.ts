// The text of an API key: its form, its parts, its digest.

import { createHash, randomBytes } from "node:crypto";

/** The parts of a key: a public id for the look-up, and a secret. */
export interface KeyParts {
  readonly id: string;
  readonly secret: string;
}

/** 64 bits identify a key, 256 bits open it. */
const ID_BYTES = 8;
const SECRET_BYTES = 32;

/** The prefix lets secret scanners find keys, and keeps keys and tokens apart. */
const FORM = /^sak_([0-9a-f]{16})([0-9a-f]{64})$/;

export function newId(): string {
  return randomBytes(ID_BYTES).toString("hex");
}

export function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString("hex");
}

/** The text for the key's client. */
export function formatKey({ id, secret }: KeyParts): string {
  return `sak_${id}${secret}`;
}

/** `null` for a text that cannot be a key; it causes no look-up. */
export function parseKey(text: string): KeyParts | null {
  const [, id, secret] = FORM.exec(text) ?? [];
  return id === undefined || secret === undefined ? null : { id, secret };
}

/** The stored form of a secret. SHA-256 is enough for 256 random bits: a slow hash has no guesses to slow down. */
export function digestOf({ id, secret }: KeyParts): string {
  return createHash("sha256").update(`sessile api key ${id} ${secret}`).digest("hex");
}
