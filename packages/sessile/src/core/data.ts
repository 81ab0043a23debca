// The data of a session: the values it may hold, their text, their limits, and the application's schema (Standard
// Schema v1).

import { SessionError, type SessionErrorCode, shown } from "./errors.ts";
import { FLASH_PREFIX, flashesOf, isFlashKey, withoutFlashes } from "./flash.ts";
import { MAX_DATA_BYTES } from "./record.ts";

/** A value that JSON carries without loss. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** An object of such values; its keys are the top-level keys of a session's data. */
export type JsonObject = Readonly<Record<string, Json>>;

/** Greatest nesting of arrays and objects in one value, unless the application says otherwise. */
export const DEFAULT_DEPTH = 32;

/** No recursion goes deeper, so that deep values are refused before the stack ends. */
export const GREATEST_DEPTH = 1000;

/** Text that may hold a `__proto__` key, spelled out or escaped. Rare, and every key is looked at then. */
const SUSPICIOUS = /__proto__|\\u00/;

/**
 * A deep copy of `value` without a reference to the original. Members of objects that are `undefined` are left out, as
 * JSON does.
 *
 * Throws `ERR_SESSION_VALUE` for everything else that would come back from a store different from what it was:
 * `undefined` in lists, functions, `NaN`, infinities, `-0`, bigints, dates, maps, buffers, class instances, cycles, a
 * `__proto__` key, properties that JSON does not show. The message has the path, such as `user.avatar`.
 */
export function copyJson(value: unknown, key: string, depth = DEFAULT_DEPTH): Json {
  return copyWithin(value, key, null, Math.min(depth, GREATEST_DEPTH));
}

/** A list or object that is being copied, the member of it that is at hand, and the place that it has itself. */
interface Place {
  readonly up: Place | null;
  readonly holder: object;
  name: string | number;
}

function copyWithin(value: unknown, key: string, place: Place | null, depth: number): Json {
  if (isScalar(value)) return value;
  if (depth > 0 && isPlain(value) && !isHolder(value, place)) return copyPlain(value, key, place, depth - 1);
  throw new SessionError("ERR_SESSION_VALUE", `${nameOf(key, place)} must be JSON, not ${describe(value, place)}.`);
}

/** Whether `value` holds itself, at whatever depth. */
function isHolder(value: object, place: Place | null): boolean {
  let at = place;
  while (at !== null && at.holder !== value) at = at.up;
  return at !== null;
}

/** The path of a value in words, such as "`list[3].when` of a session". */
function nameOf(key: string, place: Place | null): string {
  let path = "";
  for (let at = place; at !== null; at = at.up)
    path = (typeof at.name === "number" ? `[${at.name}]` : `.${at.name}`) + path;
  return `\`${shown(key + path)}\` of a session`;
}

function isScalar(value: unknown): value is string | number | boolean | null {
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0);
  return value === null || typeof value === "boolean";
}

/**
 * Refuses a key that cannot be kept: `__proto__` would change a prototype, a lone surrogate would not survive UTF-8.
 */
export function checkKey(key: unknown): string {
  if (typeof key === "string" && key !== "__proto__" && key.isWellFormed()) return key;
  throw new SessionError("ERR_SESSION_VALUE", "A key of session data must be well-formed text other than `__proto__`.");
}

/** Refuses a top-level key that cannot be kept, or that could be a flash message's. */
export function checkDataKey(key: unknown): string {
  const checked = checkKey(key);
  if (!isFlashKey(checked)) return checked;
  const message = `Keys that begin with \`${FLASH_PREFIX}\` are reserved for \`session.flash(kind, message)\`.`;
  throw new SessionError("ERR_SESSION_VALUE", message);
}

/** The text of a data object. Throws `ERR_SESSION_RECORD` when stored data is nested deeper than the stack. */
export function formatData(data: JsonObject): string {
  try {
    return JSON.stringify(data);
  } catch {
    throw unreadable();
  }
}

/**
 * The object of a data text, without a prototype. Throws `ERR_SESSION_RECORD` when the text is not that of a JSON
 * object, is larger or deeper than any manager writes, or has a `__proto__` key at any depth: `JSON.parse` keeps it as
 * a key, and the next merge makes a prototype of it.
 */
export function parseData(text: string): Record<string, Json> {
  if (text.length > MAX_DATA_BYTES) throw unreadable();
  try {
    const data: unknown = SUSPICIOUS.test(text) ? JSON.parse(text, refuseProto) : JSON.parse(text);
    // A text of this length can still be within the depth; a shorter one cannot exceed it.
    const isDeep = text.length > 2 * GREATEST_DEPTH && isDeeper(data, GREATEST_DEPTH + 1);
    if (typeof data === "object" && data !== null && !Array.isArray(data) && !isDeep)
      return Object.assign(Object.create(null) as Record<string, Json>, data);
  } catch {
    // thrown below, without the text
  }
  throw unreadable();
}

/** Whether `value` nests arrays and objects more than `depth` times. */
function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return depth === 0 || Object.values(value).some((item) => isDeeper(item, depth - 1));
}

