// The answers to errors of the library, and the only messages for clients.

import { isSessionError, type SessionErrorCode } from "../../core/errors.ts";

/** A whole response, FastAPI's shape: `{"detail": …}`. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** `Set-Cookie` lines, beside those of the application. */
  readonly cookies: readonly string[];
  readonly body: string;
}

/** How a guard refuses. */
export interface GuardOptions {
  /** The `detail` of the 401. Default `Not authenticated`. */
  readonly detail?: string;
}

/** The credential that a session was opened with. */
interface Presented {
  readonly sid: string | null;
  readonly hasCredential: boolean;
}

const UNAVAILABLE = answer(503, "Service unavailable", { "retry-after": "1" });

/** Codes without an answer are mistakes of the program, left to the framework's own error handling. */
const ANSWERS: { readonly [code in SessionErrorCode]?: Answer } = {
  ERR_SESSION_PAGE: answer(400, "Invalid page"),
  ERR_SESSION_CREDENTIALS: answer(400, "Conflicting credentials", challenge("invalid_request")),
  ERR_SESSION_CROSS_SITE: answer(403, "Cross-site request refused"),
  ERR_SESSION_STALE: answer(403, "Sign in again"),
  ERR_SESSION_LIMIT: answer(409, "Too many sessions"),
  ERR_SESSION_REVOKED: answer(409, "Session revoked"),
  ERR_SESSION_CONFLICT: UNAVAILABLE,
  ERR_SESSION_RECORD: UNAVAILABLE,
  ERR_SESSION_STORE: UNAVAILABLE,
  ERR_SESSION_NOT_ENDED: answer(503, "You are still signed in", { "retry-after": "1" }),
};

/** The answer to errors whose details are not for the client. */
export const FAILURE: Answer = answer(500, "Internal Server Error");

/** The answer to `error`; `null` when it is not the library's, or a mistake of the program. */
export function answerTo(error: unknown, session?: Presented): Answer | null {
  if (!isSessionError(error)) return null;
  const found = error.code === "ERR_SESSION_REQUIRED" ? notSignedIn(session) : ANSWERS[error.code];
  return found === undefined ? null : { ...found, cookies: error.cookies ?? [] };
}

/**
 * The 401 of a guard, with a challenge after RFC 6750 §3: it shows a client that its credential is invalid, and never
 * why. `Bearer` with every transport: RFC 9110 demands a challenge, and no scheme is registered for cookies and custom
 * headers.
 */
export function notSignedIn(session?: Presented, detail = "Not authenticated"): Answer {
  const isRejected = session?.hasCredential === true && session.sid === null;
  return answer(401, detail, challenge(isRejected ? "invalid_token" : null));
}

/** Whether a response header describes the body, and so must be removed when another body replaces it. */
export function describesBody(name: string): boolean {
  return BODY_HEADERS.test(name);
}

const BODY_HEADERS =
  /^(?:content-(?:disposition|encoding|language|length|location|range|type)|transfer-encoding|trailer|etag|last-modified|expires|location|accept-ranges)$/i;

function answer(status: number, detail: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return Object.freeze({
    status,
    headers: Object.freeze({
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-store",
      ...headers,
    }),
    cookies: [],
    body: JSON.stringify({ detail }),
  });
}

function challenge(error: string | null): Readonly<Record<string, string>> {
  return { "www-authenticate": error === null ? "Bearer" : `Bearer error="${error}"` };
}
