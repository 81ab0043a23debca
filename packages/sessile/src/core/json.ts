// Which values a session may hold, and their text. Knows nothing of sessions.

import { SessionError } from "./errors.ts";

/** A value that JSON carries without loss. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** An object of such values; its keys are the top-level keys of a session's data. */
export type JsonObject = Readonly<Record<string, Json>>;

/** Greatest nesting of arrays and objects in one value, unless the application says otherwise. */
export const DEFAULT_DEPTH = 32;

/** Text that may hold a `__proto__` key, spelled out or escaped. Rare, and every key is looked at then. */
const SUSPICIOUS = /__proto__|\\u00/;

/**
 * A deep copy of `value` without a reference to the original.
 *
 * Throws `ERR_SESSION_VALUE` for everything that would come back from a store different from what it was: `undefined`,
 * functions, `NaN`, infinities, `-0`, bigints, dates, maps, buffers, class instances, cycles, a `__proto__` key.
 */
export function copyJson(value: unknown, key: string, depth = DEFAULT_DEPTH): Json {
  if (isScalar(value)) return value;
  if (depth > 0 && Array.isArray(value)) return Array.from(value, (item) => copyJson(item, key, depth - 1));
  if (depth > 0 && isPlain(value)) return copyObject(value, key, depth - 1);
  throw new SessionError(
    "ERR_SESSION_VALUE",
    `The value of \`${key}\` in a session must be JSON, not ${describe(value, depth)}.`,
  );
}

function isScalar(value: unknown): value is string | number | boolean | null {
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0);
  return value === null || typeof value === "boolean";
}

/** Refuses a key that cannot be kept: `__proto__` would change a prototype, a lone surrogate would not survive UTF-8. */
export function checkKey(key: unknown): string {
  if (typeof key === "string" && key !== "__proto__" && key.isWellFormed()) return key;
  throw new SessionError("ERR_SESSION_VALUE", "A key of session data must be well-formed text other than `__proto__`.");
}

/** The text of a data object. */
export function formatData(data: JsonObject): string {
  return JSON.stringify(data);
}

/**
 * The object of a data text, without a prototype. Throws `ERR_SESSION_RECORD` when the text is not that of a JSON object, or
 * when it has a `__proto__` key at any depth: `JSON.parse` keeps it as a key, and the next merge makes a prototype of it.
 */
export function parseData(text: string): Record<string, Json> {
  try {
    const data: unknown = SUSPICIOUS.test(text) ? JSON.parse(text, refuseProto) : JSON.parse(text);
    if (isPlain(data)) return Object.assign(Object.create(null) as Record<string, Json>, data);
  } catch {
    // told below, without the text
  }
  throw new SessionError(
    "ERR_SESSION_RECORD",
    "Stored session data must be the text of a JSON object without a `__proto__` key.",
  );
}

function refuseProto(key: string, value: unknown): unknown {
  checkKey(key);
  return value;
}

function copyObject(value: object, key: string, depth: number): Json {
  const copy: Record<string, Json> = {};
  for (const [name, item] of Object.entries(value)) copy[checkKey(name)] = copyJson(item, key, depth);
  return copy;
}

/** An object of another realm has that realm's `Object.prototype`, which is known by what it owns. */
function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "isPrototypeOf");
}

/** Never text of the value itself. */
function describe(value: unknown, depth: number): string {
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : `${value}`;
  if (typeof value === "string") return "text with half a surrogate pair";
  if (typeof value !== "object") return `a value of type ${typeof value}`;
  if (depth === 0) return "deeper nesting, or a cycle";
  return `an instance of ${value?.constructor?.name ?? "a class"}`;
}
