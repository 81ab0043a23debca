// The token: how it is made and how it is recognised. Knows no store, no transport, no digest.

import { crc32 } from "node:zlib";
import { BASE62, randomBase62 } from "./random.ts";

const SID_LENGTH = 22;
const SECRET_LENGTH = 43;
const CHECKSUM_LENGTH = 6;

const IS_BASE62 = Uint8Array.from({ length: 256 }, (_, code) => Number(BASE62.includes(String.fromCharCode(code))));

/** The bytes of the text that is being looked at. No token is longer, and looking waits for nothing. */
const bytes = Buffer.alloc(128);

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
  return randomBase62(SECRET_LENGTH);
}

/** Prefix + sid + secret + six digits of CRC-32: fixed length, one double-click selects it, secret scanners can verify it. */
export function formatToken(prefix: string, { sid, secret }: TokenParts): string {
  const body = prefix + sid + secret;
  return body + checksum(body);
}

/**
 * The parts of a well-formed token; `null` for anything else. Runs before any hashing, logging or store call, because
 * the text comes from the client and may be hostile. A well-formed token is not yet a valid one.
 *
 * It looks at bytes, because the characters of a text that is a part of a longer one, such as a header, take several times as long.
 */
export function parseToken(prefix: string, text: string): TokenParts | null {
  const secretStart = prefix.length + SID_LENGTH;
  const bodyLength = secretStart + SECRET_LENGTH;
  const length = bodyLength + CHECKSUM_LENGTH;
  if (text.length !== length || !text.startsWith(prefix)) return null;
  // A character that is none of ASCII takes more than one byte.
  const isGood = bytes.write(text) === length && isBase62(prefix.length, length) && isChecked(bodyLength, length);
  // Of the bytes, because a slice of the text keeps all of it in memory, header and secret, for as long as anybody remembers the sid.
  const sid = isGood ? bytes.toString("latin1", prefix.length, secretStart) : "";
  bytes.fill(0);
  return isGood ? { sid, secret: text.slice(secretStart, bodyLength) } : null;
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

function isBase62(from: number, to: number): boolean {
  for (let index = from; index < to; index++) if (IS_BASE62[bytes[index] as number] === 0) return false;
  return true;
}

/** Whether the bytes from `end` to `length` are the checksum of those before. */
function isChecked(end: number, length: number): boolean {
  let rest = crc32(bytes.subarray(0, end));
  for (let index = length - 1; index >= end; index--) {
    if (bytes[index] !== BASE62.charCodeAt(rest % 62)) return false;
    rest = Math.floor(rest / 62);
  }
  return true;
}
