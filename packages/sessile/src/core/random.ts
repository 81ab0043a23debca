// Random base62 text from the system's CSPRNG. Knows nothing of tokens.

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
