// Steps 6 and 7 of a request: the write, and its repetition when others wrote meanwhile. Never creates a session.

import { type Core, limitReached } from "./core.ts";
import { formatData, type JsonObject, parseData, validateData } from "./data.ts";
import { type Changes, excessOf, type SecretChange, type SessionDelta } from "./delta.ts";
import { isSessionError, SessionError } from "./errors.ts";
import type { Settings } from "./options.ts";
import { idleTimeoutOf, type SessionRecord } from "./record.ts";
import type { Committed } from "./store.ts";
import { familyOf, MAX_NUMBER, secretOf } from "./token.ts";
import type { SessionRequest } from "./transport.ts";

/** The operation that fails when a record's data cannot be read, or does not fit the application's schema. */
export const READING = "read a stored session";

/** A conflict means that another writer succeeded, so this many in a row mean that something else is wrong. */
const COMMIT_ATTEMPTS = 1000;

/** The write that one request wants. */
export interface Writing {
  readonly record: SessionRecord;
  readonly presented: Presented;
  readonly changes: Changes | null;
  readonly isActivity: boolean;
  /** Whether a new token can reach the client: by the last write of a request alone, which the response carries. */
  readonly canIssue: boolean;
  /** Whether the handler asked for a new secret. */
  readonly mustRotate: boolean;
  /** The user who has just proved again who they are: `authenticatedAt` moves, and the secret is replaced. */
  readonly elevates?: string;
  /** The request that the touch is for. */
  readonly request: SessionRequest;
}

/** The secret that a request presented, and the digest of it that the record holds. */
export interface Presented {
  readonly secret: string;
  readonly digest: string;
}

/** The record after it. `null`: the session ended meanwhile; the changes are dropped and nothing may be sent. */
export type Written = { readonly record: SessionRecord; readonly newSecret: string | null } | null;

/** The number of offers in a row that the client may ignore before that is reported. */
const MOST_IGNORED = 3;

/** Writes the changes, the touch and the change of secrets that are due, in one step; nothing when nothing is due. */
export async function commitRecord(core: Core, first: Writing): Promise<Written> {
  let writing = first;
  for (let attempt = 0; attempt < COMMIT_ATTEMPTS; attempt++) {
    const { record } = writing;
    const now = core.now();
    if (!isDue(core, writing, now)) {
      if (writing.isActivity) core.touches.note(record, now);
      return { record, newSecret: null };
    }
    const rotation = rotationOf(core, writing, now);
    if (rotation?.isIgnored && core.settings.rotateUnadopted === "end") return endIgnored(core, record);
    const delta = await deltaOf(core, writing, rotation?.change);
    const answer = await commit(core, writing, delta, now);
    if (answer === null) return { record, newSecret: null };
    if (answer.status === "gone") return null;
    if (answer.status === "refused") throw limitReached();
    if (answer.status === "ok") {
      if (delta.touch !== undefined) core.touches.drop(record.sid);
      return { record: answer.record, newSecret: rotation && announce(core, record, rotation) };
    }
    // no other request wrote meanwhile, so the one condition left is the limits
    if (answer.record.writes === record.writes) throw tooLarge();
    writing.changes?.rebase(await readData(core, answer.record));
    writing = { ...writing, record: answer.record };
  }
  throw new SessionError("ERR_SESSION_CONFLICT", "Other requests changed the session at every attempt. Try again.");
}

/**
 * `null` when the store failed and nothing is lost by it: the next request that presents the offered secret takes it.
 */
