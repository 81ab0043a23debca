// The events of a manager. A listener can see everything and break nothing.

import { SessionError } from "./errors.ts";
import { didYouMean } from "./nearest.ts";

/** The session that an event is about. `userId` is `null` for anonymous sessions. */
export interface SessionEvent {
  /** The session, by the part of its token that is no secret. */
  readonly sid: string;
  /** The user of the session; `null` when it is anonymous. */
  readonly userId: string | null;
  /** When it happened, by the manager's clock. */
  readonly at: number;
}

/** The events and what each carries. No token, digest or session data is ever among it. */
export interface SessionEvents {
  /** A record was made: by sign-in, or by the first write into an anonymous session. */
  readonly created: SessionEvent;
  /** A user signed in. */
  readonly signedIn: SessionEvent & { readonly userId: string; readonly device: string | null };
  /** The user of a session proved again who they are, in the way that the application names. */
  readonly elevated: SessionEvent & { readonly userId: string; readonly method: string | null };
  /** The client uses a new secret that it was offered, or the handler asked for one. */
  readonly rotated: SessionEvent;
  /**
   * The client has used none of three new secrets in a row: it does not keep them, or another holder of the token gets
   * them.
   */
  readonly rotationIgnored: SessionEvent;
  /** The session was ended by its own client. */
  readonly signedOut: SessionEvent;
  /**
   * The session was ended from elsewhere: by the application, by the user's limit, because a secret was reused, because
   * its client ignored new secrets (`ignored`), or because the request that began it failed or its data cannot be read
   * (`failed`).
   */
  readonly revoked: SessionEvent & { readonly reason: "revoked" | "limit" | "reuse" | "ignored" | "failed" };
  /** The session reached a deadline and was removed. The user is unknown when a store removed it unseen. */
  readonly expired: SessionEvent;
  /**
   * A former secret was used after its successor had taken over: it was probably stolen. The session has been revoked.
   */
  readonly reuseDetected: SessionEvent;
  /**
   * A secret was refused which is newer than any that the store has: the store has lost writes. The session goes on.
   */
  readonly secretLost: SessionEvent;
  /**
   * A request was refused because another site's page seems to have sent it, with the headers that decided. When both
   * are this site, a proxy rewrites `Host`: let it pass the header on, or name the origin in `trustedOrigins` of
   * `cookieTransport`.
   */
  readonly crossSiteRefused: {
    readonly origin: string | null;
    readonly host: string | null;
    readonly path: string;
    /** The same in words. */
    readonly message: string;
    readonly at: number;
  };
  /** The store failed, or held a record that cannot be read. */
  readonly storeFailed: { readonly operation: string; readonly error: unknown; readonly at: number };
}

const NAMES = Object.keys({
  created: true,
  signedIn: true,
  elevated: true,
  rotated: true,
  rotationIgnored: true,
  signedOut: true,
  revoked: true,
  expired: true,
  reuseDetected: true,
  secretLost: true,
  crossSiteRefused: true,
  storeFailed: true,
} satisfies { readonly [Name in keyof SessionEvents]: true }) as readonly (keyof SessionEvents)[];

/** Calls listeners; their failures go to `onWarning` and nowhere else. */
export class EventHub {
  readonly #listeners = new Map<keyof SessionEvents, Set<(event: never) => unknown>>();
  readonly #onWarning: (message: string, error?: unknown) => void;

  constructor(onWarning: (message: string, error?: unknown) => void) {
    this.#onWarning = onWarning;
  }

  /** Adds a listener; the function given back removes it. */
  on<Name extends keyof SessionEvents>(name: Name, listener: (event: SessionEvents[Name]) => unknown): () => void {
    if (!NAMES.includes(name))
      throw new SessionError(
        "ERR_SESSION_OPTION",
        `Unknown event \`${String(name)}\`. ${didYouMean(String(name), NAMES)}`,
      );
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  emit<Name extends keyof SessionEvents>(name: Name, event: SessionEvents[Name]): void {
    Object.freeze(event);
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      void this.call(name, () => listener(event as never));
    }
  }

  /** Calls a function of the application's. `name` is what to report when it fails. */
  async call(name: string, listener: () => unknown): Promise<void> {
    try {
      await listener();
    } catch (error) {
      this.warn(`A listener of the session event "${name}" failed:`, error);
    }
  }

  /** Gives the application a warning that no response can carry. A failure of its function is dropped. */
  warn(message: string, error?: unknown): void {
    const parts: [string, unknown?] = error === undefined ? [message] : [message, error];
    new Promise((resolve) => resolve(this.#onWarning(...parts))).catch(() => {});
  }
}
