// The text of an API key: how it is made, taken apart and digested. Knows no file.

import { createHash, randomBytes } from "node:crypto";

/** The parts of a key: a public id, under which it is looked up, and a secret. */
export interface KeyParts {
  readonly id: string;
  readonly secret: string;
}

/** 64 bits name a key, 256 bits open it. */
const ID_BYTES = 8;
const SECRET_BYTES = 32;

/** The prefix lets secret scanners find a key, and no key and no token can be taken for one another. */
const FORM = /^sak_([0-9a-f]{16})([0-9a-f]{64})$/;

export function newId(): string {
  return randomBytes(ID_BYTES).toString("hex");
}

export function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString("hex");
}

/** The key as its client holds it. */
export function formatKey({ id, secret }: KeyParts): string {
  return `sak_${id}${secret}`;
}

/** `null` for a text that can be no key; nothing is looked up for it. */
export function parseKey(text: string): KeyParts | null {
  const [, id, secret] = FORM.exec(text) ?? [];
  return id === undefined || secret === undefined ? null : { id, secret };
}

/** What is kept of a secret. SHA-256 is enough for 256 random bits: there is nothing to guess that a slow hash would slow down. */
export function digestOf({ id, secret }: KeyParts): string {
  return createHash("sha256").update(`sessile api key ${id} ${secret}`).digest("hex");
}
