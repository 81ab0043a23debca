// `sessile/express-session`: sessions that `express-session` began, so that who is signed in stays so when an application moves. Each of its
// cookies is taken once and exchanged for a session. Knows no store of express-session.

import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { isSessionError } from "../core/errors.ts";
import { type JsonObject, parseData } from "../core/json.ts";
import { BASE62 } from "../core/random.ts";
import type { SessionRecord } from "../core/record.ts";
import { wrong } from "../core/rules.ts";
import type { SessionStore } from "../core/store.ts";
import { isExpired } from "../core/validity.ts";
import { readCookies } from "../transports/cookie-header.ts";

/** What a former session held. */
export interface FormerSession {
  readonly userId: string;
  readonly data: JsonObject;
}

/** What `take` gives, as it is to be handed to `signIn`. */
export interface TakenSession extends FormerSession {
  /** 0: nobody knows when the user proved who they are, and whoever holds an old cookie does not prove it now. */
  readonly authenticatedAt: 0;
}

export interface FormerSessionOptions {
  /** Where `sessile import` put the former sessions: the store of the manager. */
  readonly store: SessionStore;
  /** The `secret` that express-session was given; all of them, where it was given several. */
  readonly secret: string | readonly string[];
  /** The `name` that express-session was given. Default `connect.sid`. */
  readonly name?: string;
}

export interface FormerSessions {
  /**
   * Takes the former session of a request's `Cookie` header; `null` when there is none, its signature is wrong, it has ended, it was
   * taken before or it cannot be read. It can be taken once: whoever gets it signs the user in, and of two requests at once one gets
   * it. Rejects with `ERR_SESSION_STORE` when the store does not answer.
   */
  take(cookies: string | undefined): Promise<TakenSession | null>;
}

/** No secret has this digest, so no token opens a former session. */
const NO_DIGEST = "";

/** Throws `ERR_SESSION_OPTION` when no secret is given. */
export function formerSessions({ store, secret, name = "connect.sid" }: FormerSessionOptions): FormerSessions {
  const secrets = typeof secret === "string" ? [secret] : [...secret];
  if (secrets.length === 0 || secrets.some((each) => typeof each !== "string" || each === ""))
    throw wrong("secret", "the secret of express-session, or a list of them");
  return {
    async take(cookies) {
      const [cookie, ...others] = readCookies(cookies, name);
      const id = cookie === undefined || others.length > 0 ? null : idOf(cookie, secrets);
      return id === null ? null : takeRecord(store, formerSid(id));
    },
  };
}

/** The record to put into the store for a former session. Its user's lists show it, and revoking the user's sessions ends it. */
export function formerRecord(id: string, former: FormerSession, now: number, expiresAt: number): SessionRecord {
  return {
    sid: formerSid(id),
    userId: former.userId,
    secretDigest: NO_DIGEST,
    retiredDigests: [],
    data: JSON.stringify(former.data),
    createdAt: now,
    authenticatedAt: null,
    rotatedAt: now,
    lastSeenAt: now,
    expiresAt,
    absoluteExpiresAt: expiresAt,
    version: 1,
    device: null,
  };
}

/** Deleting is what decides who gets it. A record that cannot be read is no session. */
async function takeRecord(store: SessionStore, sid: string): Promise<TakenSession | null> {
  try {
    const record = await store.load(sid);
    if (record === null || record.userId === null || record.secretDigest !== NO_DIGEST) return null;
    const isTaken = await store.delete(sid);
    if (!isTaken || isExpired(record, Date.now())) return null;
    return { userId: record.userId, data: parseData(record.data), authenticatedAt: 0 };
  } catch (error) {
    if (isSessionError(error, "ERR_SESSION_RECORD")) return null;
    throw error;
  }
}

/** 131 bits of a digest: the id itself is a credential, and stays out of the store. */
function formerSid(id: string): string {
  const digest = createHash("sha256").update(`sessile express-session ${id}`).digest("hex");
  let rest = BigInt(`0x${digest}`);
  let sid = "";
  for (; sid.length < 22; rest /= 62n) sid += BASE62[Number(rest % 62n)];
  return sid;
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