async function commit(core: Core, writing: Writing, delta: SessionDelta, now: number): Promise<Committed | null> {
  const { record } = writing;
  try {
    return await core.ask("commit a session", (store) => store.commit(record.sid, delta, record));
  } catch (error) {
    if (delta.rotate?.kind !== "take" || isWriteDue(core, writing, now)) throw error;
    return null;
  }
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

/** Whether there is anything to write before the answer. */
export function isDue(core: Core, writing: Writing, now: number): boolean {
  return isWriteDue(core, writing, now) || kindDue(core.settings, writing, now) !== null;
}

function isWriteDue(core: Core, { changes, elevates, isActivity, record, request }: Writing, now: number): boolean {
  if (changes?.isEmpty === false || elevates !== undefined) return true;
  return isActivity && core.touches.isDue(record, now) && !core.touches.mayWait(record, request, now);
}

/**
 * The change of secrets that is due. A secret is offered first, and the client's use of it makes it the current one: an
 * answer that is lost or late costs nothing. An offer is taken when it is older than the grace, and replaced when it is
 * older than two: by then a client that has it would have used it (`test/rotation/model.ts` shows how late answers may
 * be). The holder of a previous secret gets none, unless the user proved again who they are.
 */
function kindDue(
  { rotateAfter, rotationGrace }: Settings,
  { record, presented: { digest }, canIssue, mustRotate, elevates }: Writing,
  now: number,
): SecretChange["kind"] | null {
  const { rotation } = record;
  const canRotate = canIssue && (rotation === null || rotation.count < MAX_NUMBER);
  if (elevates !== undefined) return canRotate ? "replace" : null;
  const isOffer = rotation !== null && digest === rotation.offer;
  if (!isOffer && digest !== record.secretDigest) return null;
  if (canRotate && mustRotate) return "replace";
  if (isOffer) return now - rotation.offeredAt >= rotationGrace ? "take" : null;
  const isFree = rotation === null || rotation.offer === null || now - rotation.offeredAt >= 2 * rotationGrace;
  return canRotate && isFree && now - record.rotatedAt >= rotateAfter ? "offer" : null;
}

/** A change of secrets, and the new secret; `null` where an offered one is taken. */
interface NewSecret {
  readonly change: SecretChange;
  readonly secret: string | null;
  /** The client has used none of its last offers. */
  readonly isIgnored: boolean;
}

function rotationOf({ settings }: Core, writing: Writing, now: number): NewSecret | null {
  const kind = kindDue(settings, writing, now);
  if (kind === null) return null;
  const { record, presented } = writing;
  const { secretDigest: from, rotation } = record;
  if (kind === "take") return { change: { kind, to: presented.digest }, secret: null, isIgnored: false };
  const half = familyOf(presented.secret);
  const secret = secretOf(half, (rotation?.count ?? 0) + 1);
  const [to, family] = [settings.keys.digest(record, secret), settings.keys.digest(record, half)];
  if (kind === "replace") {
    const keep = isPrevious(writing) ? { keep: presented.digest } : {};
    return { change: { kind, from, to, family, ...keep }, secret, isIgnored: false };
  }
  const isIgnored = rotation !== null && rotation.count - rotation.taken === MOST_IGNORED;
  return { change: { kind, from, over: rotation?.offer ?? null, to, family }, secret, isIgnored };
}

/** Whether the presented secret is one whose place the current one took. */
export function isPrevious({ record: { rotation }, presented: { digest } }: Pick<Writing, "record" | "presented">) {
  return rotation?.previous.includes(digest) === true;
}

function announce(core: Core, record: SessionRecord, { change, secret, isIgnored }: NewSecret): string | null {
  if (change.kind !== "offer") core.emit("rotated", record);
  if (isIgnored) core.emit("rotationIgnored", record);
  return secret;
}

async function endIgnored(core: Core, record: SessionRecord): Promise<null> {
  if (await core.end(record, "revoked", { reason: "ignored" })) core.emit("rotationIgnored", record);
  return null;
}

async function deltaOf(core: Core, writing: Writing, rotate: SecretChange | undefined): Promise<SessionDelta> {
  const { record, isActivity, elevates } = writing;
  const { limits } = core.settings;
  const changes = writing.changes?.isEmpty === false ? writing.changes : null;
  if (changes) await checkedText(core, changes.view);
  const at = core.now();
  return {
    at,
    ...(changes && { ...changes.outcome(), limits }),
    ...(changes?.isDependent && { ifVersion: record.version }),
    ...(isActivity && { touch: { idleTimeout: idleTimeoutOf(record, core.settings) } }),
    ...(rotate && { rotate }),
    ...(elevates !== undefined && { elevate: elevates }),
  };
}
