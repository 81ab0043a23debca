// The values of one cookie in a `Cookie` header. Names are matched byte for byte: a server that trims, folds case or
// decodes here would accept a cookie that any subdomain can set in place of the protected one.

import { endOfText, isBlank } from "./header.ts";

const NONE: readonly string[] = Object.freeze([]);

/** The distinct non-empty values of the cookie `name`, untouched. */
export function readCookies(header: string | undefined, name: string): readonly string[] {
  if (header === undefined) return NONE;
  const values: string[] = [];
  for (let at = header.indexOf(name); at !== -1; at = header.indexOf(name, at + 1)) {
    const start = at + name.length + 1;
    if (header[start - 1] !== "=" || !beginsPair(header, at)) continue;
    const next = header.indexOf(";", start);
    const end = endOfText(header, start, next === -1 ? header.length : next);
    if (end > start) values.push(header.slice(start, end));
  }
  return values.length > 1 ? [...new Set(values)] : values;
}

/**
 * Whether nothing but blanks stands between `index` and the pair before it. To look before the header's start would
 * slow V8 down.
 */
function beginsPair(header: string, index: number): boolean {
  let before = index - 1;
  while (before >= 0 && isBlank(header, before)) before--;
  return before < 0 || header[before] === ";";
}