function refuseProto(key: string, value: unknown): unknown {
  checkKey(key);
  return value;
}

function copyPlain(value: object, key: string, up: Place | null, depth: number): Json {
  const place: Place = { up, holder: value, name: 0 };
  const copyMember = (item: unknown, name: string | number): Json => {
    place.name = name;
    return copyWithin(item, key, place, depth);
  };
  if (Array.isArray(value)) return Array.from(value, copyMember);
  const copy: Record<string, Json> = {};
  for (const [name, item] of Object.entries(value)) {
    checkKey(name);
    if (item !== undefined) copy[name] = copyMember(item, name);
  }
  return copy;
}

/**
 * A list or an object of no class, without anything that JSON does not show: symbols, hidden properties, names on a
 * list. Those of another realm have that realm's prototypes: an object's is known by what it owns, a list's is a list
 * itself.
 */
function isPlain(value: unknown): value is object {
  return typeof value === "object" && value !== null && hasNoClass(value) && hidesNothing(value);
}

function hasNoClass(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  if (Array.isArray(value)) return Array.isArray(prototype);
  if (prototype === null || prototype === Object.prototype) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "isPrototypeOf");
}

function hidesNothing(value: object): boolean {
  const visible = Array.isArray(value) ? value.length + 1 : Object.keys(value).length;
  return Reflect.ownKeys(value).length === visible;
}

/** Never text of the value itself. */
function describe(value: unknown, place: Place | null): string {
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : `${value}`;
  if (typeof value === "string") return "text with half a surrogate pair";
  if (typeof value === "bigint") return "a BigInt";
  if (value === undefined) return "undefined";
  if (typeof value !== "object" || value === null) return `a ${typeof value}`;
  if (!hasNoClass(value)) return describeInstance(value);
  if (isHolder(value, place)) return "a cycle";
  return hidesNothing(value) ? "nested deeper than `limits.depth`" : "something with gaps or hidden properties";
}

function describeInstance(value: object): string {
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
  if (name === "Date") return "a Date: keep its `getTime()` or `toISOString()`";
  if (name === "Map" || name === "Set") return `a ${name}: keep a list, as \`[...value]\` makes it`;
  return typeof name === "string" && name !== "" && name !== "Object"
    ? `an instance of ${name}`
    : "an instance of a class";
}

function unreadable(): SessionError {
  return new SessionError(
    "ERR_SESSION_RECORD",
    "Stored session data must be the text of a JSON object without `__proto__` keys, within the bounds of size and depth.",
  );
}

/**
 * A validator of zod, valibot, arktype or any other library that implements Standard Schema v1. `Output` is what it
 * makes of the data, `Input` what it accepts.
 */
export interface DataSchema<Output = unknown, Input = unknown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult | Promise<SchemaResult>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** `Data`, if JSON carries it without loss: the compiler refuses all other types. */
export type JsonData<Data> = { [Key in keyof Data]: JsonValue<Data[Key]> } & object;

type JsonValue<T> = unknown extends T
  ? NotJson
  : T extends Json | undefined
    ? T
    : T extends ((...args: never) => unknown) | { toJSON(...args: never): unknown }
      ? NotJson
      : T extends object
        ? { [Key in keyof T]: JsonValue<T[Key]> }
        : NotJson;

/** In the compiler's messages, the type in place of a `Date`, a function and all else that JSON does not carry. */
interface NotJson {
  readonly "session data must be JSON": never;
}

/** The compiler's demands on a schema: it accepts an empty session, and what it has made of the data before. */
export type CheckedSchema<Output, Input> = object extends Input
  ? Output extends Input
    ? unknown
    : { readonly schema: { readonly "the schema must accept its own output": never } }
  : { readonly schema: { readonly "every key of the schema must be optional: use .partial()": never } };

export interface SchemaResult {
  readonly value?: unknown;
  readonly issues?:
    | readonly {
        readonly message?: string;
        readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
      }[]
    | undefined;
}

/**
 * The output of the schema for `data`: defaults filled in, older shapes brought up to date; `data` itself without a
 * schema. Throws `code` when the data does not fit; the message names the keys at fault, never their values.
 */
export async function validateData(
  schema: DataSchema | undefined,
  data: JsonObject,
  code: SessionErrorCode,
): Promise<JsonObject> {
  if (schema === undefined) return data;
  const { issues, value } = await schema["~standard"].validate({ ...withoutFlashes(data) });
  // A copy: the application may keep the output, and it may have a prototype.
  if (issues === undefined && typeof value === "object" && value !== null)
    return Object.assign(Object.create(null), value, flashesOf(data));
  const keys = (issues ?? [{}]).map(({ path = [] }) => `\`${path.map(keyOf).join(".")}\``);
  throw new SessionError(code, `Session data does not fit the \`schema\` at ${keys.join(", ")}.`);
}

function keyOf(segment: PropertyKey | { readonly key: PropertyKey }): string {
  return String(typeof segment === "object" ? segment.key : segment);
}
