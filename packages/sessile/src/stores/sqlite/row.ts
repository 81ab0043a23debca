// A record as a row, and back from the text of a row.

import { crc32 } from "node:zlib";
import { SessionError } from "../../core/errors.ts";
import { frozenRotation, isRotation, type Rotation, type SessionRecord } from "../../core/record.ts";
import type { SqliteValue } from "./driver.ts";

/** The columns of a record, in the order of `toRow`. Each is named after a field of the record, but for the last. */
export const COLUMNS = (
  "sid user_id secret_digest rotation data created_at authenticated_at rotated_at last_seen_at expires_at " +
  "absolute_expires_at idle_timeout persistent binding version writes device checksum"
).split(" ");

const FIELDS = COLUMNS.slice(0, -1).map((column) =>
  column.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
) as (keyof SessionRecord)[];

/** Columns that `applyDelta` changes. The others are not written again, so that their index is left alone. */
export const CHANGING =
  "secret_digest rotation data authenticated_at rotated_at last_seen_at expires_at idle_timeout version writes checksum".split(
    " ",
  );

/** Those that it changes when a session becomes another user's. */
export const MOVING = [...CHANGING, "user_id", "created_at"];

const CHANGING_PLACES = placesOf(CHANGING);
const MOVING_PLACES = placesOf(MOVING);

export function toRow(record: SessionRecord): SqliteValue[] {
  const values = valuesOf(record);
  return [...values, checksumOf(values)];
}

/** The values of a row but for its checksum. */
function valuesOf(record: SessionRecord): SqliteValue[] {
  const { userId, device, rotation } = record;
  const texts = { userId: userId && toText(userId), device: device && toText(device) };
  const stored = {
    ...record,
    ...texts,
    rotation: rotation && JSON.stringify(rotation),
    persistent: Number(record.persistent),
  };
  return FIELDS.map((field) => stored[field]);
}

/** The text of a row as the statement `load` reads it, and the checksum, with which it ends. */
export function textOfRow(record: SessionRecord): { readonly text: string; readonly checksum: number } {
  const text = JSON.stringify(valuesOf(record));
  const checksum = crc32(text);
  return { text: `${text.slice(0, -1)},${checksum}]`, checksum };
}

/** The checksum in the text of a row. */
export function checksumIn(text: string): number {
  return Number(text.slice(text.lastIndexOf(",") + 1, -1));
}

/** The values of the columns `CHANGING`, or `MOVING`, of a row. */
export function changesOf(row: readonly SqliteValue[], isMoved: boolean): SqliteValue[] {
  return (isMoved ? MOVING_PLACES : CHANGING_PLACES).map((place) => row[place] as SqliteValue);
}

/**
 * The record of a row, from the JSON text of its values. Throws `ERR_SESSION_RECORD` when any value differs from the
 * one that was written.
 *
 * SQLite detects a damaged page only when its structure is damaged, and would return a user id with a flipped bit. So
 * the checksum of a row covers its owner, its content and the type of every value.
 */
export function fromText(sid: string, text: string): SessionRecord {
  const fields = parseList(sid, text);
  const checksum = fields.pop();
  // JSON turns infinity into null.
  const isExact = fields.every((field) => typeof field !== "number" || Number.isSafeInteger(field));
  if (fields[0] !== sid || !isExact || checksum !== checksumOf(fields)) throw unreadable(sid);
  return Object.freeze({
    sid: fields[0] as string, // not `sid`, which may be a slice of a header and would keep all of it in memory
    userId: fromStored(fields[1]),
    secretDigest: fields[2] as string,
    rotation: parseRotation(sid, fields[3] as string | null),
    data: fields[4] as string,
    createdAt: fields[5] as number,
    authenticatedAt: fields[6] as number | null,
    rotatedAt: fields[7] as number,
    lastSeenAt: fields[8] as number,
    expiresAt: fields[9] as number,
    absoluteExpiresAt: fields[10] as number,
    idleTimeout: fields[11] as number | null,
    persistent: fields[12] === 1,
    binding: fields[13] as string | null,
    version: fields[14] as number,
    writes: fields[15] as number,
    device: fromStored(fields[16]),
  });
}

/**
 * Free text as it is stored. Up to Node.js 22 `node:sqlite` stops reading text at a NUL, so that user "a\0b" would
 * become user "a": NUL is written as `\0`, and a backslash therefore as two.
 */
export function toText(text: string): string {
  return text.replace(/[\\\0]/g, (character) => (character === "\0" ? "\\0" : "\\\\"));
}

function fromStored(text: unknown): string | null {
  if (typeof text !== "string") return null;
  return !text.includes("\\") ? text : text.replace(/\\([\\0])/g, (_, character) => (character === "0" ? "\0" : "\\"));
}

/** Checked as well, because a row that another program wrote may have the right checksum and anything here. */
function parseRotation(sid: string, text: string | null): Rotation | null {
  const rotation = text === null ? null : parse(sid, text);
  if (isRotation(rotation)) return frozenRotation(rotation);
  throw unreadable(sid);
}

function parseList(sid: string, text: string): unknown[] {
  const list = parse(sid, text);
  if (Array.isArray(list)) return list;
  throw unreadable(sid);
}

function parse(sid: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unreadable(sid);
  }
}

export function unreadable(sid: string): SessionError {
  const what = `The row of session \`${sid}\` in the SQLite store is damaged: it does not match its checksum.`;
  return new SessionError("ERR_SESSION_RECORD", `${what} Delete the session.`);
}

function placesOf(columns: readonly string[]): readonly number[] {
  return columns.map((name) => COLUMNS.indexOf(name));
}

function checksumOf(fields: readonly unknown[]): number {
  return crc32(JSON.stringify(fields));
}
