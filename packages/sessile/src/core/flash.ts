// Flash messages: values for the next page. Each has a key of its own in the data, so that requests add and remove them
// independently; the application's view of the data leaves these keys out.

import type { Json, JsonObject } from "./data.ts";
import { randomBase62 } from "./token.ts";

/** The application has no keys that begin so. */
export const FLASH_PREFIX = "~flash.";

/** Of more than this number the oldest go: clients that never show them must not fill the session. */
export const MOST_FLASHES = 20;

export function newFlashKey(): string {
  return FLASH_PREFIX + randomBase62(10);
}

export function isFlashKey(key: string): boolean {
  return key.startsWith(FLASH_PREFIX);
}

/** The keys of the messages, oldest first; of one kind, or of all. */
export function flashKeys(data: JsonObject, kind?: string): string[] {
  return Object.keys(data).filter((key) => isFlashKey(key) && (kind === undefined || entry(data, key)[0] === kind));
}

/** The value of a message. */
export function flashValue(data: JsonObject, key: string): Json {
  return entry(data, key)[1] as Json;
}

function entry(data: JsonObject, key: string): readonly Json[] {
  const value = data[key];
  return Array.isArray(value) ? value : [];
}

/** The data without the messages. */
export function withoutFlashes(data: JsonObject): JsonObject {
  if (!Object.keys(data).some(isFlashKey)) return data;
  return fromEntries(data, (key) => !isFlashKey(key));
}

/** The messages alone. */
export function flashesOf(data: JsonObject): JsonObject {
  return fromEntries(data, isFlashKey);
}

function fromEntries(data: JsonObject, suits: (key: string) => boolean): JsonObject {
  const entries = Object.entries(data).filter(([key]) => suits(key));
  return Object.assign(Object.create(null) as Record<string, Json>, Object.fromEntries(entries));
}
