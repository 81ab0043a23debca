// A record as a row and back. Knows no SQL.

import { crc32 } from "node:zlib";
import { SessionError } from "../../core/errors.ts";
import { MAX_RETIRED, type SessionRecord } from "../../core/record.ts";
import { plain, type Row, type SqliteValue } from "./port.ts";

/** The columns of a record, in the order of `toRow`; the checksum comes last. */
export const COLUMNS = [
  "sid",
  "user_id",
  "secret_digest",
  "retired_digests",
  "data",
  "created_at",
  "authenticated_at",
  "rotated_at",
  "last_seen_at",
  "expires_at",
  "absolute_expires_at",
  "version",
  "device",
  "checksum",
] as const;

/** Columns that `applyDelta` may change. The others are not written again, so that their index is left alone. */
export const CHANGING = [
  "secret_digest",
  "retired_digests",
  "data",
  "rotated_at",
  "last_seen_at",
  "expires_at",
  "version",
  "checksum",
] as const satisfies readonly (typeof COLUMNS)[number][];

const CHANGING_PLACES = CHANGING.map((name) => COLUMNS.indexOf(name));

export function toRow(record: SessionRecord): SqliteValue[] {
  const fields: SqliteValue[] = [
    record.sid,
    record.userId && toText(record.userId),
    record.secretDigest,
    JSON.stringify(record.retiredDigests),
    record.data,
    record.createdAt,
    record.authenticatedAt,
    record.rotatedAt,
    record.lastSeenAt,
    record.expiresAt,
    record.absoluteExpiresAt,
    record.version,
    record.device && toText(record.device),
  ];
  return [...fields, checksum(fields)];
}

/** The values of the columns `CHANGING`, of a row. */
export function changesOf(row: readonly SqliteValue[]): SqliteValue[] {
  return CHANGING_PLACES.map((place) => row[place] as SqliteValue);
}

/**
 * The record of a row. Throws `ERR_SESSION_RECORD` when any column is not what was written.
 *
 * SQLite finds a damaged page only when its structure is damaged. A flipped bit in a user id would be believed, so a
 * row vouches for itself: who it belongs to, what it holds and what type every value has.
 */
export function fromRow(sid: string, row: Row): SessionRecord {
  // By name, one by one: a loop over the names takes several times as long.
  const fields = [
    plain(row.sid),
    plain(row.user_id),
    plain(row.secret_digest),
    plain(row.retired_digests),
    plain(row.data),
    plain(row.created_at),
    plain(row.authenticated_at),
    plain(row.rotated_at),
    plain(row.last_seen_at),
    plain(row.expires_at),
    plain(row.absolute_expires_at),
    plain(row.version),
    plain(row.device),
  ];
  const isExact = fields.every((field) => typeof field !== "number" || Number.isSafeInteger(field)); // JSON takes infinity for null
  if (fields[0] !== sid || !isExact || plain(row.checksum) !== checksum(fields)) throw unreadable(sid);
  return Object.freeze({
    sid: fields[0] as string, // `sid` may be a part of a request's header, and whoever keeps it would keep that
    userId: fromText(fields[1]),
    secretDigest: fields[2] as string,
    retiredDigests: Object.freeze(parseDigests(sid, fields[3] as string)),
    data: fields[4] as string,
    createdAt: fields[5] as number,
    authenticatedAt: fields[6] as number | null,
    rotatedAt: fields[7] as number,
    lastSeenAt: fields[8] as number,
    expiresAt: fields[9] as number,
    absoluteExpiresAt: fields[10] as number,
    version: fields[11] as number,
    device: fromText(fields[12]),
  });
}

/**
 * Free text as it is stored. Up to Node.js 22 `node:sqlite` reads text no further than a NUL, so that a user called
 * "a\0b" would be taken for "a": NUL is written as `\0`, and the backslash, to tell them apart, as two.
 */
export function toText(text: string): string {
  return text.replace(/[\\\0]/g, (character) => (character === "\0" ? "\\0" : "\\\\"));
}

function fromText(text: unknown): string | null {
  if (typeof text !== "string") return null;
  return !text.includes("\\") ? text : text.replace(/\\([\\0])/g, (_, character) => (character === "0" ? "\0" : "\\"));
}

/** A row that somebody else wrote can have a checksum that fits, and text here that is no list. */
function parseDigests(sid: string, text: string): readonly string[] {
  if (text === "[]") return [];
  try {
    const digests: unknown = JSON.parse(text);
    const isList = Array.isArray(digests) && digests.length <= MAX_RETIRED;
    if (isList && digests.every((each) => typeof each === "string")) return digests as string[];
  } catch {}
  throw unreadable(sid);
}

export function unreadable(sid: string): SessionError {
  const message = `The row of session \`${sid}\` in the SQLite store is damaged: it does not match its checksum. Delete the session.`;
  return new SessionError("ERR_SESSION_RECORD", message);
}

function checksum(fields: readonly unknown[]): number {
  return crc32(JSON.stringify(fields));
}
