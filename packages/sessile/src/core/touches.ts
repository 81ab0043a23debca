// Touches that are written after the answer, so that no read waits for one.

import type { Core } from "./core.ts";
import { deadline, idleTimeoutOf, type SessionRecord } from "./record.ts";
import type { SessionRequest } from "./transport.ts";

/** The longest time between the use of a session and its write, while the process runs. */
const DELAY = 1000;
/** Touches that are written together; the writes of requests come in between. */
const AT_ONCE = 100;
/** Touches that wait at once. One more is dropped: the next request of its session brings it again. */
const MOST = 10_000;

const BROKEN = "The activity of sessions could not be written:";
const TOO_MANY = `More than ${MOST} touches waited for the store.`;

interface Touch {
  readonly record: SessionRecord;
  /** When the session was used last. */
  at: number;
}

export class Touches {
  readonly #core: Core;
  readonly #waiting = new Map<string, Touch>();
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> | null = null;
  #dropped = 0;

  constructor(core: Core) {
    this.#core = core;
    for (const event of ["signedOut", "revoked", "expired"] as const)
      core.events.on(event, ({ sid }) => this.drop(sid));
  }

  /** Whether a session in use has to be touched. One with a short idle timeout is touched more often. */
  isDue(record: SessionRecord, now: number): boolean {
    const { touchInterval } = this.#core.settings;
    const { idleTimeout: own } = record;
    const interval = own === null ? touchInterval : Math.min(touchInterval, Math.floor(own / 10));
    return now - record.lastSeenAt >= interval;
  }

  /**
   * Whether the touch may be written after the answer. Only while the stored session has more than half of its idle
   * timeout left, so that a crash, a frozen host or a stepped clock ends no session in use.
   */
  mayWait(record: SessionRecord, { mayFreeze = false }: SessionRequest, now: number): boolean {
    const { settings } = this.#core;
    if (settings.touch === "before" || (mayFreeze && settings.afterResponse === undefined)) return false;
    const half = idleTimeoutOf(record, settings) / 2;
    if (now - record.lastSeenAt >= half) return false;
    return record.expiresAt === record.absoluteExpiresAt || record.expiresAt - now > half;
  }

  /** Notes that a session is used now, if it has to be touched. */
  note(record: SessionRecord, now: number): void {
    if (!this.isDue(record, now)) return;
    const touch = this.#waiting.get(record.sid);
    if (touch !== undefined) touch.at = Math.max(touch.at, now);
    else if (this.#waiting.size < MOST) this.#waiting.set(record.sid, { record, at: now });
    else this.#dropped++;
    const { afterResponse } = this.#core.settings;
    if (afterResponse !== undefined) void this.#core.events.call("afterResponse", () => afterResponse(this.flush()));
    else this.#timer ??= setTimeout(() => void this.flush(), DELAY).unref();
  }

  /** The session is over, or another write of it has brought the touch. */
  drop(sid: string): void {
    this.#waiting.delete(sid);
  }

  /** A record as this process judges it: with the touch that waits. */
  seen(record: SessionRecord): SessionRecord {
    const touch = this.#waiting.size === 0 ? undefined : this.#waiting.get(record.sid);
    if (touch === undefined || touch.at <= record.lastSeenAt) return record;
    const idle = deadline(touch.at, idleTimeoutOf(record, this.#core.settings), record.absoluteExpiresAt);
    return { ...record, lastSeenAt: touch.at, expiresAt: Math.max(record.expiresAt, idle) };
  }

  /** Writes the touches that wait now. Resolves when that is done, well or not; never rejects. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const before = this.#flushing ?? Promise.resolve();
    // Without this a clock that gives no time would end the process, by a promise that nothing waits for.
    this.#flushing = before.then(() => this.#write()).catch((error: unknown) => this.#core.events.warn(BROKEN, error));
    return this.#flushing;
  }

  /** A touch that fails is not tried again: a late one could come after something else. */
  async #write(): Promise<void> {
    const failures: unknown[] = [];
    const touches = [...this.#waiting.values()];
    for (let done = 0; done < touches.length; done += AT_ONCE) {
      failures.push(...(await this.#writeSome(touches.slice(done, done + AT_ONCE))));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const lost = failures.length + this.#dropped;
    this.#dropped = 0;
    if (lost > 0) this.#core.reportFailure(`touch ${lost} sessions`, failures[0] ?? new Error(TOO_MANY));
  }

  /** Resolves to an error for each that failed. */
  async #writeSome(some: readonly Touch[]): Promise<readonly unknown[]> {
    const touches = some.filter((touch) => this.#waiting.get(touch.record.sid) === touch);
    try {
      return await this.#give(touches);
    } catch (error) {
      return touches.map(() => error);
    } finally {
      for (const touch of touches) if (this.#waiting.get(touch.record.sid) === touch) this.drop(touch.record.sid);
    }
  }

  /** At the time of the write, so that a session that is over by then finds nothing; with the time of the use. */
  async #give(touches: readonly Touch[]): Promise<readonly unknown[]> {
    const { settings } = this.#core;
    const { store } = settings;
    const now = this.#core.now();
    const given = touches.map(({ record, at: seenAt }) => {
      const touch = { seenAt, idleTimeout: idleTimeoutOf(record, settings) };
      return [record.sid, { at: now, touch }, record] as const;
    });
    if (store.touch !== undefined) {
      if (given.length > 0) await store.touch(given);
      return [];
    }
    const answers = await Promise.allSettled(given.map(async (each) => store.commit(...each)));
    return answers.flatMap((answer) => (answer.status === "rejected" ? [answer.reason as unknown] : []));
  }
}
