// The rules for names of users, and their normal form.

const LONGEST = 64;

/**
 * Letters, marks and digits of any script, and visible ASCII; so no spaces, controls, direction marks or invisible
 * letters (RFC 8265 §3.2).
 */
const ALLOWED = /^(?:(?!\p{DI})[\p{L}\p{M}\p{N}\x21-\x7e])+$/u;

/**
 * The normal form of a name, for storage and look-up: NFKC, then lower case, so that `Ａlice`, `ALICE` and `alice` are
 * one user. `null` for a text that is no possible name. Look-alikes of different scripts stay different: only the
 * operator creates users.
 */
export function normalizeName(text: string): string | null {
  if (text.length > 4 * LONGEST) return null;
  const name = text.normalize("NFKC").toLowerCase().normalize("NFKC");
  return ALLOWED.test(name) && [...name].length <= LONGEST ? name : null;
}
