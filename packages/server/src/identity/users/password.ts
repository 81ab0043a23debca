// The rules for passwords: length, bytes, guessability.

import { isGuessable } from "./guessable.ts";

/** The password is the only factor, for which NIST SP 800-63B-4 §3.1.1.2 wants 15 characters. */
export const SHORTEST_PASSWORD = 15;

/** A longer one would cost work without a benefit (ASVS 6.2.9 asks for at least 64 characters). */
export const LONGEST_PASSWORD = 4096;

/**
 * The bytes to hash: NFC in UTF-8, so that a password typed on another system is the same. `null` for texts that cannot
 * be a password:
 * - more than 4,096 bytes;
 * - half of a surrogate pair, which would become the same bytes as another half;
 * - a NUL at the end, since HMAC, and so scrypt, treats a key with and without it alike. Elsewhere a NUL is a byte like
 * any other.
 */
export function passwordBytes(text: string): Buffer | null {
  if (text.length > LONGEST_PASSWORD || !text.isWellFormed() || text.endsWith("\0")) return null;
  const bytes = Buffer.from(text.normalize("NFC"));
  return bytes.length <= LONGEST_PASSWORD ? bytes : null;
}

/** The fault of a new password for the user `name`, as text for the user; `null` when there is none. */
export async function newPasswordProblem(text: string, name: string): Promise<string | null> {
  if (passwordBytes(text) === null)
    return `must be valid text of at most ${LONGEST_PASSWORD} bytes, without a NUL at its end`;
  if ([...text.normalize("NFC")].length < SHORTEST_PASSWORD)
    return `must have at least ${SHORTEST_PASSWORD} characters`;
  if (!(await isGuessable(text, name))) return null;
  return "is among those that are tried first: it is made of common passwords, sequences, repetitions or the user's name";
}
