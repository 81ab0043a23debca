// Steps 6 and 7 of a request: the write, and its repetition when others wrote meanwhile. Never creates a session.

import type { Core } from "./core.ts";
import { formatData, type JsonObject, parseData, validateData } from "./data.ts";
import type { Changes } from "./delta.ts";
import { excessOf, type SessionDelta } from "./delta.ts";
import { isSessionError, SessionError } from "./errors.ts";
import type { SessionRecord } from "./record.ts";
import { deadline } from "./record.ts";
import { formatToken, newSecret } from "./token.ts";

/** The operation that fails when a record's data cannot be read, or does not fit the application's schema. */
export const READING = "read a stored session";

/** A conflict means that another writer succeeded, so this many in a row mean that something else is wrong. */
const COMMIT_ATTEMPTS = 1000;

/** The write that one request wants. */
export interface Writing {
  readonly record: SessionRecord;
  /** Digest of the secret that the request presented. */
  readonly digest: string | null;
  readonly changes: Changes | null;
  readonly isActivity: boolean;
  /** The age at which the secret is replaced; infinite where a new token could not reach the client. */
  readonly rotateAfter: number;
}

/**
 * Writes the changes, the touch and the rotation that are due, in one step; nothing when nothing is due. `null` when
 * the session ended meanwhile: the changes are dropped, and nothing may be sent.
 */
export async function commitRecord(
  core: Core,
  first: Writing,
): Promise<{ readonly record: SessionRecord; readonly newToken: string | null } | null> {
  let writing = first;
  for (let attempt = 0; attempt < COMMIT_ATTEMPTS; attempt++) {
    const { record } = writing;
    if (!isDue(core, writing, core.now())) return { record, newToken: null };
    const secret = isRotationDue(writing, core.now()) ? newSecret() : null;
    const delta = await deltaOf(core, writing, secret);
    const answer = await core.ask("commit a session", (store) => store.commit(record.sid, delta, record));
    if (answer.status === "gone") return null;
    if (answer.status === "ok")
      return { record: answer.record, newToken: secret && announceRotation(core, record, secret) };
    // no other request wrote meanwhile, so the one condition left is the limits
    if (answer.record.version === record.version) throw tooLarge();
    writing.changes?.rebase(await readData(core, answer.record));
    writing = { ...writing, record: answer.record };
  }
  throw new SessionError("ERR_SESSION_CONFLICT", "Other requests changed the session at every attempt. Try again.");
}

/** The data of a record as the application sees it: through its schema when it has one. */
export async function readData(core: Core, record: SessionRecord): Promise<JsonObject> {
  try {
    return await validateData(core.settings.schema, parseData(record.data), "ERR_SESSION_RECORD");
  } catch (error) {
    if (isSessionError(error)) core.reportFailure(READING, error);
    throw error;
  }
}

/** The text of data that fits the schema and the limits. Throws `ERR_SESSION_VALUE` otherwise. */
export async function checkedText({ settings }: Core, data: JsonObject): Promise<string> {
  await validateData(settings.schema, data, "ERR_SESSION_VALUE");
  const text = formatData(data);
  const excess = excessOf(data, text, settings.limits);
  if (excess !== undefined) throw tooLarge(excess);
  return text;
}

/** `which` goes on after "limits"; the record may have keys that the schema does not show, and then it is none. */
function tooLarge(which = "`"): SessionError {
  return new SessionError("ERR_SESSION_VALUE", `Session data would exceed \`limits${which}. Keep less in the session.`);
}

/** Whether there is anything to write at all. */
export function isDue({ settings }: Core, writing: Writing, now: number): boolean {
  if (writing.changes?.isEmpty === false || isRotationDue(writing, now)) return true;
  return writing.isActivity && now - writing.record.lastSeenAt >= settings.touchInterval;
}

/** The holder of a retired secret gets no new one: its successor exists already. */
function isRotationDue({ record, digest, rotateAfter }: Writing, now: number): boolean {
  if (digest !== record.secretDigest) return false;
  return now - record.rotatedAt >= rotateAfter;
}

async function deltaOf(core: Core, writing: Writing, secret: string | null): Promise<SessionDelta> {
  const { record, isActivity } = writing;
  const { idleTimeout, limits, keys } = core.settings;
  const changes = writing.changes?.isEmpty === false ? writing.changes : null;
  if (changes) await checkedText(core, changes.view);
  const at = core.now();
  return {
    at,
    ...(changes && { ...changes.outcome(), limits }),
    ...(changes?.isDependent && { ifVersion: record.version }),
    ...(isActivity && { touch: { expiresAt: deadline(at, idleTimeout, record.absoluteExpiresAt) } }),
    ...(secret && { rotate: { from: record.secretDigest, to: keys.of(record, secret) } }),
  };
}

function announceRotation(core: Core, { sid, userId }: SessionRecord, secret: string): string {
  core.emit("rotated", { sid, userId });
  return formatToken(core.settings.tokenPrefix, { sid, secret });
}
