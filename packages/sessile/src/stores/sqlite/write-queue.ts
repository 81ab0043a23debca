// Writes wait here while a transaction is under way; all that wait go into the next one. Knows no SQLite.

import { setImmediate } from "node:timers/promises";
import { busyError, failureError } from "./errors.ts";
import type { Outcome } from "./group-commit.ts";
import type { Answers, Operation } from "./operations.ts";

/** Who runs transactions: the writer thread, or the calling thread on a handle. */
export interface Writer {
  /** The calling thread does the work, so that nobody gains when it begins at once. */
  readonly isBlocking: boolean;
  /** Runs the operations, JSON texts, and says what became of each. Never rejects; `busy` comes after a short wait. */
  attempt(operations: readonly string[]): Promise<readonly Outcome[]>;
  /** Frees what the writer holds. Nothing is under way any more. */
  close(): Promise<void>;
}

interface Waiting {
  readonly kind: Operation["kind"];
  /** Text, so that what the caller does to its objects meanwhile changes nothing. */
  readonly text: string;
  readonly until: number;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/** One transaction holds the file's only write lock; other processes want it too. */
const MAX_GROUP = 256;

/** Turns of the event loop that a write may wait for others to join it, and milliseconds: the requests of a burst are not all read in one turn. */
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

  /** Resolves once the transaction with the operation is committed. */
  add<K extends Operation["kind"]>(operation: Operation & { readonly kind: K }): Promise<Answers[K]> {
    return new Promise<Answers[K]>((resolve, reject) => {
      const until = performance.now() + this.#busyTimeout;
      this.#waiting.push({ kind: operation.kind, text: JSON.stringify(operation), until, resolve, reject });
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
      this.#settle(group, await this.#writer.attempt(group.map(({ text }) => text)));
    }
    this.#run = null;
  }

  /**
   * Waits as long as each turn brings more: a transaction for one costs nearly what one for all of them does. Not where writes come one by
   * one: those leave at once.
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

  #settle(group: readonly Waiting[], outcomes: readonly Outcome[]): void {
    const again: Waiting[] = [];
    const now = performance.now();
    for (const [index, waiting] of group.entries()) {
      const outcome = outcomes[index];
      if (outcome?.status === "done") waiting.resolve(outcome.value as never);
      else if (outcome?.status === "failed") waiting.reject(failureError(DOING[waiting.kind], outcome.failure));
      // Every write has its own deadline: one that came late is not refused with those that waited long.
      else if (now >= waiting.until) waiting.reject(busyError(this.#busyTimeout));
      else again.push(waiting);
    }
    this.#waiting.unshift(...again);
  }
}

const DOING: Readonly<Record<Operation["kind"], string>> = {
  create: "create a session",
  commit: "commit a change",
  delete: "delete a session",
  deleteByUser: "delete the sessions of a user",
  deleteExpired: "delete expired sessions",
};
