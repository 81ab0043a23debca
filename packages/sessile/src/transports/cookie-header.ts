// The values of one cookie in a `Cookie` header. Names are matched byte for byte: a server that trims, folds case or
// decodes here would accept a cookie that any subdomain can set in place of the protected one.

import { trimBlanks } from "./distinct.ts";

const NONE: readonly string[] = Object.freeze([]);

/** The distinct non-empty values of the cookie `name`, untouched. */
export function readCookies(header: string | undefined, name: string): readonly string[] {
  if (header === undefined || !header.includes(name)) return NONE;
  const start = `${name}=`;
  const pairs = header.split(";").map(trimBlanks);
  const values = pairs.filter((pair) => pair.startsWith(start)).map((pair) => pair.slice(start.length));
  return [...new Set(values)].filter((value) => value !== "");
}
