// What a password may be. Knows no hash.

import { isGuessable } from "./guessable.ts";

/** A password is all that is asked for, and then NIST SP 800-63B-4 §3.1.1.2 wants 15 characters. */
export const SHORTEST_PASSWORD = 15;

/** Hashing a longer one would be work for nothing (ASVS 6.2.9 asks for 64 characters at least). */
export const LONGEST_PASSWORD = 4096;

/**
 * The bytes that are hashed: NFC in UTF-8, so that a password typed on another system is the same one. `null` for what no
 * password can be: longer than 4,096 bytes; half of a surrogate pair, which would turn into the same bytes as another half; and
 * a NUL at the end, because HMAC, and so scrypt, takes a key for the same with and without it. Elsewhere a NUL counts as any byte.
 */
export function passwordBytes(text: string): Buffer | null {
  if (text.length > LONGEST_PASSWORD || !text.isWellFormed() || text.endsWith("\0")) return null;
  const bytes = Buffer.from(text.normalize("NFC"));
  return bytes.length <= LONGEST_PASSWORD ? bytes : null;
}

/** What is wrong with a new password of the user `name`, fit to be shown; `null` when nothing is. */
export async function newPasswordProblem(text: string, name: string): Promise<string | null> {
  if (passwordBytes(text) === null)
    return `must be valid text of at most ${LONGEST_PASSWORD} bytes, without a NUL at its end`;
  if ([...text.normalize("NFC")].length < SHORTEST_PASSWORD)
    return `must have at least ${SHORTEST_PASSWORD} characters`;
  if (!(await isGuessable(text, name))) return null;
  return "is among those that are tried first: it is made of common passwords, sequences, repetitions or the user's name";
}
