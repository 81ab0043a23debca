// Steps 1 to 5 of a request: from the presented token to the record it is good for, or to nothing.

import { readData } from "./commit.ts";
import { type Core, LOADING } from "./core.ts";
import { isSessionError, SessionError } from "./errors.ts";
import type { JsonObject } from "./json.ts";
import { isPromise } from "./promise.ts";
import type { SessionRecord } from "./record.ts";
import type { Loaded } from "./store.ts";
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
  if (parts === null) return withoutRecord(transport);
  checkOrigin(transport, request);
  return openRecord(core, transport, parts);
}

/** Refuses a cross-site request that would act with a credential the browser attached by itself. */
export function checkOrigin(transport: SessionTransport, request: SessionRequest): void {
  if (transport.permits === undefined || transport.permits(request)) return;
  throw new SessionError("ERR_SESSION_CROSS_SITE", "A cross-site request must not act with this site's session.");
}

/** A record, and what the presented secret is to it. */
interface Found {
  readonly record: SessionRecord;
  readonly digest: string;
  readonly verdict: Verdict;
}

/** Every signed-in request comes by here, so nothing stands between this and the store, and who need not wait does not. */
function openRecord(core: Core, transport: SessionTransport, { sid, secret }: TokenParts): Opened | Promise<Opened> {
  let found: Found | null = null;
  // An old copy may let a request in, but never turn it away or end the session: what it does not know may have happened since.
  const suits = (copy: SessionRecord): boolean => {
    found = look(core, copy, secret);
    return found.verdict === "valid";
  };
  let loaded: Loaded | Promise<Loaded>;
  try {
    loaded = core.settings.store.load(sid, suits);
  } catch (error) {
    return afterFailure(transport, core.failure(LOADING, error));
  }
  if (!isPromise(loaded)) return conclude(core, transport, secret, loaded, found);
  return Promise.resolve(loaded).then(
    (record) => conclude(core, transport, secret, record, found),
    (error) => afterFailure(transport, core.failure(LOADING, error)),
  );
}

function look(core: Core, record: SessionRecord, secret: string): Found {
  const digest = core.settings.keys.in(record, secret);
  return { record, digest, verdict: judge(record, digest, core.now(), core.settings) };
}

/** `looked` is what was last looked at: the same record, when a copy suited. */
function conclude(
  core: Core,
  transport: SessionTransport,
  secret: string,
  record: Loaded,
  looked: Found | null,
): Opened | Promise<Opened> {
  if (record === null) return withoutRecord(transport);
  return openFound(core, transport, looked?.record === record ? looked : look(core, record, secret));
}

function openFound(
  core: Core,
  transport: SessionTransport,
  { record, digest, verdict }: Found,
): Opened | Promise<Opened> {
  if (verdict !== "valid") return endBad(core, record, verdict).then(() => withoutRecord(transport));
  if (core.settings.schema === undefined) return { transport, record, digest, data: null };
  return readData(core, record).then(
    (data) => ({ transport, record, digest, data }),
    (error) => afterFailure(transport, error),
  );
}

function withoutRecord(transport: SessionTransport): Opened {
  return { ...ANONYMOUS, transport };
}

/** A record that cannot be read is no session. */
function afterFailure(transport: SessionTransport, error: unknown): Opened {
  if (isSessionError(error, "ERR_SESSION_RECORD")) return withoutRecord(transport);
  throw error;
}

/** Ends the session where it must not go on. */
async function endBad(core: Core, record: SessionRecord, verdict: Verdict): Promise<void> {
  if (verdict === "expired") await core.end(record, "expired");
  if (verdict === "reused" && (await core.end(record, "revoked", { reason: "reuse" })))
    core.tell("reuseDetected", record);
}
