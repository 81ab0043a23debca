// The token of a session: random text, its form and checksum, and the digest of its secret.

import { hash, timingSafeEqual } from "node:crypto";
import { crc32 } from "node:zlib";
import type { SessionRecord } from "./record.ts";

export const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

const POOL_BYTES = 4096;
/** 4 × 62: bytes from here up are thrown away, so that every character is equally likely. */
const UNBIASED = 248;

const pool = new Uint8Array(POOL_BYTES);
let next = POOL_BYTES;

/**
 * `length` base62 characters, some thousands at most, 5.95 bits each (ASVS 11.5.1).
 *
 * One call of the system's generator costs ten times as much as the bytes of one token, so bytes are drawn 4 KiB at a
 * time; each byte is wiped from the pool as it is used. Throws when the generator throws: there is no fallback.
 */
export function randomBase62(length: number): string {
  const codes: number[] = [];
  while (codes.length < length) {
    const byte = nextByte();
    if (byte < UNBIASED) codes.push(BASE62.charCodeAt(byte % 62));
  }
  return String.fromCharCode.apply(null, codes);
}

function nextByte(): number {
  if (next === POOL_BYTES) {
    crypto.getRandomValues(pool);
    next = 0;
  }
  const byte = pool[next] as number;
  pool[next++] = 0;
  return byte;
}

const SID_LENGTH = 22;
/** The half that all secrets of a session have in common; the number of the secret; what only this secret has. */
const [FAMILY_LENGTH, NUMBER_LENGTH, OWN_LENGTH] = [22, 3, 19];
const SECRET_LENGTH = FAMILY_LENGTH + NUMBER_LENGTH + OWN_LENGTH;
const CHECKSUM_LENGTH = 6;

/** The CRC-32 of each byte (ISO 3309). */
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

/** The highest number of a secret. */
export const MAX_NUMBER = 62 ** NUMBER_LENGTH - 1;

/** The first secret of a session: 41 random base62 characters, 244 bits (ASVS 7.2.3 asks for 128). */
export function newSecret(): string {
  return secretOf(randomBase62(FAMILY_LENGTH), 0);
}

/** Another secret of the session: 113 random bits of its own. */
export function secretOf(family: string, number: number): string {
  return family + digitsOf(number, NUMBER_LENGTH) + randomBase62(OWN_LENGTH);
}

/** The half of a secret that stays for the session's life. */
export function familyOf(secret: string): string {
  return secret.slice(0, FAMILY_LENGTH);
}

/** The number of a secret: 0 for the first of its session. */
export function offerNumber(secret: string): number {
  const digits = secret.slice(FAMILY_LENGTH, FAMILY_LENGTH + NUMBER_LENGTH);
  return [...digits].reduce((number, digit) => number * 62 + BASE62.indexOf(digit), 0);
}

/**
 * Prefix + sid + secret + six digits of CRC-32: fixed length, one double-click selects it, secret scanners can verify
 * it.
 */
export function formatToken(prefix: string, { sid, secret }: TokenParts): string {
  const body = prefix + sid + secret;
  return body + checksum(body);
}

/**
 * The parts of a well-formed token; `null` for anything else. Runs before any hashing, logging or store call, because
 * the text comes from the client and may be hostile. A well-formed token is not yet a valid one.
 *
 * One loop of our own, because each call that leaves JavaScript costs a server several times what it costs a loop that
 * calls nothing else.
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

/**
 * CRC-32 as exactly six base62 digits, most significant first. It saves work on mistyped tokens; it is no security
 * control.
 */
function checksum(body: string): string {
  return digitsOf(crc32(body), CHECKSUM_LENGTH);
}

/** A number in exactly `length` base62 digits. */
function digitsOf(number: number, length: number): string {
  let digits = "";
  for (let rest = number; digits.length < length; rest = Math.floor(rest / 62)) digits = BASE62[rest % 62] + digits;
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

/** Scratch of `copySid`, which is free again when it returns. */
const codes: number[] = Array(SID_LENGTH).fill(0);

/**
 * Copies the sid. `slice` would keep the whole header, secret included, alive as long as the sid (V8 slices share
 * memory).
 */
function copySid(text: string, start: number): string {
  for (let index = 0; index < SID_LENGTH; index++) codes[index] = text.charCodeAt(start + index);
  return String.fromCharCode.apply(null, codes);
}

/** The form of a secret that a store keeps: its SHA-256, base64url. Enough for 256 random bits (ASVS 6.5.2, 11.4.1). */
export function digestSecret(secret: string): string {
  return hash("sha256", secret, "base64url");
}

let [left, right] = [Buffer.alloc(0), Buffer.alloc(0)];

/**
 * Compares two digests in constant time (ASVS 11.2.4). Digests of different length are different, not an error. An
 * empty one equals nothing: it stands for "none", and one that is written into the store must open no session.
 */
export function sameDigest(a: string, b: string): boolean {
  if (a.length === 0 || a.length !== b.length) return false;
  // Nearly all digests of a program have one length, and two buffers for each comparison cost more than the comparison.
  if (left.length !== a.length) [left, right] = [Buffer.alloc(a.length), Buffer.alloc(a.length)];
  for (let index = 0; index < a.length; index++) {
    left[index] = a.charCodeAt(index);
    right[index] = b.charCodeAt(index);
  }
  return timingSafeEqual(left, right);
}

/** A session and its user. */
export type Owner = Pick<SessionRecord, "sid" | "userId">;

/** How secrets become digests. */
export interface KeyRing {
  /** The digest of `secret` to store in the record of `owner`. */
  digest(owner: Owner, secret: string): string;
  /**
   * The digest of `secret`, or of a family, as it stands in `record`; one that no record holds when it is not there.
   */
  match(record: SessionRecord, secret: string): string;
}

/** Digests without keys: plain SHA-256. */
export const NO_KEYS: KeyRing = {
  digest: (_owner, secret) => digestSecret(secret),
  match: (_record, secret) => digestSecret(secret),
};
