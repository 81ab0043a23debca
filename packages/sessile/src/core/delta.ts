// What one request changed, and the only function that says what that means. Every store calls it; none has its own.

import type { Json, JsonObject } from "./json.ts";
import { formatData, parseData } from "./json.ts";
import { MAX_RETIRED, type SessionRecord } from "./record.ts";
import { isExpired } from "./validity.ts";

/** The changes of one request to one session. Everything but `at` is optional; a delta with `at` alone changes nothing. */
export interface SessionDelta {
  /** When the change is made. A session that is over by then is gone. */
  readonly at: number;
  /** Top-level keys of the data and their new values. */
  readonly set?: JsonObject;
  /** Top-level keys to remove. */
  readonly remove?: readonly string[];
  /** Refuse with `conflict` unless the record is at this version. */
  readonly ifVersion?: number;
  /** The session was used: moves `lastSeenAt` to `at` and the deadline to `expiresAt`, never backwards. */
  readonly touch?: { readonly expiresAt: number };
  /** A new secret. Refused with `conflict` unless `from` is the current digest: so a rotation has one successor. */
  readonly rotate?: { readonly from: string; readonly to: string };
  /** Refuse with `conflict` when the merged data would exceed these. */
  readonly limits?: Limits;
}

interface Limits {
  readonly dataBytes: number;
  readonly keys: number;
}

/**
 * The record after `delta`; `"gone"` when the session was over at `delta.at`; `"conflict"` when a condition of the delta
 * does not hold. Never changes `record`.
 */
export function applyDelta(record: SessionRecord, delta: SessionDelta): SessionRecord | "gone" | "conflict" {
  if (isExpired(record, delta.at)) return "gone";
  if (delta.ifVersion !== undefined && delta.ifVersion !== record.version) return "conflict";
  if (delta.rotate !== undefined && delta.rotate.from !== record.secretDigest) return "conflict";
  const data = mergeData(record.data, delta);
  if (data === "conflict") return "conflict";
  return Object.freeze({
    ...record,
    data,
    ...touched(record, delta),
    ...rotated(record, delta),
    version: record.version + 1,
  });
}

function mergeData(text: string, { set, remove, limits }: SessionDelta): string | "conflict" {
  if (set === undefined && remove === undefined) return text;
  const data: Record<string, Json> = parseData(text);
  for (const key of remove ?? []) delete data[key];
  Object.assign(data, set);
  const merged = formatData(data);
  return limits && excessOf(data, merged, limits) ? "conflict" : merged;
}

/** Which of the limits `data` and its text exceed, in words; `undefined` when none. */
export function excessOf(data: JsonObject, text: string, limits: Limits): string | undefined {
  const amounts = { keys: Object.keys(data).length, dataBytes: Buffer.byteLength(text) };
  for (const name of ["keys", "dataBytes"] as const)
    if (amounts[name] > limits[name]) return `.${name}\`: ${amounts[name]} instead of at most ${limits[name]}`;
  return undefined;
}

function touched(record: SessionRecord, { at, touch }: SessionDelta): Partial<SessionRecord> {
  if (touch === undefined) return {};
  return {
    lastSeenAt: Math.max(record.lastSeenAt, at),
    expiresAt: Math.min(Math.max(record.expiresAt, touch.expiresAt), record.absoluteExpiresAt),
  };
}

function rotated(record: SessionRecord, { at, rotate }: SessionDelta): Partial<SessionRecord> {
  if (rotate === undefined) return {};
  return {
    secretDigest: rotate.to,
    retiredDigests: Object.freeze([record.secretDigest, ...record.retiredDigests].slice(0, MAX_RETIRED)),
    rotatedAt: at,
  };
}
