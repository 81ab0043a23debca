// The session manager whose events and refusals go to the security log.

import { type SessionData, SessionManager, type SessionManagerOptions } from "sessile";
import type { OpenSession, SessionRequest } from "sessile/adapter";
import { describeError } from "./describe-error.ts";
import { currentRequest } from "./request-context.ts";
import type { SecurityLog } from "./security-log.ts";

/** For an operator whose own page was refused. */
const ADVICE = "where the page is your own, let the proxy pass Host on, or name the origin in --trusted-origins";

/** A manager that logs refusals and warnings, and no events. */
export class GuardedManager extends SessionManager<SessionData> {
  readonly #security: SecurityLog;

  constructor(options: SessionManagerOptions, security: SecurityLog) {
    super({ onWarning: (message, error) => security.warn(message, error), ...options });
    this.#security = security;
    this.on("crossSiteRefused", ({ host, origin }) =>
      security.write("crossSiteRefused", { host, origin, reason: ADVICE }),
    );
  }

  /** A request that is refused here reaches no route and no error handler. */
  override async open(request: SessionRequest): Promise<OpenSession<SessionData>> {
    try {
      return await super.open(request);
    } catch (error) {
      this.#security.writeRefusal(error);
      throw error;
    }
  }
}

export class ObservedManager extends GuardedManager {
  constructor(options: SessionManagerOptions, security: SecurityLog) {
    super(options, security);
    this.#writeEvents(security);
  }

  /**
   * The actor of an event from inside a session is its owner, or the program that acts for the owner; sessions that a
   * deadline or a theft ends are ended by the server.
   */
  #writeEvents(security: SecurityLog): void {
    for (const event of ["created", "signedIn", "rotated", "signedOut"] as const) {
      this.on(event, ({ sid, userId }) => security.write(event, { actor: ownerOf(userId), sid, userId }));
    }
    this.on("elevated", ({ sid, userId, method }) =>
      security.write("elevated", { actor: ownerOf(userId), sid, userId, method }),
    );
    this.on("expired", ({ sid, userId }) => security.write("expired", { actor: "server", sid, userId }));
    for (const event of ["reuseDetected", "rotationIgnored", "secretLost"] as const)
      this.on(event, ({ sid, userId }) => security.write(event, { actor: "unknown", sid, userId }));
    this.on("revoked", ({ sid, userId, reason }) => {
      const actor = reason === "limit" ? { actor: ownerOf(userId) } : reason === "revoked" ? {} : { actor: "server" };
      security.write("revoked", { ...actor, sid, userId, reason });
    });
    this.on("storeFailed", ({ operation, error }) => {
      security.write("storeFailed", { actor: "server", operation, reason: describeError(error) });
    });
  }
}

/** An application with an API key is itself the actor, not its user. */
function ownerOf(userId: string | null): string {
  const actor = currentRequest()?.actor;
  if (actor?.startsWith("key:")) return actor;
  return userId === null ? "anonymous" : `user:${userId}`;
}
