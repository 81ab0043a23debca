// The stored form of a record: `<writes>.<tag>|<header>\n<data>`. It does not judge a record.

import { hash } from "node:crypto";
import { SessionError } from "../../core/errors.ts";
import { frozenRotation, isRotation, MAX_DATA_BYTES, type SessionRecord } from "../../core/record.ts";

/** The form of the header. A record of any other form belongs to another release and is left alone. */
const FORM = 2;

/**
 * 48 bits: two writes of one number differ in it, unless they wrote the same; and damage is noticed, which in the
 * user's id would make the session another user's. It is no security control.
 */
const TAG_LENGTH = 8;

/**
 * The part that a script compares stands first, so that the script parses nothing. The header is JSON, which never
 * holds a raw line break, so the data follows as the text it already is: it is neither escaped again nor parsed on
 * load. Its length is written down, so that text which was cut off is noticed without parsing too.
 */
export function encodeRecord(record: SessionRecord): string {
  const body = bodyOf(record);
  return `${stampOf(record, body)}|${body}`;
}

/**
 * The beginning of a record's stored form: the number of its writes, a digest of everything else, its form and its sid. The
 * number alone would not do: after a failover that lost writes, the promoted replica counts the same numbers again,
 * with other contents.
 */
export function beginningOfRecord(record: SessionRecord): string {
  return `${stampOf(record, bodyOf(record))}${formOf(record.sid)}`;
}

/** The same of a stored text of this form, written by any process. */
export function beginningOfText(text: string, sid: string): string {
  return text.slice(0, text.indexOf("|")) + formOf(sid);
}

/** The number of writes and the digest in a stored text, with what ends them. */
export function stampIn(text: string): string {
  return text.slice(0, text.indexOf("|") + 1);
}

function stampOf({ writes }: SessionRecord, body: string): string {
  return `${writes}.${tagOf(body)}`;
}

function tagOf(body: string): string {
  return hash("sha1", body, "base64url").slice(0, TAG_LENGTH);
}

function formOf(sid: string): string {
  return `|{"v":${FORM},"sid":${JSON.stringify(sid)}`;
}

/**
 * The fields in one order, whichever they have in the record: so a record that was loaded gives the text that is
 * stored.
 */
function bodyOf({ sid, userId, secretDigest, rotation, data, device, ...rest }: SessionRecord): string {
  const {
    createdAt,
    authenticatedAt,
    rotatedAt,
    lastSeenAt,
    expiresAt,
    absoluteExpiresAt,
    idleTimeout,
    persistent,
    binding,
    version,
  } = rest;
  const instants = { createdAt, authenticatedAt, rotatedAt, lastSeenAt, expiresAt, absoluteExpiresAt };
  const lifetime = { idleTimeout, persistent, binding };
  const header = {
    v: FORM,
    sid,
    userId,
    secretDigest,
    rotation,
    ...instants,
    ...lifetime,
    version,
    device,
    dataLength: data.length,
  };
  return `${JSON.stringify(header)}\n${data}`;
}

/** A longer text was not written by a manager, and is not worth the time that looking into it takes. */
const LONGEST_TEXT = MAX_DATA_BYTES + 1024 ** 2;

/** The record of a stored text. Throws `ERR_SESSION_RECORD` when the text is not a whole record of this `sid`. */
export function decodeRecord(text: string, sid: string): SessionRecord {
  if (text.length > LONGEST_TEXT) return unreadable();
  const bodyStart = text.indexOf("|") + 1;
  const body = text.slice(bodyStart);
  const writes = Number.parseInt(text, 10);
  if (text.slice(0, bodyStart) !== `${writes}.${tagOf(body)}|`) return unreadable();
  const headerLength = body.indexOf("\n");
  const data = body.slice(headerLength + 1);
  const fields = parseHeader(body.slice(0, headerLength));
  if (fields.v !== FORM || fields.sid !== sid || fields.dataLength !== data.length) return unreadable();
  return Object.freeze({
    sid: fields.sid, // `sid` may be a slice of a request's header, which it would keep in memory
    userId: orNull(isText, fields.userId),
    secretDigest: needed(isText, fields.secretDigest),
    rotation: frozenRotation(needed(isRotation, fields.rotation)),
    data,
    createdAt: needed(isCount, fields.createdAt),
    authenticatedAt: orNull(isCount, fields.authenticatedAt),
    rotatedAt: needed(isCount, fields.rotatedAt),
    lastSeenAt: needed(isCount, fields.lastSeenAt),
    expiresAt: needed(isCount, fields.expiresAt),
    absoluteExpiresAt: needed(isCount, fields.absoluteExpiresAt),
    idleTimeout: orNull(isCount, fields.idleTimeout),
    persistent: needed(isBoolean, fields.persistent),
    binding: orNull(isText, fields.binding),
    version: needed(isCount, fields.version),
    writes: writes >= 1 ? needed(isCount, writes) : unreadable(),
    device: orNull(isText, fields.device),
  });
}

/** The record of a stored text; `null` when there is none or it cannot be read. */
export function readableRecord(text: string | null, sid: string): SessionRecord | null {
  try {
    return text === null ? null : decodeRecord(text, sid);
  } catch {
    return null;
  }
}

function parseHeader(text: string): Readonly<Partial<Record<keyof SessionRecord | "v" | "dataLength", unknown>>> {
  try {
    return (JSON.parse(text) as object | null) ?? unreadable();
  } catch {
    return unreadable();
  }
}

function needed<T>(is: (value: unknown) => value is T, value: unknown): T {
  return is(value) ? value : unreadable();
}

function orNull<T>(is: (value: unknown) => value is T, value: unknown): T | null {
  return value === null ? null : needed(is, value);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === "boolean";
}

function unreadable(): never {
  throw new SessionError("ERR_SESSION_RECORD", "The store holds a session record that this release cannot read.");
}
