// The queue of writes: all that wait while a transaction is under way go into the next one.

import { setImmediate } from "node:timers/promises";
import type { SqliteValue } from "./driver.ts";
import { busyError, closedError, storeError } from "./errors.ts";
import type { Statements } from "./statements.ts";

/** One statement, by its name, and the values of its parameters. */
export type Step = readonly [name: keyof Statements, ...parameters: readonly SqliteValue[]];

/** The first column of the rows that a step returned: the sids that it changed or found. */
export type Found = readonly string[];

/** The result of a transaction. */
export type Attempt =
  | { readonly status: "done"; readonly found: readonly Found[] }
  /** another connection holds the lock; nothing was written, it may be tried again */
  | { readonly status: "busy" }
  /** `isUndone`: a step failed, so nothing was written. Otherwise that is unknown. */
  | { readonly status: "failed"; readonly error: unknown; readonly isUndone: boolean };

/** Runs transactions: in the writer thread, or on the application's handle in the calling thread. */
export interface Writer {
  /** True when the calling thread does the work, so that nothing is gained by beginning at once. */
  readonly isBlocking: boolean;
  /** Runs the steps in one transaction. Never rejects; returns `busy` after a short wait. */
  attempt(steps: readonly Step[]): Promise<Attempt>;
  /** Frees what the writer holds, when nothing is under way. */
  close(): Promise<void>;
}

interface Waiting {
  /** The operation, in the words of an error. */
  readonly doing: string;
  readonly steps: readonly Step[];
  readonly until: number;
  readonly resolve: (found: readonly Found[]) => void;
  readonly reject: (error: unknown) => void;
}

/** One transaction holds the file's only write lock; other processes want it too. */
const MAX_GROUP = 256;

/**
 * Turns of the event loop, and milliseconds, that a write waits for others: a burst takes more than one turn to read.
 */
const MOST_TURNS = 4;
const LONGEST_WAIT = 5;

export class WriteQueue {
  readonly #writer: Writer;
  readonly #busyTimeout: number;
  #waiting: Waiting[] = [];
  #run: Promise<void> | null = null;
  #isClosed = false;
  /** Number of writes in the last transaction. */
  #last = 1;

  constructor(writer: Writer, busyTimeout: number) {
    this.#writer = writer;
    this.#busyTimeout = busyTimeout;
  }

  /** Resolves to what each step found, once the transaction with all of them is committed. */
  add(doing: string, ...steps: readonly Step[]): Promise<readonly Found[]> {
    return new Promise((resolve, reject) => {
      this.checkOpen();
      const until = performance.now() + this.#busyTimeout;
      this.#waiting.push({ doing, steps, until, resolve, reject });
      this.#run ??= this.#runAll();
    });
  }

  checkOpen(): void {
    if (this.#isClosed) throw closedError();
  }

  /** Accepts no more writes, waits for the results of all that were added, then frees the writer. */
  async close(): Promise<void> {
    this.#isClosed = true;
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
   * Waits as long as each turn brings more: a transaction for one write costs nearly as much as one for all of them.
   * Writes that come one by one leave at once.
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
   * Writes all in one transaction. If a step fails, each write is tried again in a transaction of its own, so that none
   * takes the others with it: a full disk must not keep a user from signing out. Savepoints would not help: SQLite
   * rolls back the whole transaction by itself when the disk is full. Nothing is tried again after a failed COMMIT: it
   * may have been written after all, and every result would be a different one. Returns the writes that must go on
   * waiting.
   */
  async #write(group: readonly Waiting[]): Promise<Waiting[]> {
    const attempt = await this.#writer.attempt(group.flatMap(({ steps }) => steps));
    if (attempt.status !== "failed" || !attempt.isUndone || group.length === 1) return this.#settle(group, attempt);
    const again: Waiting[] = [];
    for (const waiting of group) again.push(...(await this.#write([waiting])));
    return again;
  }

  #settle(group: readonly Waiting[], attempt: Attempt): Waiting[] {
    if (attempt.status === "busy") return this.#refuseLate(group);
    let from = 0;
    for (const { doing, steps, resolve, reject } of group) {
      if (attempt.status === "failed") reject(storeError(doing, attempt.error));
      else resolve(attempt.found.slice(from, from + steps.length));
      from += steps.length;
    }
    return [];
  }

  /** Every write has its own deadline, so a late one is not refused together with older ones. Returns the others. */
  #refuseLate(group: readonly Waiting[]): Waiting[] {
    const now = performance.now();
    for (const { until, reject } of group) if (now >= until) reject(busyError(this.#busyTimeout));
    return group.filter(({ until }) => now < until);
  }
}
