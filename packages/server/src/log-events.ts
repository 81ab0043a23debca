// Writes the session events to the log: who, which session, what, when. Events hold no token, so neither does the log.

import type { FastifyBaseLogger } from "fastify";
import type { SessionEventName, SessionManager } from "sessile";

const LEVELS: Record<SessionEventName, "debug" | "info" | "warn" | "error"> = {
  created: "debug",
  signedIn: "info",
  rotated: "info",
  signedOut: "info",
  revoked: "info",
  expired: "debug",
  reuseDetected: "warn",
  storeFailed: "error",
};

export function logEvents(manager: SessionManager, log: FastifyBaseLogger): void {
  for (const [event, level] of Object.entries(LEVELS) as [SessionEventName, "debug"][]) {
    manager.on(event, ({ at: _at, ...details }) => {
      const { error, ...rest } = { error: undefined, ...details } as { error?: unknown };
      log[level]({ event, ...rest, ...(error !== undefined && { reason: describe(error) }) });
    });
  }
}

/** The error and its causes by message: a stack or an object might carry what a driver was asked to write. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  return error.cause === undefined ? error.message : `${error.message} ${describe(error.cause)}`;
}
