// The errors of the store. Messages come from the driver, which never puts bound values into them.

import { SessionError } from "../../core/errors.ts";

/** `ERR_SESSION_STORE` for any error of a driver; an error of the library stays what it is. */
export function storeError(attempted: string, error: unknown): SessionError {
  if (error instanceof SessionError) return error;
  const reason = error instanceof Error ? error.message.replace(/\.$/, "") : String(error);
  return refusal(`could not ${attempted}: ${reason}`, error);
}

/** True for a `storeError`. After a `busyError` and a `closedError` nothing was written. */
export function isDriverFailure(error: unknown): boolean {
  return (error as Error).cause !== undefined;
}

export function busyError(busyTimeout: number): SessionError {
  return refusal(`is locked by another process for more than \`busyTimeout\` (${busyTimeout} ms)`);
}

export function closedError(): SessionError {
  return refusal("is closed");
}

function refusal(reason: string, cause?: unknown): SessionError {
  return new SessionError("ERR_SESSION_STORE", `The SQLite store ${reason}.`, cause === undefined ? {} : { cause });
}

/**
 * True when another connection holds the lock: SQLITE_BUSY and its kinds, by code, or by message where a driver gives
 * no code (Deno's `exec`). Also when the application left a transaction of its own open on its handle: that passes as
 * well.
 */
export function isBusy(error: unknown): boolean {
  const { code, errcode, message } = error as { code?: unknown; errcode?: unknown; message?: unknown };
  const isCode = (Number(errcode) & 0xff) === 5 || String(code).startsWith("SQLITE_BUSY");
  return isCode || message === "database is locked" || message === "cannot start a transaction within a transaction";
}

/** True when a statement or transaction under way on the same connection is in the way of a checkpoint. */
export function isLocked(error: unknown): boolean {
  const { code, errcode, message } = error as { code?: unknown; errcode?: unknown; message?: unknown };
  const isCode = (Number(errcode) & 0xff) === 6 || String(code).startsWith("SQLITE_LOCKED");
  return isCode || message === "database table is locked";
}
