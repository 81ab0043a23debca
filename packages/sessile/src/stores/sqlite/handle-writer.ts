// Transactions on a database that the application opened, on the calling thread. Waits for locks between turns only.

import { setTimeout } from "node:timers/promises";
import type { OpenFile } from "./open-file.ts";
import { firstColumn, firstValue, isBusy, rollback, type SqliteDatabase, toFailure } from "./port.ts";
import type { Statements } from "./statements.ts";
import { type Attempt, type Found, failed, type Step, type Writer } from "./transaction.ts";

/** How long a statement may wait for a lock inside SQLite, where the event loop waits with it, and between attempts. */
const LOCK_WAIT = 2;
const PAUSE = 10;

export class HandleWriter implements Writer {
  readonly isBlocking = true;
  readonly #database: SqliteDatabase;
  readonly #statements: Statements;
  readonly #file: OpenFile | null;

  constructor(database: SqliteDatabase, statements: Statements, file: OpenFile | null) {
    this.#database = database;
    this.#statements = statements;
    this.#file = file;
  }

  async attempt(steps: readonly Step[]): Promise<Attempt> {
    const attempt = this.#attempt(steps);
    if (attempt.status === "busy") await setTimeout(PAUSE);
    return attempt;
  }

  /** The database is the application's, and stays open. */
  async close(): Promise<void> {}

  #attempt(steps: readonly Step[]): Attempt {
    let isBegun = false;
    let found: Found[] | undefined;
    try {
      this.#withLockWait(() => {
        // Deferred, a transaction that reads first can fail with SQLITE_BUSY at its first write without any wait.
        this.#database.exec("BEGIN IMMEDIATE");
        isBegun = true;
        found = steps.map(([name, ...parameters]) => firstColumn(this.#statements[name], ...parameters).map(String));
        this.#database.exec("COMMIT");
      });
      this.#file?.check();
      return { status: "done", found: found ?? [] };
    } catch (error) {
      // A transaction that did not begin is not ours to end: the application may have one open.
      if (isBegun) rollback(this.#database);
      return isBusy(error) ? { status: "busy" } : failed(toFailure(error), isBegun && found === undefined);
    }
  }

  /** With a short wait for locks, and afterwards the application's own again (5 seconds, unless it says otherwise). */
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
