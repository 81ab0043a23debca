// Steps 6 and 7 of a request: the write, and its repetition when others wrote meanwhile. Never creates a session.

import type { Core } from "./core.ts";
import { formatData, type JsonObject, parseData, validateData } from "./data.ts";
import type { Changes } from "./delta.ts";
import { excessOf, type SessionDelta } from "./delta.ts";
import { isSessionError, SessionError } from "./errors.ts";
import { deadline, isDue, isRotationDue, type SessionRecord, type Use } from "./record.ts";
import { formatToken, newSecret } from "./token.ts";

/** The operation that fails when a record's data cannot be read, or does not fit the application's schema. */
export const READING = "read a stored session";

/** A conflict means that another writer succeeded, so this many in a row mean that something else is wrong. */
const COMMIT_ATTEMPTS = 1000;

/** The write that one request wants. */
export interface Writing extends Use {
  readonly changes: Changes | null;
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
    const now = core.now();
    const isChanged = writing.changes?.isEmpty === false;
    if (!isChanged && !isDue(writing, core.settings.touchInterval, now)) return { record, newToken: null };
    const secret = isRotationDue(writing, now) ? newSecret() : null;
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
