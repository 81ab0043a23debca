// Steps 1 to 5 of a request: from the presented token to its session, or to an anonymous one.

import { readData } from "./commit.ts";
import { type Core, LOADING } from "./core.ts";
import { isSessionError } from "./errors.ts";
import { SessionExchange } from "./exchange.ts";
import { type Judgement, judge, type SessionRecord } from "./record.ts";
import { parseToken, type TokenParts } from "./token.ts";
import { checkOrigin, readCredential, type SessionRequest } from "./transport.ts";

/**
 * Unknown, expired, revoked, forged and ill-formed tokens all give an anonymous session, so that they look the same to
 * the client. Throws `ERR_SESSION_CREDENTIALS`, `ERR_SESSION_CROSS_SITE` and, when the store cannot answer,
 * `ERR_SESSION_STORE`: store trouble is never an answer to "who is this?".
 */
export async function open<Data extends object>(core: Core, request: SessionRequest): Promise<SessionExchange<Data>> {
  const { transports, tokenPrefix, schema } = core.settings;
  const credential = readCredential(transports, request, tokenPrefix);
  if (credential === null) return new SessionExchange(core, request, null);
  const { transport, token } = credential;
  const parts = parseToken(tokenPrefix, token);
  if (parts === null) return new SessionExchange(core, request, transport);
  checkOrigin(core, transport, request);
  const found = copyOf(core, parts) ?? (await load(core, parts));
  if (found === null || schema === undefined) return new SessionExchange(core, request, transport, found);
  try {
    return new SessionExchange(core, request, transport, found, await readData(core, found.record));
  } catch (error) {
    if (isSessionError(error, "ERR_SESSION_RECORD")) return new SessionExchange(core, request, transport);
    throw error;
  }
}

/** A record, and the presented secret beside it. */
export interface Found extends Judgement {
  readonly record: SessionRecord;
  readonly secret: string;
}

/** The store's copy, when the presented secret opens it: a copy never turns a request away. */
function copyOf(core: Core, { sid, secret }: TokenParts): Found | null {
  const { store } = core.settings;
  if (store.peek === undefined || core.endings.unconfirmed.has(sid)) return null;
  try {
    const copy = store.peek(sid);
    const found = copy?.sid === sid ? compare(core, copy, secret) : null;
    return found?.verdict === "valid" ? found : null;
  } catch {
    return null;
  }
}

/** The stored record, when the presented secret opens it. Ends a session that must not go on. */
async function load(core: Core, { sid, secret }: TokenParts): Promise<Found | null> {
  const unconfirmed = core.endings.unconfirmed.get(sid);
  if (unconfirmed !== undefined) {
    await core.signOut(unconfirmed);
    return null;
  }
  const found = await loadRecord(core, sid, secret);
  if (found?.verdict === "valid") return found;
  if (found?.verdict === "expired") await core.end(found.record, "expired");
  if (found?.verdict === "reused" && (await core.end(found.record, "revoked", { reason: "reuse" })))
    core.emit("reuseDetected", found.record);
  if (found?.verdict === "lost") core.emit("secretLost", found.record);
  return null;
}

/** A record that cannot be read is none. */
async function loadRecord(core: Core, sid: string, secret: string): Promise<Found | null> {
  try {
    const record = await core.settings.store.load(sid);
    return record && compare(core, record, secret);
  } catch (error) {
    const failure = core.failure(LOADING, error);
    if (isSessionError(failure, "ERR_SESSION_RECORD")) return null;
    throw failure;
  }
}

function compare(core: Core, record: SessionRecord, secret: string): Found {
  return { ...judge(core.touches.seen(record), secret, core.now(), core.settings), record, secret };
}
