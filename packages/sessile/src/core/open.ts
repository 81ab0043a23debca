// Steps 1 to 5 of a request: from the presented token to the record it is good for, or to nothing.

import { readData } from "./commit.ts";
import { type Core, LOADING } from "./core.ts";
import type { JsonObject } from "./data.ts";
import { isSessionError, SessionError, shown } from "./errors.ts";
import type { SessionRecord } from "./record.ts";
import { judge, type Verdict } from "./record.ts";
import { parseToken, type TokenParts } from "./token.ts";
import { readCredential, type SessionRequest, type SessionTransport } from "./transport.ts";

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
  const { transports, tokenPrefix } = core.settings;
  const credential = readCredential(transports, request, tokenPrefix);
  if (credential === null) return ANONYMOUS;
  const { transport, token } = credential;
  const withoutRecord = { ...ANONYMOUS, transport };
  const parts = parseToken(tokenPrefix, token);
  if (parts === null) return withoutRecord;
  checkOrigin(core, transport, request);
  const unended = core.endings.get(parts.sid);
  if (unended !== undefined) {
    await core.signOut(unended);
    return withoutRecord;
  }
  const found = await find(core, parts);
  if (found === null) return withoutRecord;
  const { record, digest, verdict } = found;
  if (verdict !== "valid") {
    await endBad(core, record, verdict);
    return withoutRecord;
  }
  if (core.settings.schema === undefined) return { transport, record, digest, data: null };
  try {
    return { transport, record, digest, data: await readData(core, record) };
  } catch (error) {
    if (isSessionError(error, "ERR_SESSION_RECORD")) return withoutRecord;
    throw error;
  }
}

/** Refuses a cross-site request that would act with a credential the browser attached by itself. */
export function checkOrigin(core: Core, transport: SessionTransport, request: SessionRequest): void {
  if (transport.permits === undefined || transport.permits(request)) return;
  const [origin, host] = [seenIn(request, "origin"), seenIn(request, "host")];
  const seen = `\`Origin\` is ${JSON.stringify(origin)} and \`Host\` ${JSON.stringify(host)}`;
  const message = `A cross-site request must not act with this site's session: ${seen}. Name own origins in \`trustedOrigins\`.`;
  core.events.emit("crossSiteRefused", { origin, host, path: shown(request.path), message, at: core.now() });
  throw new SessionError("ERR_SESSION_CROSS_SITE", message);
}

function seenIn(request: SessionRequest, name: string): string | null {
  const value = request.header(name);
  return value === undefined ? null : shown(value);
}

/** A record, and what the presented secret is to it. */
interface Found {
  readonly record: SessionRecord;
  readonly digest: string;
  readonly verdict: Verdict;
}

async function find(core: Core, { sid, secret }: TokenParts): Promise<Found | null> {
  try {
    const { store } = core.settings;
    const copy = store.peek?.(sid);
    if (copy?.sid === sid) {
      const found = look(core, copy, secret);
      if (found.verdict === "valid") return found;
    }
    const record = await store.load(sid);
    return record && look(core, record, secret);
  } catch (error) {
    const failure = core.failure(LOADING, error);
    if (isSessionError(failure, "ERR_SESSION_RECORD")) return null;
    throw failure;
  }
}

function look(core: Core, record: SessionRecord, secret: string): Found {
  const digest = core.settings.keys.in(record, secret);
  return { record, digest, verdict: judge(record, digest, core.now(), core.settings) };
}

/** Ends the session where it must not go on. */
async function endBad(core: Core, record: SessionRecord, verdict: Verdict): Promise<void> {
  if (verdict === "expired") await core.end(record, "expired");
  if (verdict === "reused" && (await core.end(record, "revoked", { reason: "reuse" })))
    core.tell("reuseDetected", record);
}
