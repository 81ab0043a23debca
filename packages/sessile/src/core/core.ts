// What every request of one manager shares: settings, time, events, and the store behind one error rule.

import { isSessionError, SessionError } from "./errors.ts";
import { EventHub, type SessionEvent, type SessionEventName, type SessionEvents } from "./events.ts";
import { CLOCK, type Settings } from "./options.ts";
import { NO_DATA, type SessionRecord } from "./record.ts";
import { wrong } from "./rules.ts";
import type { SessionStore } from "./store.ts";
import { formatToken, newSecret, newSid } from "./token.ts";
import { deadline } from "./validity.ts";
import { Watch } from "./watch.ts";

/** What a new session starts with. */
export interface Beginning {
  readonly userId: string | null;
  readonly data?: string;
  readonly device?: string | null;
  /** When the user proved who they are; default now, and so is what another machine's clock says of the future. */
  readonly authenticatedAt?: number | undefined;
}

/** Which session, and whose. */
type About = Pick<SessionRecord, "sid" | "userId">;

/** A session that was just created, and the only copy of its token. */
export interface NewSession {
  readonly record: SessionRecord;
  readonly token: string;
}

/** A random sid repeats once in 2^65 sessions; a second repetition means that the random source is broken. */
const CREATE_ATTEMPTS = 3;

export class Core {
  readonly settings: Settings;
  readonly events: EventHub;
  readonly watch: Watch;

  constructor(settings: Settings) {
    this.settings = settings;
    this.events = new EventHub(settings.onListenerError);
    this.watch = new Watch(this);
  }

  /** Throws when the clock tells no time: with `NaN` nothing would ever be over. */
  now(): number {
    const now = this.settings.clock();
    if (Number.isSafeInteger(now)) return now;
    throw wrong("clock", CLOCK);
  }

  /** Calls the store. Whatever it fails with becomes a `SessionError`, and a `storeFailed` event unless the call was wrong. */
  async ask<T>(operation: string, call: (store: SessionStore) => Promise<T>): Promise<T> {
    try {
      return await call(this.settings.store);
    } catch (error) {
      if (!isSessionError(error) || error.statusCode >= 500) this.reportFailure(operation, error);
      if (isSessionError(error)) throw error;
      throw new SessionError("ERR_SESSION_STORE", `The session store failed to ${operation}.`, { cause: error });
    }
  }

  reportFailure(operation: string, error: unknown): void {
    this.events.emit("storeFailed", { operation, error, at: this.now() });
  }

  /** Tells that a record's data cannot be read, or does not fit the application's schema. */
  reportUnreadable(error: unknown): void {
    this.reportFailure("read a stored session", error);
  }

  /** Ends a session. True when it was this call that did, and then listeners of `name` hear of it. */
  async end<Name extends "signedOut" | "revoked" | "expired">(
    session: About,
    name: Name,
    more?: Omit<SessionEvents[Name], keyof SessionEvent>,
  ): Promise<boolean> {
    const isEnded = await this.ask("end a session", (store) => store.delete(session.sid));
    if (isEnded) this.tell(name, session, more);
    return isEnded;
  }

  /** Tells what happened to a session just now. */
  tell<Name extends Exclude<SessionEventName, "storeFailed">>(
    name: Name,
    { sid, userId }: About,
    more?: Omit<SessionEvents[Name], keyof SessionEvent>,
  ): void {
    this.events.emit(name, { sid, userId, at: this.now(), ...more } as SessionEvents[Name]);
  }

  /** Creates a session. Throws `ERR_SESSION_LIMIT` or `ERR_SESSION_REVOKED` when the store does not let it be. */
  async create(beginning: Beginning): Promise<NewSession> {
    const limit = beginning.userId === null ? undefined : this.settings.userLimit;
    for (let attempt = 0; attempt < CREATE_ATTEMPTS; attempt++) {
      const created = this.#mint(beginning);
      const answer = await this.ask("create a session", (store) => store.create(created.record, limit));
      if (answer.status === "created") {
        this.#announce(created.record, answer.evicted);
        return created;
      }
      if (answer.status !== "exists") throw REFUSALS[answer.status]();
    }
    throw new SessionError(
      "ERR_SESSION_STORE",
      "The random source repeats itself: every new sid is taken. Check the system's CSPRNG.",
    );
  }

  #mint({ userId, data = NO_DATA, device = null, authenticatedAt = Number.POSITIVE_INFINITY }: Beginning): NewSession {
    const { tokenPrefix, idleTimeout, absoluteTimeout, keys } = this.settings;
    const sid = newSid();
    const secret = newSecret();
    const createdAt = this.now();
    const absoluteExpiresAt = createdAt + absoluteTimeout;
    const record: SessionRecord = Object.freeze({
      sid,
      userId,
      secretDigest: keys.of({ sid, userId }, secret),
      retiredDigests: NONE,
      data,
      createdAt,
      authenticatedAt: userId === null ? null : Math.min(authenticatedAt, createdAt),
      rotatedAt: createdAt,
      lastSeenAt: createdAt,
      expiresAt: deadline(createdAt, idleTimeout, absoluteExpiresAt),
      absoluteExpiresAt,
      version: 1,
      device,
    });
    return { record, token: formatToken(tokenPrefix, { sid, secret }) };
  }

  #announce(record: SessionRecord, evicted: readonly string[]): void {
    const { userId, device } = record;
    this.tell("created", record);
    if (userId !== null) this.tell("signedIn", record, { device });
    for (const sid of evicted) this.tell("revoked", { sid, userId }, { reason: "limit" });
  }
}

const REFUSALS = {
  refused: () =>
    new SessionError(
      "ERR_SESSION_LIMIT",
      "The user has as many sessions as `userLimit` allows. Sign out elsewhere first.",
    ),
  revoked: () =>
    new SessionError("ERR_SESSION_REVOKED", "The user's sessions were revoked while this one began. Sign in again."),
};

const NONE: readonly string[] = Object.freeze([]);
