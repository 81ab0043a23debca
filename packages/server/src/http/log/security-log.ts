// The security events: their closed list, and their form in the log. No event carries a credential or session data.

import type { FastifyBaseLogger } from "fastify";
import { isSessionError } from "sessile";
import { currentRequest } from "./request-context.ts";

type Level = "debug" | "info" | "warn" | "error";
type Outcome = "success" | "refused" | "failure";

/** All security events (ASVS 16.3.1–16.3.4). */
const EVENTS = {
  created: ["debug", "success"],
  signedIn: ["info", "success"],
  signInFailed: ["warn", "failure"],
  signInLimited: ["warn", "refused"],
  signInOverloaded: ["warn", "refused"],
  elevated: ["info", "success"],
  passwordChanged: ["info", "success"],
  rotated: ["info", "success"],
  signedOut: ["info", "success"],
  revoked: ["info", "success"],
  expired: ["info", "success"],
  reuseDetected: ["warn", "refused"],
  rotationIgnored: ["warn", "success"],
  secretLost: ["error", "refused"],
  invalidTokenBurst: ["warn", "refused"],
  invalidKeyBurst: ["warn", "refused"],
  credentialsConflict: ["warn", "refused"],
  crossSiteRefused: ["warn", "refused"],
  identityClaimed: ["warn", "refused"],
  identityTooLong: ["error", "refused"],
  authorisationDenied: ["warn", "refused"],
  storeFailed: ["error", "failure"],
  adminActed: ["info", "success"],
  adminRefused: ["warn", "refused"],
  adminFailed: ["error", "failure"],
} as const satisfies Record<string, readonly [Level, Outcome]>;

export type SecurityEvent = keyof typeof EVENTS;

/** The details of an event. `actor` caused it: `user:ID`, `anonymous`, `unknown` or `server`. */
export type EventDetails = { readonly actor?: string } & Readonly<Record<string, string | number | null>>;

/** One event in the form of the log. */
export interface SecurityEntry {
  readonly event: SecurityEvent;
  readonly outcome: string;
  readonly actor: string;
  readonly [detail: string]: string | number | null;
}

const LONGEST_FIELD = 200;

export class SecurityLog {
  readonly #log: FastifyBaseLogger;
  readonly #listeners = new Set<(entry: SecurityEntry) => void>();

  constructor(log: FastifyBaseLogger) {
    this.#log = log;
  }

  /** Writes one line. Without an `actor`, it is that of the current request, or the server outside of any. */
  write(event: SecurityEvent, { actor, ...details }: EventDetails = {}): void {
    const [level, outcome] = EVENTS[event];
    const request = currentRequest();
    const who = actor ?? (request === undefined ? "server" : (request.actor ?? "anonymous"));
    const where = { ...(request && { reqId: request.reqId }), ...(request?.network && { network: request.network }) };
    const fields = Object.entries({ event, outcome, actor: who, ...details, ...where });
    const entry = Object.fromEntries(fields.map(cap)) as SecurityEntry;
    this.#log[level](entry);
    for (const listener of this.#listeners) listener(entry);
  }

  /** Writes a line that is no event, about the server itself, for its operator. */
  warn(message: string, error?: unknown): void {
    this.#log.warn(error instanceof Error ? { err: error } : {}, message);
  }

  /** Calls `listener` for every event, at every level of the log. It must not throw. */
  onEvent(listener: (entry: SecurityEntry) => void): void {
    this.#listeners.add(listener);
  }

  /**
   * Writes the event for a library's error, if there is one. Errors with an event of the library are written by that.
   */
  writeRefusal(error: unknown): void {
    if (isSessionError(error, "ERR_SESSION_CREDENTIALS")) this.write("credentialsConflict");
    if (isSessionError(error, "ERR_SESSION_STALE")) this.write("authorisationDenied", { reason: "stale" });
    if (isSessionError(error, "ERR_SESSION_LIMIT")) this.write("signInFailed", { reason: "limit" });
    if (isSessionError(error, "ERR_SESSION_REVOKED")) this.write("signInFailed", { reason: "revoked" });
  }
}

/** Keeps a single long name from filling the log. */
function cap([name, value]: [string, string | number | null]): [string, string | number | null] {
  const isLong = typeof value === "string" && value.length > LONGEST_FIELD;
  return [name, isLong ? `${value.slice(0, LONGEST_FIELD).toWellFormed()}…` : value];
}
