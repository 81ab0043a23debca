// The values of one cookie in a `Cookie` header. Names are matched byte for byte: a server that trims, folds case or
// decodes here would accept a cookie that any subdomain can set in place of the protected one.

const NONE: readonly string[] = Object.freeze([]);

/** The distinct non-empty values of the cookie `name`, untouched. */
export function readCookies(header: string | undefined, name: string): readonly string[] {
  if (header === undefined || !header.includes(name)) return NONE;
  const values = new Set<string>();
  for (const pair of header.split(";")) {
    const value = valueIn(pair, name);
    if (value !== "") values.add(value);
  }
  return values.size === 0 ? NONE : [...values];
}

/** The value when `pair` is exactly `name=value` after optional spaces or tabs; `""` otherwise. */
function valueIn(pair: string, name: string): string {
  let start = 0;
  while (isBlank(pair, start)) start++;
  const equals = start + name.length;
  if (pair[equals] !== "=" || !pair.startsWith(name, start)) return "";
  let end = pair.length;
  while (end > equals + 1 && isBlank(pair, end - 1)) end--;
  return pair.slice(equals + 1, end);
}

/** By hand: a regular expression for blanks at the end takes quadratic time for blanks in the middle. */
function isBlank(text: string, index: number): boolean {
  return text[index] === " " || text[index] === "\t";
}
