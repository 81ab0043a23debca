// Steps 6 and 7 of a request: what is written, and what happens when others wrote meanwhile. Never creates a session.

import { type Changes, checkDataLimits } from "./changes.ts";
import type { Core } from "./core.ts";
import type { SessionDelta } from "./delta.ts";
import { SessionError } from "./errors.ts";
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
  /** `"never"` where a new token could not reach the client. */
  readonly rotation: "asked" | "whenDue" | "never";
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
export async function readData({ settings }: Core, record: SessionRecord): Promise<JsonObject> {
  const data = parseData(record.data);
  return settings.schema === undefined ? data : validateData(settings.schema, data, "ERR_SESSION_RECORD");
}

/** The text of data that fits the schema and the limits. Throws `ERR_SESSION_VALUE` otherwise. */
export async function checkedText({ settings }: Core, data: JsonObject): Promise<string> {
  if (settings.schema !== undefined) await validateData(settings.schema, data, "ERR_SESSION_VALUE");
  return checkDataLimits(data, settings.limits);
}

interface Rotation {
  readonly from: string;
  readonly to: string;
  readonly secret: string;
}

/** A new secret when one is asked for or due. The holder of a retired secret gets none: its successor exists already. */
function nextRotation(core: Core, { record, digest, rotation }: Writing): Rotation | null {
  if (rotation === "never" || digest !== record.secretDigest) return null;
  if (rotation === "whenDue" && core.now() - record.rotatedAt < core.settings.rotateAfter) return null;
  const secret = newSecret();
  return { from: record.secretDigest, to: core.settings.digests.of(record, secret), secret };
}

async function nextDelta(
  core: Core,
  { changes, isActivity }: Writing,
  record: SessionRecord,
  rotation: Rotation | null,
): Promise<SessionDelta | null> {
  const { touchInterval, idleTimeout, limits } = core.settings;
  const at = core.now();
  const isChanged = changes !== null && !changes.isEmpty;
  const isTouchDue = isActivity && at - record.lastSeenAt >= touchInterval;
  if (!isChanged && rotation === null && !isTouchDue) return null;
  if (isChanged) await checkedText(core, changes.view);
  return {
    at,
    ...(isChanged && { ...changes.outcome(), limits }),
    ...(isChanged && changes.isDependent && { ifVersion: record.version }),
    ...(isActivity && { touch: { expiresAt: deadline(at, idleTimeout, record.absoluteExpiresAt) } }),
    ...(rotation && { rotate: { from: rotation.from, to: rotation.to } }),
  };
}

/** Nobody wrote meanwhile, so the one condition left is the limits: the record has keys that the schema does not show. */
function tooLarge(): SessionError {
  return new SessionError("ERR_SESSION_VALUE", "Session data would exceed `limits`. Keep less in the session.");
}

function announceRotation(core: Core, { sid, userId, rotatedAt: at }: SessionRecord, { secret }: Rotation): string {
  core.events.emit("rotated", { sid, userId, at });
  return formatToken(core.settings.tokenPrefix, { sid, secret });
}
