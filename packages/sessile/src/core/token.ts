// The token: how it is made and how it is recognised. Knows no store, no transport, no digest.

import { crc32 } from "node:zlib";
import { BASE62, randomBase62 } from "./random.ts";

/** Not `/^[0-9A-Za-z]*$/`: what a pattern finds stays in `RegExp.input`, so it must not be one that finds tokens. */
const STRANGE = /[^0-9A-Za-z]/;

const SID_LENGTH = 22;
/** Of what follows the prefix: sid, secret and checksum. */
const LENGTH = SID_LENGTH + 43 + 6;

/** A token taken apart. `sid` may be shown and logged; `secret` never leaves the request. */
export interface TokenParts {
  readonly sid: string;
  readonly secret: string;
}

/** A new public handle: 22 base62 characters, 131 random bits. */
export function newSid(): string {
  return randomBase62(SID_LENGTH);
}

/** A new secret: 43 base62 characters, 256 random bits (ASVS 7.2.3 asks for 128). */
export function newSecret(): string {
  return randomBase62(43);
}

/** Prefix + sid + secret + six digits of CRC-32: fixed length, one double-click selects it, secret scanners can verify it. */
export function formatToken(prefix: string, { sid, secret }: TokenParts): string {
  const body = prefix + sid + secret;
  return body + checksum(body);
}

/**
 * The parts of a well-formed token; `null` for anything else. Runs before any hashing, logging or store call, because
 * the text comes from the client and may be hostile. A well-formed token is not yet a valid one.
 */
export function parseToken(prefix: string, text: string): TokenParts | null {
  if (text.length !== prefix.length + LENGTH) return null;
  const secretStart = prefix.length + SID_LENGTH;
  const parts = { sid: text.slice(prefix.length, secretStart), secret: text.slice(secretStart, -6) };
  return !STRANGE.test(parts.sid + parts.secret) && formatToken(prefix, parts) === text ? parts : null;
}

/** True for text that can be a sid. A sid from a URL or an operator is checked with this before it reaches a store. */
export function isSid(text: unknown): text is string {
  return typeof text === "string" && /^[0-9A-Za-z]{22}$/.test(text);
}

/** False for a prefix that would make tokens ambiguous or hard to select. */
export function isPrefix(prefix: unknown): boolean {
  return typeof prefix === "string" && /^[A-Za-z][A-Za-z0-9]{0,14}_$/.test(prefix);
}

/** CRC-32 as exactly six base62 digits, most significant first. It saves work on mistyped tokens; it is no security control. */
function checksum(body: string): string {
  let digits = "";
  for (let rest = crc32(body); digits.length < 6; rest = Math.floor(rest / 62)) digits = BASE62[rest % 62] + digits;
  return digits;
}
