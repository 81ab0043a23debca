// The check whether a password is among the first guesses: common ones, the user's name, sequences, and combinations.
//
// A list alone is not enough, since hardly any password in one has 15 characters. So the password is cut into the
// pieces that a guesser would combine, and the guesses for each piece are multiplied.

/**
 * Number of guesses that a password must withstand, as a power of ten; a scrypt hash takes each about half a second.
 */
const LEAST = 8;

/** The rest is ignored: 64 characters that are hard to guess are enough. */
const MOST = 64;
const LONGEST_WORD = 24;

/** Guesses for a piece, as powers of ten. */
const CHARACTER = 1;
const SAME_AGAIN = 0.3;
const RUN = 1.5;
const YEAR = 2;

/** Neighbours on keyboards: rows, columns, and rows in turn. */
const KEYS = ["qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "azertyuiop", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p"];
const IN_TURN = ["1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0", "qawsedrftgyhujikolp"];
const ROWS = [...KEYS, ...IN_TURN].flatMap((row) => [row, reversed(row)]);

const LOOKS_LIKE: Readonly<Record<string, string>> = {
  0: "o",
  1: "i",
  3: "e",
  4: "a",
  5: "s",
  7: "t",
  "@": "a",
  $: "s",
  "!": "i",
};

/** `name` is the user's. */
export async function isGuessable(password: string, name: string): Promise<boolean> {
  const ranks = await commonPasswords();
  const own = wordsOf(name);
  const rank = (word: string): number | undefined => (own.has(word) ? 1 : ranks.get(word));
  return guesses([...simplified(password)].slice(0, MOST), rank) < LEAST;
}

let loaded: Promise<ReadonlyMap<string, number>> | undefined;

/**
 * The common passwords, each with its rank from 1 on. Loaded on first use: it takes 0.1 s, and most processes never set
 * a password.
 */
function commonPasswords(): Promise<ReadonlyMap<string, number>> {
  loaded ??= import("@zxcvbn-ts/language-common").then(
    ({ dictionary }) => new Map(dictionary["passwords-common"].map((word, i) => [word, i + 1])),
  );
  return loaded;
}

/** The name and its parts, forwards and backwards. */
function wordsOf(name: string): ReadonlySet<string> {
  const whole = simplified(name);
  const parts = [whole, ...whole.split(/[^\p{L}\p{N}]+/u)].filter((part) => part.length >= 3);
  return new Set(parts.flatMap((part) => [part, reversed(part)]));
}

function simplified(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}

function reversed(text: string): string {
  return [...text].reverse().join("");
}

/** The fewest guesses of all ways to cut the text, as a power of ten. */
function guesses(characters: readonly string[], rank: (word: string) => number | undefined): number {
  const least = [0];
  for (let end = 1; end <= characters.length; end++) {
    const ways = Array.from(
      { length: end },
      (_, start) => (least[start] as number) + cost(characters, start, end, rank),
    );
    least.push(Math.min(...ways));
  }
  return least.at(-1) as number;
}

/** Guesses for one piece, given all before it. */
function cost(
  characters: readonly string[],
  start: number,
  end: number,
  rank: (word: string) => number | undefined,
): number {
  const length = end - start;
  const piece = characters.slice(start, end);
  if (start >= length && piece.every((character, i) => character === characters[start - length + i])) return SAME_AGAIN;
  if (length === 1) return CHARACTER;
  if (length > LONGEST_WORD && !isRun(piece)) return Number.POSITIVE_INFINITY;
  const word = piece.join("");
  const found = Math.min(rank(word) ?? Number.POSITIVE_INFINITY, rank(plain(word)) ?? Number.POSITIVE_INFINITY);
  const known = [Math.log10(found + 1)];
  if (length >= 3 && (isRun(piece) || ROWS.some((row) => row.includes(word)))) known.push(RUN);
  if (/^(?:19|20)\d\d$/.test(word)) known.push(YEAR);
  return Math.min(...known);
}

function plain(word: string): string {
  return word.replace(/[013457@$!]/g, (character) => LOOKS_LIKE[character] as string);
}

/** Runs such as `abcd`, `9876` and `8901`: each character follows the one before, in one direction; 0 follows 9. */
function isRun(piece: readonly string[]): boolean {
  const steps = piece.slice(1).map((character, i) => step(piece[i] as string, character));
  return steps.every((each) => each === steps[0]) && (steps[0] === 1 || steps[0] === -1);
}

function step(from: string, to: string): number {
  const by = (to.codePointAt(0) as number) - (from.codePointAt(0) as number);
  const isWrap = /\d/.test(from) && /\d/.test(to) && Math.abs(by) === 9;
  return isWrap ? -Math.sign(by) : by;
}
