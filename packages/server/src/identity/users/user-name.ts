// What a user may be called, and which spellings are the same name. Knows no store.

const LONGEST = 64;

/** Letters, marks and digits of any script, and visible ASCII; so no spaces, controls, direction marks or invisible letters (RFC 8265 §3.2). */
const ALLOWED = /^(?:(?!\p{DI})[\p{L}\p{M}\p{N}\x21-\x7e])+$/u;

/**
 * The one form of a name, in which it is kept and looked up: NFKC, then lower case, so that `Ａlice`, `ALICE` and `alice` are
 * one user. `null` for a text that can be nobody's name. Look-alikes of different scripts stay different: only the operator
 * makes users.
 */
export function normalizeName(text: string): string | null {
  if (text.length > 4 * LONGEST) return null;
  const name = text.normalize("NFKC").toLowerCase().normalize("NFKC");
  return ALLOWED.test(name) && [...name].length <= LONGEST ? name : null;
}
