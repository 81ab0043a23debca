// The parts that all requests of a manager share: settings, time, events, and the store behind one error rule.

import { Endings, Watch } from "./endings.ts";
import { isSessionError, SessionError } from "./errors.ts";
import { EventHub, type SessionEvent, type SessionEvents } from "./events.ts";
import { CLOCK, type Settings, wrong } from "./options.ts";
import { deadline, isOver, NO_DATA, type SessionRecord } from "./record.ts";
import type { Beginning } from "./sign-in.ts";
import type { SessionStore } from "./store.ts";
import { formatToken, newSecret, newSid, type Owner } from "./token.ts";
import { Touches } from "./touches.ts";

/** The operation that `storeFailed` names when a record cannot be loaded. */
export const LOADING = "load a session";

/** A session that was just created, and the only copy of its token. */
export interface NewSession {
  readonly record: SessionRecord;
  readonly token: string;
  readonly secret: string;
  /** The sids that ended for it, by the user's limit. */
  readonly evicted: readonly string[];
}

export class Core {
  readonly settings: Settings;
  readonly events: EventHub;
  readonly watch: Watch;
  readonly endings: Endings;
  readonly touches: Touches;
  #hasWarned = false;

  constructor(settings: Settings) {
    this.settings = settings;
    this.events = new EventHub(settings.onWarning);
    this.watch = new Watch(this);
    this.endings = new Endings(this);
    this.touches = new Touches(this);
  }

  /** Throws when the clock gives no time: with `NaN` no session would ever be over. */
  now(): number {
    const { clock } = this.settings;
    const now = clock === undefined ? Date.now() : clock();
    if (Number.isSafeInteger(now)) return now;
    throw wrong("clock", CLOCK);
  }

  /** Calls the store. Every failure becomes the `failure` of the operation. */
  async ask<T>(operation: string, call: (store: SessionStore) => Promise<T>): Promise<T> {
    try {
      return await call(this.settings.store);
    } catch (error) {
      throw this.failure(operation, error);
    }
  }

  /** The `SessionError` for a failure of the store. Emits `storeFailed`, unless the call was wrong. */
  failure(operation: string, error: unknown): SessionError {
    const failure = isSessionError(error)
      ? error
      : new SessionError("ERR_SESSION_STORE", `The session store failed to ${operation}.`, { cause: error });
    if (failure.statusCode >= 500) this.reportFailure(operation, error);
    return failure;
  }

  /** The record of `sid` as it is now. */
  load(sid: string): Promise<SessionRecord | null> {
    return this.ask(LOADING, (store) => store.load(sid));
  }

  /** Whether a session is over by now. */
  isOver(record: SessionRecord): boolean {
    return this.endings.unconfirmed.has(record.sid) || isOver(this.touches.seen(record), this.now(), this.settings);
  }

