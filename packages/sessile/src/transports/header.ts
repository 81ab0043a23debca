// The token in a request header: one of its own, or `Authorization: Bearer` (RFC 6750); and how values of headers are
// read.

import { checkNames, wrong } from "../core/options.ts";
import type { SessionTransport } from "../core/transport.ts";

const NONE: readonly string[] = Object.freeze([]);

/**
 * Reads the token from a header, `X-Session-Token` unless named otherwise, and hands new ones out in the response
 * header of that name. A browser sends such a header only for a program of the same origin, so it needs no cross-site
 * check.
 */
export function headerTransport(options: { readonly name?: string } = {}): SessionTransport {
  checkNames(options, new Set(["name"]), "");
  const { name = "X-Session-Token" } = options;
  const header = checkHeaderName("name", name);
  return Object.freeze({
    name: "header",
    requestHeader: name,
    read: (request) => distinct(request.header(header)),
    issue: (token, _maxAge, response) => response.set(header, token),
    clear: () => {},
  } satisfies SessionTransport);
}

/** Scheme in any case, one space, one token of RFC 6750's alphabet. */
const BEARER = /^bearer ([A-Za-z0-9\-._~+/]+=*)$/i;
const SCHEME = /^bearer(?: |$)/i;

/**
 * Reads the token from `Authorization: Bearer`. Other schemes are ignored. HTTP has no header to hand a bearer token
 * out, so new ones leave in `responseHeader`, `X-Session-Token` unless named otherwise.
 */
export function bearerTransport(options: { readonly responseHeader?: string } = {}): SessionTransport {
  checkNames(options, new Set(["responseHeader"]), "");
  const { responseHeader = "X-Session-Token" } = options;
  const header = checkHeaderName("responseHeader", responseHeader);
  return Object.freeze({
    name: "bearer",
    requestHeader: "Authorization",
    read: (request) => readBearer(request.header("authorization")),
    issue: (token, _maxAge, response) => response.set(header, token),
    clear: () => {},
  } satisfies SessionTransport);
}

/**
 * The presented tokens. A malformed bearer credential still counts as presented, as text that no token can be; two
 * whole credentials in one header are two.
 */
function readBearer(value: string | undefined): readonly string[] {
  if (value === undefined || !SCHEME.test(value)) return NONE;
  if (!value.includes(",")) return [tokenOf(value)];
  const parts = value.split(",").map(trimBlanks);
  return parts.every((part) => SCHEME.test(part)) ? [...new Set(parts.map(tokenOf))] : [MALFORMED];
}

const MALFORMED = "malformed";

function tokenOf(credential: string): string {
  return BEARER.exec(credential)?.[1] ?? MALFORMED;
}

/** The lower-case form of a usable header name. Throws `ERR_SESSION_OPTION` for any other. */
export function checkHeaderName(option: string, name: string): string {
  const lower = typeof name === "string" ? name.toLowerCase() : "";
  const isTaken = lower === "cookie" || lower === "authorization" || lower === "set-cookie";
  if (/^[a-z0-9!#$%&'*+.^_`|~-]{1,64}$/.test(lower) && !isTaken) return lower;
  throw wrong(option, "a header name (RFC 9110) other than `Cookie` and `Authorization`");
}

/** The distinct non-empty values of a header; repeated headers arrive joined with commas. */
export function distinct(value: string | undefined): readonly string[] {
  if (value === undefined || value === "") return NONE;
  if (!value.includes(",")) return [value];
  return [...new Set(value.split(",").map(trimBlanks))].filter((part) => part !== "");
}

/**
 * `text` without the spaces and tabs around it, which HTTP allows; every other white space is part of the value. By
 * hand: a regular expression for blanks at the end takes quadratic time for blanks in the middle.
 */
export function trimBlanks(text: string): string {
  let start = 0;
  while (isBlank(text, start)) start++;
  return text.slice(start, endOfText(text, start, text.length));
}

/** The end of the text between `start` and `end`, without the blanks after it. */
export function endOfText(text: string, start: number, end: number): number {
  let last = end;
  while (last > start && isBlank(text, last - 1)) last--;
  return last;
}

export function isBlank(text: string, index: number): boolean {
  return text[index] === " " || text[index] === "\t";
}
