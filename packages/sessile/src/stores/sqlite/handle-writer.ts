// The writer on a database that the application opened: transactions in the calling thread, which wait for locks only
// between turns of the event loop.

import { setTimeout } from "node:timers/promises";
import type { FileIdentity } from "./database-file.ts";
import { firstValue, rollback, type SqliteDatabase } from "./driver.ts";
import { isBusy } from "./errors.ts";
import { execute, type Statements } from "./statements.ts";
import type { Attempt, Found, Step, Writer } from "./write-queue.ts";

/**
 * Milliseconds that a statement waits for a lock inside SQLite, where the event loop waits too, and between attempts.
 */
const LOCK_WAIT = 2;
const PAUSE = 10;

export class HandleWriter implements Writer {
  readonly isBlocking = true;
  readonly #database: SqliteDatabase;
  readonly #statements: Statements;
  readonly #file: FileIdentity | null;

  constructor(database: SqliteDatabase, statements: Statements, file: FileIdentity | null) {
    this.#database = database;
    this.#statements = statements;
    this.#file = file;
  }

  async attempt(steps: readonly Step[]): Promise<Attempt> {
    const attempt = this.#attempt(steps);
    if (attempt.status === "busy") await setTimeout(PAUSE);
    return attempt;
  }

  /** The database belongs to the application and stays open. */
  async close(): Promise<void> {}

  #attempt(steps: readonly Step[]): Attempt {
    let isBegun = false;
    let found: Found[] | undefined;
    try {
      this.#file?.checkLog();
      this.#withLockWait(() => {
        // A deferred transaction that reads first can fail with SQLITE_BUSY at its first write, without any wait.
        this.#database.exec("BEGIN IMMEDIATE");
        isBegun = true;
        found = steps.map((step) => execute(this.#statements, step));
        this.#database.exec("COMMIT");
      });
      this.#file?.check();
      return { status: "done", found: found ?? [] };
    } catch (error) {
      // If none was begun, the open transaction, if any, is the application's.
      if (isBegun) rollback(this.#database);
      if (isBusy(error)) return { status: "busy" };
      return { status: "failed", error, isUndone: isBegun && found === undefined };
    }
  }

  /** Sets a short wait for locks, and afterwards the application's own again (SQLite's default is 5 seconds). */
  #withLockWait(transaction: () => void): void {
    const lockWait = firstValue(this.#database, "PRAGMA busy_timeout");
    this.#database.exec(`PRAGMA busy_timeout = ${LOCK_WAIT}`);
    try {
      transaction();
    } finally {
      this.#database.exec(`PRAGMA busy_timeout = ${lockWait}`);
    }
  }
}