  /** Warns the first time that there is a reason. */
  warnOnce(reason: string | undefined): void {
    if (reason === undefined || this.#hasWarned) return;
    this.#hasWarned = true;
    this.events.warn(reason);
  }

  reportFailure(operation: string, error: unknown): void {
    this.events.emit("storeFailed", { operation, error, at: this.now() });
  }

  /** Ends a session. True when this call did it; then it emits `name`. */
  async end<Name extends "signedOut" | "revoked" | "expired">(
    session: Owner,
    name: Name,
    more?: Omit<SessionEvents[Name], keyof SessionEvent>,
  ): Promise<boolean> {
    const isEnded = await this.ask("end a session", (store) => store.delete(session.sid));
    this.endings.unconfirmed.delete(session.sid);
    if (isEnded) this.emit(name, session, more);
    return isEnded;
  }

  /** Ends a session for its own client. Throws `ERR_SESSION_NOT_ENDED` when the store does not confirm it. */
  async signOut(record: SessionRecord): Promise<void> {
    try {
      await this.end(record, "signedOut");
    } catch (cause) {
      this.endings.add(record);
      const message = "The store did not confirm the sign-out, so the session may still be open. Try again.";
      throw new SessionError("ERR_SESSION_NOT_ENDED", message, { cause });
    }
  }

  /** Emits what happened to a session just now. */
  emit<Name extends Exclude<keyof SessionEvents, "storeFailed" | "crossSiteRefused">>(
    name: Name,
    { sid, userId }: Owner,
    more?: Omit<SessionEvents[Name], keyof SessionEvent>,
  ): void {
    this.events.emit(name, { sid, userId, at: this.now(), ...more } as SessionEvents[Name]);
  }

  /**
   * Creates a session. Throws `ERR_SESSION_LIMIT` or `ERR_SESSION_REVOKED` when the store does not let it be. A random
   * sid repeats once in 2^65 sessions; when the next one does too (`isRepeated`), the random source is broken.
   */
  async create(beginning: Beginning, isRepeated = false): Promise<NewSession> {
    const created = this.#mint(beginning);
    const evicted = await this.insert(created.record);
    if (evicted !== null) return { ...created, evicted };
    if (!isRepeated) return this.create(beginning, true);
    throw new SessionError("ERR_SESSION_STORE", "The random source repeats itself. Check the system's CSPRNG.");
  }

  /** Stores a new record, within the user's limit. The sids that ended for it; `null` when its own is taken. */
  async insert(record: SessionRecord): Promise<readonly string[] | null> {
    const { userId } = record;
    const limit = userId === null ? undefined : this.settings.userLimit;
    const answer = await this.ask("create a session", (store) => store.create(record, limit));
    if (answer.status === "exists") return null;
    if (answer.status === "revoked") throw revoked();
    if (answer.status === "refused") throw limitReached();
    this.emit("created", record);
    if (userId !== null) this.signedIn(record, answer.evicted);
    return answer.evicted;
  }

  /** Emits the events of a session that became its user's, and of those that ended for it. */
  signedIn({ sid, userId, device }: SessionRecord, evicted: readonly string[]): void {
    this.emit("signedIn", { sid, userId }, { device });
    for (const other of evicted) this.emit("revoked", { sid: other, userId }, { reason: "limit" });
  }

  #mint({
    userId,
    data = NO_DATA,
    device = null,
    authenticatedAt = Number.POSITIVE_INFINITY,
    absoluteTimeout = this.settings.absoluteTimeout,
    idleTimeout,
    persistent = true,
  }: Beginning): Omit<NewSession, "evicted"> {
    const { tokenPrefix, keys } = this.settings;
    const sid = newSid();
    const secret = newSecret();
    const createdAt = this.now();
    const absoluteExpiresAt = createdAt + absoluteTimeout;
    const record: SessionRecord = Object.freeze({
      sid,
      userId,
      secretDigest: keys.digest({ sid, userId }, secret),
      rotation: null,
      data,
      createdAt,
      authenticatedAt: userId === null ? null : Math.min(authenticatedAt, createdAt),
      rotatedAt: createdAt,
      lastSeenAt: createdAt,
      expiresAt: deadline(createdAt, idleTimeout ?? this.settings.idleTimeout, absoluteExpiresAt),
      absoluteExpiresAt,
      idleTimeout: idleTimeout ?? null,
      persistent,
      binding: null,
      version: 1,
      writes: 1,
      device,
    });
    return { record, secret, token: formatToken(tokenPrefix, { sid, secret }) };
  }
}

export function limitReached(): SessionError {
  const message = "The user has as many sessions as `userLimit` allows. Sign out elsewhere first.";
  return new SessionError("ERR_SESSION_LIMIT", message);
}

/** The refusal of a sign-in whose session was ended before it had begun. */
export function revoked(): SessionError {
  return new SessionError(
    "ERR_SESSION_REVOKED",
    "The user's sessions were revoked while this one began. Sign in again.",
  );
}
