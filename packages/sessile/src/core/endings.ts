// Ends of sessions: listeners that wait for one, and sign-outs that the store has not confirmed.

import type { Core } from "./core.ts";
import { isSessionError } from "./errors.ts";
import type { SessionRecord } from "./record.ts";

/**
 * Time between two checks of the deadlines, and of all sessions where the store gives no hints: the bound of `onEnded`.
 */
const TICK = 500;
/** Ticks between two checks of all sessions although the store gives hints: a hint may be lost with a connection. */
const TICKS_WITH_HINTS = 60;
/** Sessions loaded at once in a check. */
const CHUNK = 100;

export class Watch {
  readonly #core: Core;
  /** By sid; `expiresAt` is the deadline as last loaded, 0 before: a touch elsewhere may have moved it. */
  readonly #watched = new Map<string, { readonly listeners: Set<() => unknown>; expiresAt: number }>();
  #timer: NodeJS.Timeout | undefined;
  #stopHints: (() => void) | undefined;
  /** Ticks until all sessions are checked. */
  #ticksLeft = 0;

  constructor(core: Core) {
    this.#core = core;
    for (const event of ["signedOut", "revoked", "expired"] as const) core.events.on(event, ({ sid }) => this.end(sid));
  }

  /**
   * Calls `listener` once when the session ends; the function given back stops it. The next tick checks the session in
   * any case: it may have ended after the request loaded it, before it was watched.
   */
  add(sid: string, listener: () => unknown): () => void {
    const watched = this.#watched.get(sid) ?? { listeners: new Set(), expiresAt: 0 };
    this.#watched.set(sid, watched);
    watched.listeners.add(listener);
    this.#timer ??= this.#nextTick();
    this.#stopHints ??= this.#core.settings.store.watch?.((ended) => {
      if (ended === null) this.#ticksLeft = 0;
      else this.end(ended);
    });
    return () => watched.listeners.delete(listener);
  }

  /** Drops all listeners. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#stopHints?.();
    this.#stopHints = undefined;
    this.#watched.clear();
  }

  #nextTick(): NodeJS.Timeout {
    return setTimeout(() => void this.#tick(), TICK).unref();
  }

  async #tick(): Promise<void> {
    try {
      const due = this.#due();
      while (due.length > 0) await Promise.all(due.splice(0, CHUNK).map((sid) => this.#look(sid)));
    } catch {
      this.#ticksLeft = 0; // the clock gave no time
    }
    if (this.#watched.size === 0) this.stop();
    else this.#timer = this.#nextTick();
  }

  /** The sessions to check now. */
  #due(): string[] {
    const isFullRound = --this.#ticksLeft <= 0;
    if (isFullRound && this.#stopHints !== undefined) this.#ticksLeft = TICKS_WITH_HINTS;
    const due: string[] = [];
    for (const [sid, { listeners, expiresAt }] of this.#watched) {
      if (listeners.size === 0) this.#watched.delete(sid);
      else if (isFullRound || this.#core.now() >= expiresAt) due.push(sid);
    }
    return due;
  }

  /**
   * A record that cannot be read is no session. When the store does not answer, all sessions are checked again at the
   * next tick.
   */
  async #look(sid: string): Promise<void> {
    const record = await this.#core
      .load(sid)
      .catch((error: unknown) => (isSessionError(error, "ERR_SESSION_RECORD") ? null : undefined));
    const watched = this.#watched.get(sid);
    if (record === undefined) this.#ticksLeft = 0;
    else if (record === null || this.#core.isOver(record)) this.end(sid);
    else if (watched !== undefined) watched.expiresAt = record.expiresAt;
  }

  /** Calls the listeners of a session that is over. */
  end(sid: string): void {
    const listeners = this.#watched.get(sid)?.listeners ?? [];
    this.#watched.delete(sid);
    for (const listener of listeners) void this.#core.events.call("ended", listener);
  }
}

/** Sessions remembered at once. Of one more the client still holds the token, and can try again. */
const MOST = 10_000;
/** Time between two attempts; what `Retry-After` says. */
const PAUSE = 1000;

export class Endings {
  readonly #core: Core;
  /** The sessions by sid. This process refuses their tokens. */
  readonly unconfirmed = new Map<string, SessionRecord>();
  #timer: NodeJS.Timeout | undefined;

  constructor(core: Core) {
    this.#core = core;
  }

  add(record: SessionRecord): void {
    if (this.unconfirmed.size < MOST) this.unconfirmed.set(record.sid, record);
    this.#core.watch.end(record.sid);
    this.#timer ??= this.#later();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.unconfirmed.clear();
  }

  #later(): NodeJS.Timeout {
    return setTimeout(() => void this.#retry(), PAUSE).unref();
  }

  /** One failure ends the round: a store that is down is asked once, whatever waits. */
  async #retry(): Promise<void> {
    try {
      for (const record of this.unconfirmed.values()) {
        if (this.#core.now() >= record.absoluteExpiresAt) this.unconfirmed.delete(record.sid);
        else await this.#core.end(record, "signedOut");
      }
    } catch {
      // the next round tries again
    }
    this.#timer = this.unconfirmed.size === 0 ? undefined : this.#later();
  }
}
