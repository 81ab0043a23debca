// Steps 6 and 7 of a request: what is written, and what happens when others wrote meanwhile. Never creates a session.

import { type Changes, checkDataLimits, tooLarge } from "./changes.ts";
import type { Core } from "./core.ts";
import type { SessionDelta } from "./delta.ts";
import { isSessionError, SessionError } from "./errors.ts";
import { type JsonObject, parseData } from "./json.ts";
import type { SessionRecord } from "./record.ts";
import { validateData } from "./schema.ts";
import { formatToken, newSecret } from "./token.ts";
import { deadline } from "./validity.ts";

/** A conflict means that another writer succeeded, so this many in a row mean that something else is wrong. */
const COMMIT_ATTEMPTS = 1000;

/** What one request wants written. */
export interface Writing {
  readonly record: SessionRecord;
  /** Digest of the secret that the request presented. */
  readonly digest: string | null;
  readonly changes: Changes | null;
  readonly isActivity: boolean;
  /** The age at which the secret is replaced; infinite where a new token could not reach the client. */
  readonly rotateAfter: number;
}

/** What became of it. `"gone"`: the session ended meanwhile; the changes are dropped and nothing may be sent. */
export type Written = "gone" | { readonly record: SessionRecord; readonly newToken: string | null };

/** Writes the changes, the touch and the rotation that are due, in one step; nothing when nothing is due. */
export async function commitRecord(core: Core, writing: Writing): Promise<Written> {
  let { record } = writing;
  let rotation = nextRotation(core, writing);
  for (let attempt = 0; attempt < COMMIT_ATTEMPTS; attempt++) {
    const delta = await nextDelta(core, writing, record, rotation);
    if (delta === null) return { record, newToken: null };
    const answer = await core.ask("commit a session", (store) => store.commit(record.sid, delta, record));
    if (answer.status === "gone") return "gone";
    // nobody wrote meanwhile, so the one condition left is the limits
    if (answer.status === "conflict" && answer.record.version === record.version) throw tooLarge();
    record = answer.record;
    if (answer.status === "ok") return { record, newToken: rotation && announceRotation(core, record, rotation) };
    if (rotation?.from !== record.secretDigest) rotation = null;
    writing.changes?.rebase(await readData(core, record));
  }
  throw new SessionError(
    "ERR_SESSION_CONFLICT",
    "Other requests changed the session in every attempt to write it. Try again.",
  );
}

/** The data of a record as the application sees it: through its schema when it has one. */
export async function readData(core: Core, record: SessionRecord): Promise<JsonObject> {
  try {
    return await validateData(core.settings.schema, parseData(record.data), "ERR_SESSION_RECORD");
  } catch (error) {
    if (isSessionError(error)) core.reportUnreadable(error);
    throw error;
  }
}

/** The text of data that fits the schema and the limits. Throws `ERR_SESSION_VALUE` otherwise. */
export async function checkedText({ settings }: Core, data: JsonObject): Promise<string> {
  await validateData(settings.schema, data, "ERR_SESSION_VALUE");
  return checkDataLimits(data, settings.limits);
}

interface Rotation {
  readonly from: string;
  readonly to: string;
  readonly secret: string;
}

/** Whether there is anything to write at all. */
export function isDue(core: Core, writing: Writing): boolean {
  return isChanged(writing) || isTouchDue(core, writing, writing.record) || isRotationDue(core, writing);
}

function isChanged({ changes }: Writing): boolean {
  return changes !== null && !changes.isEmpty;
}

function isTouchDue(core: Core, { isActivity }: Writing, { lastSeenAt }: SessionRecord): boolean {
  return isActivity && core.now() - lastSeenAt >= core.settings.touchInterval;
}

/** The holder of a retired secret gets no new one: its successor exists already. */
function isRotationDue(core: Core, { record, digest, rotateAfter }: Writing): boolean {
  if (digest !== record.secretDigest) return false;
  return core.now() - record.rotatedAt >= rotateAfter;
}

function nextRotation(core: Core, writing: Writing): Rotation | null {
  if (!isRotationDue(core, writing)) return null;
  const { record } = writing;
  const secret = newSecret();
  return { from: record.secretDigest, to: core.settings.keys.of(record, secret), secret };
}

async function nextDelta(
  core: Core,
  writing: Writing,
  record: SessionRecord,
  rotation: Rotation | null,
): Promise<SessionDelta | null> {
  const changes = isChanged(writing) ? writing.changes : null;
  if (changes === null && rotation === null && !isTouchDue(core, writing, record)) return null;
  if (changes !== null) await checkedText(core, changes.view);
  const { idleTimeout, limits } = core.settings;
  const at = core.now();
  return {
    at,
    ...(changes && { ...changes.outcome(), limits }),
    ...(changes?.isDependent && { ifVersion: record.version }),
    ...(writing.isActivity && { touch: { expiresAt: deadline(at, idleTimeout, record.absoluteExpiresAt) } }),
    ...(rotation && { rotate: { from: rotation.from, to: rotation.to } }),
  };
}

function announceRotation(core: Core, record: SessionRecord, { secret }: Rotation): string {
  core.tell("rotated", record);
  return formatToken(core.settings.tokenPrefix, { sid: record.sid, secret });
}
