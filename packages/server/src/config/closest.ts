// Suggestions for words with a typing mistake.

/** The nearest of `words` after `prefix`, as a sentence that follows a message; empty where none is near. */
export function didYouMean(text: string, words: readonly string[], prefix = ""): string {
  const word = closest(text, words);
  return word === null ? "" : ` Did you mean ${prefix}${word}?`;
}

/** `null` where more than a third of the letters would change. */
function closest(text: string, words: readonly string[]): string | null {
  const rated = words.map((word) => ({ word, steps: steps(text.slice(0, LONGEST), word) }));
  const [best] = rated.sort((a, b) => a.steps - b.steps);
  return best !== undefined && best.steps <= Math.max(1, Math.floor(best.word.length / 3)) ? best.word : null;
}

/** Longer than any word; it bounds the work. */
const LONGEST = 64;

/** The number of letters to add, drop, replace or swap with a neighbour that makes `b` of `a`. */
function steps(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const replaced = at(rows, i - 1, j - 1) + (isSame ? 0 : 1);
      const swapped = isSwapped ? at(rows, i - 2, j - 2) + 1 : replaced;
      row.push(Math.min(at(rows, i - 1, j) + 1, (row[j - 1] as number) + 1, replaced, swapped));
    }
    rows.push(row);
  }
  return at(rows, a.length, b.length);
}

const at = (rows: readonly (readonly number[])[], i: number, j: number): number => rows[i]?.[j] as number;
