// `sessile/former-sessions`: keeps users signed in when an application leaves express-session. Each of its cookies is
// exchanged once for a session. express-session itself need not be installed.

import { createHmac, timingSafeEqual } from "node:crypto";
import { type JsonObject, parseData } from "./core/data.ts";
import { isSessionError } from "./core/errors.ts";
import { wrong } from "./core/options.ts";
import { isExpired } from "./core/record.ts";
import type { Session } from "./core/session.ts";
import { REPLACES } from "./core/sign-in.ts";
import type { SessionStore } from "./core/store.ts";
import { expressRecord, formerSid, NO_DIGEST } from "./express-session/record.ts";
import { readCookies } from "./transports/cookie-header.ts";

/** Where the former sessions are, and how their cookies are signed. */
interface FormerSessionOptions {
  /** The store of the manager, which holds the imported sessions. */
  readonly store: SessionStore;
  /** The `secret` that express-session was given; all of them, where it was given several. */
  readonly secret: string | readonly string[];
  /** The `name` that express-session was given. Default `connect.sid`. */
  readonly name?: string;
  /** Milliseconds since 1970, as given to the manager. Default: the time of the system. */
  readonly clock?: () => number;
}

/** The exchange of former sessions for new ones. */
interface FormerSessions {
  /**
   * Signs in the user of a request's former session, found by its `Cookie` header. `select` chooses the first data of
   * the new session; the default is none. False when the request is signed in already, and when there is no former
   * session: its signature is wrong, it has ended, it was exchanged before or it cannot be read.
   *
   * The former session is deleted when the new one is stored, and that one stays even when the request fails later. Of
   * several requests at once one is signed in. Rejects as `session.signIn` does; the former session is then still
   * there.
   */
  signIn<Data extends object>(
    session: Session<Data>,
    cookies: string | undefined,
    select?: (data: JsonObject) => Partial<Data>,
  ): Promise<boolean>;
}

/** Throws `ERR_SESSION_OPTION` when no secret is given. */
export function formerSessions({
  store,
  secret,
  name = "connect.sid",
  clock = () => Date.now(),
}: FormerSessionOptions): FormerSessions {
  const secrets = typeof secret === "string" ? [secret] : [...secret];
  if (secrets.length === 0 || secrets.some((each) => typeof each !== "string" || each === ""))
    throw wrong("secret", "the secret of express-session, or a list of them");
  return {
    async signIn(session, cookies, select = () => ({})) {
      if (session.isSignedIn()) return false;
      const [cookie, ...others] = readCookies(cookies, name);
      const id = cookie === undefined || others.length > 0 ? null : idOf(cookie, secrets);
      const former = id === null ? null : await find(store, formerSid(id), clock());
      if (former === null) return false;
      // When the user proved who they are is unknown, and the holder of an old cookie does not prove it now.
      const { sid, persistent } = former;
      const arrival = { data: select(former.data), authenticatedAt: 0, persistent, [REPLACES]: sid };
      try {
        await session.signIn(former.userId, arrival);
        return true;
      } catch (error) {
        if (isSessionError(error, "ERR_SESSION_REVOKED")) return false;
        throw error;
      }
    },
  };
}

interface FormerSession {
  /** The session id of express-session. */
  readonly id: string;
  readonly userId: string;
  readonly data: JsonObject;
  /** When it ends, in milliseconds since 1970. */
  readonly expiresAt: number;
  /** False for a cookie that ends with the browser, as the new one then does. Default true. */
  readonly persistent?: boolean;
}

/**
 * Puts a session of express-session into the store, as `sessile import` does: its user's lists show it, revoking the
 * user's sessions ends it, and `formerSessions` exchanges it. Nothing changes when it is there already.
 */
export async function importFormerSession(
  store: Pick<SessionStore, "create">,
  { id, userId, data, expiresAt, persistent = true }: FormerSession,
  clock = () => Date.now(),
): Promise<void> {
  const lifetime = { expiresAt, absoluteExpiresAt: expiresAt, idleTimeout: null, persistent };
  await store.create(expressRecord({ sid: formerSid(id), userId, data: JSON.stringify(data), ...lifetime }, clock()));
}

interface Found {
  readonly sid: string;
  readonly userId: string;
  readonly persistent: boolean;
  readonly data: JsonObject;
}

async function find(store: SessionStore, sid: string, now: number): Promise<Found | null> {
  try {
    const record = await store.load(sid);
    if (record === null || record.userId === null || record.secretDigest !== NO_DIGEST) return null;
    const { userId, persistent } = record;
    return isExpired(record, now) ? null : { sid, userId, persistent, data: parseData(record.data) };
  } catch (error) {
    if (isSessionError(error, "ERR_SESSION_RECORD")) return null;
    throw error;
  }
}

/** `s:<id>.<signature>`, percent-encoded; the signature is that of the `cookie-signature` package. */
function idOf(cookie: string, secrets: readonly string[]): string | null {
  const [, id = "", signature = ""] = /^s:(.{1,256})\.([A-Za-z0-9+/]{43})$/s.exec(decoded(cookie)) ?? [];
  if (id === "") return null;
  return secrets.some((secret) => isSigned(id, signature, secret)) ? id : null;
}

function isSigned(id: string, signature: string, secret: string): boolean {
  const expected = createHmac("sha256", secret).update(id).digest("base64").replace(/=+$/, "");
  return timingSafeEqual(Buffer.from(signature), Buffer.from(expected));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
