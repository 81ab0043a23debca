// Transactions on a database that the application opened, on the calling thread. Waits for locks between turns only.

import { setTimeout } from "node:timers/promises";
import { failed, GroupCommit, type Outcome } from "./group-commit.ts";
import type { Operation } from "./operations.ts";
import { firstValue, type SqliteDatabase } from "./port.ts";
import type { Writer } from "./write-queue.ts";

/** How long a statement may wait for a lock inside SQLite, where the event loop waits with it, and between attempts. */
const LOCK_WAIT = 2;
const PAUSE = 10;

export class HandleWriter implements Writer {
  readonly isBlocking = true;
  readonly #database: SqliteDatabase;
  readonly #groups: GroupCommit;

  constructor(database: SqliteDatabase) {
    this.#database = database;
    this.#groups = new GroupCommit(database);
  }

  async attempt(operations: readonly string[]): Promise<readonly Outcome[]> {
    const outcomes = this.#attempt(operations.map((text) => JSON.parse(text) as Operation));
    if (outcomes.some(({ status }) => status === "busy")) await setTimeout(PAUSE);
    return outcomes;
  }

  /** The database is the application's, and stays open. */
  async close(): Promise<void> {}

  /** With a short wait for locks, and afterwards the application's own again (5 seconds, unless it says otherwise). */
  #attempt(operations: readonly Operation[]): Outcome[] {
    try {
      const lockWait = firstValue(this.#database, "PRAGMA busy_timeout");
      this.#database.exec(`PRAGMA busy_timeout = ${LOCK_WAIT}`);
      try {
        return this.#groups.attempt(operations);
      } finally {
        this.#database.exec(`PRAGMA busy_timeout = ${lockWait}`);
      }
    } catch (error) {
      return operations.map(() => failed(error));
    }
  }
}
