// Writes wait here while a transaction is under way; all that wait go into the next one. Knows no session.

import { setImmediate } from "node:timers/promises";
import { busyError, failureError } from "./errors.ts";
import type { Attempt, Found, Step, Writer } from "./transaction.ts";

interface Waiting {
  /** What is being done, in the words of an error. */
  readonly doing: string;
  readonly steps: readonly Step[];
  readonly until: number;
  readonly resolve: (found: readonly Found[]) => void;
  readonly reject: (error: unknown) => void;
}

/** One transaction holds the file's only write lock; other processes want it too. */
const MAX_GROUP = 256;

/**
 * Turns of the event loop that a write may wait for others to join it, and milliseconds: the requests of a burst are
 * not all read in one turn.
 */
const MOST_TURNS = 4;
const LONGEST_WAIT = 5;

export class WriteQueue {
  readonly #writer: Writer;
  readonly #busyTimeout: number;
  #waiting: Waiting[] = [];
  #run: Promise<void> | null = null;
  /** How many went into the last transaction. */
  #last = 1;

  constructor(writer: Writer, busyTimeout: number) {
    this.#writer = writer;
    this.#busyTimeout = busyTimeout;
  }

  /** Resolves to what each step found once the transaction with all of them is committed. */
  add(doing: string, steps: readonly Step[]): Promise<readonly Found[]> {
    return new Promise((resolve, reject) => {
      const until = performance.now() + this.#busyTimeout;
      this.#waiting.push({ doing, steps, until, resolve, reject });
      this.#run ??= this.#runAll();
    });
  }

  /** Waits until everything that was added has an answer, then frees the writer. */
  async close(): Promise<void> {
    await this.#run;
    await this.#writer.close();
  }

  async #runAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#gather();
      const group = this.#waiting.splice(0, MAX_GROUP);
      this.#last = group.length;
      this.#waiting.unshift(...(await this.#write(group)));
    }
    this.#run = null;
  }

  /**
   * Waits as long as each turn brings more: a transaction for one costs nearly what one for all of them does. Not where
   * writes come one by one: those leave at once.
   */
  async #gather(): Promise<void> {
    if (this.#last === 1 && !this.#writer.isBlocking) return;
    const until = performance.now() + LONGEST_WAIT;
    for (let turn = 0, before = 0; turn < MOST_TURNS && this.#waiting.length > before; turn++) {
      before = this.#waiting.length;
      await setImmediate();
      if (before >= MAX_GROUP || performance.now() >= until) return;
    }
  }

  /**
   * Writes all in one transaction. Where a step fails, each is written again in a transaction of its own, so that it
   * does not take the others with it: a full disk must not keep a user from signing out. Savepoints would not do:
   * SQLite rolls back the whole transaction by itself when the disk is full. Never again after a COMMIT that failed:
   * should it have been written after all, every answer would be another one. Returns those that must wait on.
   */
  async #write(group: readonly Waiting[]): Promise<Waiting[]> {
    const attempt = await this.#writer.attempt(group.flatMap(({ steps }) => steps));
    if (attempt.status !== "failed" || !attempt.isUndone || group.length === 1) return this.#settle(group, attempt);
    const again: Waiting[] = [];
    for (const waiting of group) again.push(...(await this.#write([waiting])));
    return again;
  }

  #settle(group: readonly Waiting[], attempt: Attempt): Waiting[] {
    if (attempt.status === "busy") return this.#leftInTime(group);
    let from = 0;
    for (const { doing, steps, resolve, reject } of group) {
      if (attempt.status === "failed") reject(failureError(doing, attempt.failure));
      else resolve(attempt.found.slice(from, from + steps.length));
      from += steps.length;
    }
    return [];
  }

  /** Every write has its own deadline: one that came late is not refused with those that waited long. */
  #leftInTime(group: readonly Waiting[]): Waiting[] {
    const now = performance.now();
    for (const { until, reject } of group) if (now >= until) reject(busyError(this.#busyTimeout));
    return group.filter(({ until }) => now < until);
  }
}
