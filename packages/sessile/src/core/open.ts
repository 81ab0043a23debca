// Steps 1 to 5 of a request: from the presented token to the record it is good for, or to nothing.

import { readData } from "./commit.ts";
import type { Core } from "./core.ts";
import { isSessionError, SessionError } from "./errors.ts";
import type { JsonObject } from "./json.ts";
import type { SessionRecord } from "./record.ts";
import { parseToken } from "./token.ts";
import { readCredential, type SessionRequest, type SessionTransport } from "./transport.ts";
import { isValid, judge } from "./validity.ts";

/** What a request turned out to hold. */
export interface Opened {
  /** How the token came; `null` when the request presents none. A token that came may still be good for nothing. */
  readonly transport: SessionTransport | null;
  /** The session it is good for; `null` when it is good for none. */
  readonly record: SessionRecord | null;
  /** Digest of the presented secret, which a rotation has to replace. */
  readonly digest: string | null;
  /** The data as the schema sees it; `null` until somebody asks, when there is no schema. */
  readonly data: JsonObject | null;
}

const ANONYMOUS: Opened = Object.freeze({ transport: null, record: null, digest: null, data: null });

/**
 * Unknown, expired, revoked, forged and ill-formed tokens all give a result without a record, so that they look the same
 * to the client. Throws `ERR_SESSION_CREDENTIALS`, `ERR_SESSION_CROSS_SITE` and, when the store cannot answer,
 * `ERR_SESSION_STORE`: store trouble is never an answer to "who is this?".
 */
export async function open(core: Core, request: SessionRequest): Promise<Opened> {
  const credential = readCredential(core.settings.transports, request);
  if (credential === null) return ANONYMOUS;
  const { transport } = credential;
  const parts = parseToken(core.settings.tokenPrefix, credential.token);
  if (parts === null) return { ...ANONYMOUS, transport };
  checkOrigin(transport, request);
  let suited: SessionRecord | null = null;
  const record = await loadRecord(core, parts.sid, (copy) => {
    if (isValid(judge(copy, core.settings.keys.in(copy, parts.secret), core.now(), core.settings))) suited = copy;
    return suited === copy;
  });
  if (record === null) return { ...ANONYMOUS, transport };
  const digest = core.settings.keys.in(record, parts.secret);
  if (record !== suited && !(await isGood(core, record, digest))) return { ...ANONYMOUS, transport };
  if (core.settings.schema === undefined) return { transport, record, digest, data: null };
  const data = await dataOrNull(core, record);
  return data === null ? { ...ANONYMOUS, transport } : { transport, record, digest, data };
}

/** Refuses a cross-site request that would act with a credential the browser attached by itself. */
export function checkOrigin(transport: SessionTransport, request: SessionRequest): void {
  if (transport.permits === undefined || transport.permits(request)) return;
  throw new SessionError("ERR_SESSION_CROSS_SITE", "A cross-site request must not act with this site's session.");
}

/** An old copy may let a request in, but never turn it away or end the session: what it does not know may have happened since. */
async function loadRecord(
  core: Core,
  sid: string,
  suits: (copy: SessionRecord) => boolean,
): Promise<SessionRecord | null> {
  try {
    return await core.ask("load a session", (store) => store.load(sid, suits));
  } catch (error) {
    return nullWhenCorrupt(error);
  }
}

async function dataOrNull(core: Core, record: SessionRecord): Promise<JsonObject | null> {
  try {
    return await readData(core, record);
  } catch (error) {
    if (isSessionError(error)) core.reportUnreadable(error);
    return nullWhenCorrupt(error);
  }
}

/** A record that cannot be read is no session; any other error is thrown on. */
function nullWhenCorrupt(error: unknown): null {
  if (isSessionError(error, "ERR_SESSION_RECORD")) return null;
  throw error;
}

/** Whether the secret opens the record; ends the session where it must not go on. */
async function isGood(core: Core, record: SessionRecord, digest: string): Promise<boolean> {
  const verdict = judge(record, digest, core.now(), core.settings);
  if (isValid(verdict)) return true;
  if (verdict === "unknown") return false;
  if (verdict === "expired") await core.end(record, "expired");
  else if (await core.end(record, "revoked", { reason: "reuse" })) core.tell("reuseDetected", record);
  return false;
}
