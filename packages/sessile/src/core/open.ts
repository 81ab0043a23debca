// Steps 1 to 5 of a request: from the presented token to the record it is good for, or to nothing.

import { readData } from "./commit.ts";
import type { Core } from "./core.ts";
import { isSessionError, SessionError } from "./errors.ts";
import type { JsonObject } from "./json.ts";
import type { SessionRecord } from "./record.ts";
import { parseToken, type TokenParts } from "./token.ts";
import { readCredential, type SessionRequest, type SessionTransport } from "./transport.ts";
import { judge, type Verdict } from "./validity.ts";

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
export function open(core: Core, request: SessionRequest): Opened | Promise<Opened> {
  const credential = readCredential(core.settings.transports, request);
  if (credential === null) return ANONYMOUS;
  const { transport, token } = credential;
  const parts = parseToken(core.settings.tokenPrefix, token);
  if (parts === null) return { ...ANONYMOUS, transport };
  checkOrigin(transport, request);
  return openRecord(core, transport, parts);
}

/** Refuses a cross-site request that would act with a credential the browser attached by itself. */
export function checkOrigin(transport: SessionTransport, request: SessionRequest): void {
  if (transport.permits === undefined || transport.permits(request)) return;
  throw new SessionError("ERR_SESSION_CROSS_SITE", "A cross-site request must not act with this site's session.");
}

/** A record that cannot be read is no session. */
async function openRecord(core: Core, transport: SessionTransport, parts: TokenParts): Promise<Opened> {
  try {
    const found = await find(core, parts);
    if (found === null || found.verdict !== "valid") {
      if (found !== null) await endBad(core, found);
      return { ...ANONYMOUS, transport };
    }
    const { record, digest } = found;
    const data = core.settings.schema === undefined ? null : await readData(core, record);
    return { transport, record, digest, data };
  } catch (error) {
    if (isSessionError(error, "ERR_SESSION_RECORD")) return { ...ANONYMOUS, transport };
    throw error;
  }
}

/** A record, and what the presented secret is to it. */
interface Found {
  readonly record: SessionRecord;
  readonly digest: string;
  readonly verdict: Verdict;
}

/** An old copy may let a request in, but never turn it away or end the session: what it does not know may have happened since. */
async function find(core: Core, { sid, secret }: TokenParts): Promise<Found | null> {
  let found: Found | null = null;
  const look = (record: SessionRecord): Found => {
    const digest = core.settings.keys.in(record, secret);
    found = { record, digest, verdict: judge(record, digest, core.now(), core.settings) };
    return found;
  };
  const record = await core.load(sid, (copy) => look(copy).verdict === "valid");
  return record && ((found as Found | null)?.record === record ? found : look(record));
}

/** Ends the session where it must not go on. */
async function endBad(core: Core, { record, verdict }: Found): Promise<void> {
  if (verdict === "expired") await core.end(record, "expired");
  if (verdict === "reused" && (await core.end(record, "revoked", { reason: "reuse" })))
    core.tell("reuseDetected", record);
}
