// Tells open connections that their session ended, wherever it was ended. Knows no connection and no store by name.

import type { Core } from "./core.ts";
import { isOver } from "./validity.ts";

type Listener = () => unknown;

interface Watched {
  readonly listeners: Set<Listener>;
  /** The deadline as last seen; a touch elsewhere may have moved it. 0 until it was looked at. */
  expiresAt: number;
}

/** How often deadlines are looked at, and everything else where the store gives no hints: the bound of `onEnded`. */
const TICK = 500;
/** How often everything is looked at although the store gives hints, because a hint may be lost with a connection. */
const LOST_HINT = 30_000;
/** Sessions loaded at once while looking. */
const CHUNK = 100;

export class Watch {
  readonly #core: Core;
  readonly #watched = new Map<string, Watched>();
  #timer: NodeJS.Timeout | undefined;
  #stopHints: (() => void) | undefined;
  #lookedAt = 0;
  #isHinted = false;
  #isLooking = false;

  constructor(core: Core) {
    this.#core = core;
    for (const event of ["signedOut", "revoked", "expired"] as const)
      core.events.on(event, ({ sid }) => this.#end(sid));
  }

  /**
   * Calls `listener` once when the session ends; the function given back stops it. The next tick looks at the session in any
   * case: it may have ended after the request loaded it, when nobody watched it yet.
   */
  add(sid: string, listener: Listener): () => void {
    const watched = this.#watched.get(sid) ?? { listeners: new Set(), expiresAt: 0 };
    this.#watched.set(sid, watched);
    watched.listeners.add(listener);
    this.#start();
    return () => {
      watched.listeners.delete(listener);
      if (watched.listeners.size === 0 && this.#watched.get(sid) === watched) this.#watched.delete(sid);
      if (this.#watched.size === 0) this.stop();
    };
  }

  /** Forgets everybody. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#stopHints?.();
    this.#stopHints = undefined;
    this.#watched.clear();
  }

  #start(): void {
    if (this.#timer !== undefined) return;
    this.#lookedAt = performance.now();
    this.#timer = setInterval(() => void this.#tick(), TICK).unref();
    this.#stopHints = this.#core.settings.store.watch?.((sid) => {
      if (sid === null) this.#isHinted = true;
      else this.#end(sid);
    });
  }

  async #tick(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const now = this.#core.now();
    const isFullRound = this.#isHinted || performance.now() - this.#lookedAt >= (this.#stopHints ? LOST_HINT : 0);
    const sids = [...this.#watched].filter(([, { expiresAt }]) => isFullRound || now >= expiresAt).map(([sid]) => sid);
    if (isFullRound) {
      this.#isHinted = false;
      this.#lookedAt = performance.now();
    }
    await this.#look(sids).catch(() => {
      this.#isHinted = true; // the store did not answer: look again at the next tick
    });
    this.#isLooking = false;
  }

  async #look(sids: readonly string[]): Promise<void> {
    for (let start = 0; start < sids.length; start += CHUNK) {
      await Promise.all(sids.slice(start, start + CHUNK).map((sid) => this.#lookAt(sid)));
    }
  }

  async #lookAt(sid: string): Promise<void> {
    const record = await this.#core.ask("load a session", (store) => store.load(sid));
    const watched = this.#watched.get(sid);
    if (watched === undefined) return;
    if (record === null || isOver(record, this.#core.now(), this.#core.settings)) this.#end(sid);
    else watched.expiresAt = record.expiresAt;
  }

  #end(sid: string): void {
    const watched = this.#watched.get(sid);
    if (watched === undefined) return;
    this.#watched.delete(sid);
    for (const listener of watched.listeners) this.#core.events.call("ended", listener);
    if (this.#watched.size === 0) this.stop();
  }
}
