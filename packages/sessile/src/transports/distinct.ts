// A header value that may be several, joined by the runtime.

const NONE: readonly string[] = Object.freeze([]);

/** The distinct non-empty values of a header; repeated headers arrive joined with commas. */
export function distinct(value: string | undefined): readonly string[] {
  if (value === undefined || value === "") return NONE;
  if (!value.includes(",")) return [value];
  return [...new Set(value.split(",").map(trimBlanks))].filter((part) => part !== "");
}

/**
 * `text` without the spaces and tabs around it, which HTTP allows; every other white space is part of the value. By hand: a
 * regular expression for blanks at the end takes quadratic time for blanks in the middle.
 */
export function trimBlanks(text: string): string {
  let start = 0;
  while (isBlank(text, start)) start++;
  return text.slice(start, endOfText(text, start, text.length));
}

/** Where what stands between `start` and `end` ends, without the blanks after it. */
export function endOfText(text: string, start: number, end: number): number {
  let last = end;
  while (last > start && isBlank(text, last - 1)) last--;
  return last;
}

export function isBlank(text: string, index: number): boolean {
  return text[index] === " " || text[index] === "\t";
}
