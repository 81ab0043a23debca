// How the store says that SQLite failed. Messages come from the driver, which never puts bound values into them.

import { SessionError } from "../../core/errors.ts";
import type { Failure } from "./port.ts";

/** `ERR_SESSION_STORE` for anything a driver throws; an error of ours stays what it is. */
export function storeError(attempted: string, error: unknown): SessionError {
  if (error instanceof SessionError) return error;
  return new SessionError("ERR_SESSION_STORE", `The SQLite store could not ${attempted}: ${reasonOf(error)}.`, {
    cause: error,
  });
}

/** The same for a failure that another thread reports. */
export function failureError(attempted: string, { message, code }: Failure): SessionError {
  return storeError(attempted, Object.assign(new Error(message), code !== undefined && { code }));
}

export function busyError(busyTimeout: number): SessionError {
  const message = `The SQLite store is locked by another process for more than \`busyTimeout\` (${busyTimeout} ms).`;
  return new SessionError("ERR_SESSION_STORE", message);
}

export function closedError(): SessionError {
  return new SessionError("ERR_SESSION_STORE", "The SQLite store is closed.");
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/\.$/, "") : String(error);
}
