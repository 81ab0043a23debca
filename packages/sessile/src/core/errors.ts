// The one error class of the library and the closed list of its codes.

/**
 * The kind of an error. The list is closed; `docs/errors.md` explains each.
 *
 * | code | HTTP status | meaning |
 * |---|---|---|
 * | `ERR_SESSION_OPTION` | 500 | an option is unknown or has a value that cannot work; thrown while the program starts |
 * | `ERR_SESSION_VALUE` | 500 | data that is not JSON, exceeds a limit or fails the schema; an unknown option of a call, such as `signIn` |
 * | `ERR_SESSION_STATE` | 500 | a call that makes no sense now, such as a write after the response left |
 * | `ERR_SESSION_PAGE` | 400 | a page limit out of range, or a cursor that no page gave out |
 * | `ERR_SESSION_CREDENTIALS` | 400 | the request presents two different tokens |
 * | `ERR_SESSION_CROSS_SITE` | 403 | a cross-site request tried to act with a cookie |
 * | `ERR_SESSION_REQUIRED` | 401 | no user is signed in |
 * | `ERR_SESSION_STALE` | 403 | the last proof is too long ago, or another user's than the session's |
 * | `ERR_SESSION_LIMIT` | 409 | the user has as many sessions as the application allows |
 * | `ERR_SESSION_REVOKED` | 409 | the sign-in was revoked before it was complete |
 * | `ERR_SESSION_CONFLICT` | 503 | other writers won every attempt |
 * | `ERR_SESSION_RECORD` | 503 | the stored record cannot be read |
 * | `ERR_SESSION_STORE` | 503 | the store did not answer, or refused |
 * | `ERR_SESSION_NOT_ENDED` | 503 | the store did not confirm a sign-out: the session may still be open |
 */
export type SessionErrorCode = keyof typeof STATUS;

/** The codes and their HTTP statuses. */
export const STATUS = {
  ERR_SESSION_OPTION: 500,
  ERR_SESSION_VALUE: 500,
  ERR_SESSION_STATE: 500,
  ERR_SESSION_PAGE: 400,
  ERR_SESSION_CREDENTIALS: 400,
  ERR_SESSION_CROSS_SITE: 403,
  ERR_SESSION_REQUIRED: 401,
  ERR_SESSION_STALE: 403,
  ERR_SESSION_LIMIT: 409,
  ERR_SESSION_REVOKED: 409,
  ERR_SESSION_CONFLICT: 503,
  ERR_SESSION_RECORD: 503,
  ERR_SESSION_STORE: 503,
  ERR_SESSION_NOT_ENDED: 503,
} as const;

/** Any failure of the library. The message never holds a token, a digest or session data. */
export class SessionError extends Error {
  /** The same for every error of the library. */
  override readonly name = "SessionError";
  /** The kind of failure, for programs. */
  declare readonly code: SessionErrorCode;
  /** The HTTP status an adapter answers with when the application does not handle the error. */
  declare readonly statusCode: number;
  /** The same, under the name that error handlers of Express and Koa look for. A field, because Koa assigns to it. */
  declare readonly status: number;
  /** `Set-Cookie` lines for the answer, which expire cookies that contradict the one in use. */
  declare readonly cookies: readonly string[];

  /** `message` is for developers: it may name options and keys, never their values. */
  constructor(
    code: SessionErrorCode,
    message: string,
    { cookies = [], ...options }: { cause?: unknown; cookies?: readonly string[] } = {},
  ) {
    super(message, options);
    this.code = code;
    this.cookies = cookies;
    this.status = this.statusCode = STATUS[code];
  }
}

/** The error of a request that needs a signed-in user and has none. */
export function required(): SessionError {
  return new SessionError("ERR_SESSION_REQUIRED", "Not authenticated");
}

/** The error of a write that would be lost. */
export function refusedWrite(what: string): SessionError {
  const instead = "Keep data with `session.set(key, value)`, and end the session with `session.signOut()`.";
  return new SessionError("ERR_SESSION_STATE", `${what} cannot be written. ${instead}`);
}

/**
 * Text of a client for messages and events: short, and without anything that could be a secret, put there by mistake.
 */
export function shown(text: string): string {
  return text.slice(0, 300).replace(/[0-9A-Za-z_]{40,}/g, "…");
}

/** True for a `SessionError`, also one from another copy of this package; narrows by `code` when one is given. */
export function isSessionError(error: unknown, code?: SessionErrorCode): error is SessionError {
  return (
    error instanceof Error &&
    error.name === "SessionError" &&
    (code === undefined || (error as SessionError).code === code)
  );
}
