// The token: how it is made and how it is recognised. Knows no store, no transport, no digest.

import { crc32 } from "node:zlib";
import { BASE62, randomBase62 } from "./random.ts";

const SID_LENGTH = 22;
const SECRET_LENGTH = 43;
const CHECKSUM_LENGTH = 6;

/** What CRC-32 makes of each byte (ISO 3309). */
const CRC_STEPS = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  return crc;
});

const IS_BASE62 = Uint8Array.from({ length: 256 }, (_, code) => Number(BASE62.includes(String.fromCharCode(code))));

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
 * One loop of our own, because each call that leaves JavaScript costs a server several times what it costs a loop that calls nothing else.
 */
export function parseToken(prefix: string, text: string): TokenParts | null {
  const sidStart = prefix.length;
  const secretStart = sidStart + SID_LENGTH;
  const bodyLength = secretStart + SECRET_LENGTH;
  if (text.length !== bodyLength + CHECKSUM_LENGTH || !text.startsWith(prefix)) return null;
  let crc = -1;
  for (let index = 0; index < bodyLength; index++) {
    const code = text.charCodeAt(index);
    if (index >= sidStart && IS_BASE62[code] !== 1) return null; // undefined above 255
    crc = (CRC_STEPS[(crc ^ code) & 255] as number) ^ (crc >>> 8);
  }
  if (!isChecksum(~crc >>> 0, text, bodyLength)) return null;
  return { sid: copySid(text, sidStart), secret: text.slice(secretStart, bodyLength) };
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

/** Whether `crc` stands at the end of `text`, from `start` on. */
function isChecksum(crc: number, text: string, start: number): boolean {
  let rest = crc;
  for (let index = start + CHECKSUM_LENGTH - 1; index >= start; index--) {
    if (text.charCodeAt(index) !== BASE62.charCodeAt(rest % 62)) return false;
    rest = Math.floor(rest / 62);
  }
  return true;
}

/** Where `copySid` lays the characters out. Nobody waits between its two lines. */
const codes: number[] = Array(SID_LENGTH).fill(0);

/** A sid's worth of a text, which does not keep all of it in memory, header and secret, as a slice would for as long as anybody remembers it. */
function copySid(text: string, start: number): string {
  for (let index = 0; index < SID_LENGTH; index++) codes[index] = text.charCodeAt(start + index);
  return String.fromCharCode.apply(null, codes);
}
