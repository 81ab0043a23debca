// Transactions on a database that the application opened, on the calling thread. Waits for locks between turns only.

import { setTimeout } from "node:timers/promises";
import type { OpenFile } from "./open-file.ts";
import {
  firstColumn,
  firstValue,
  isBusy,
  rollback,
  type SqliteDatabase,
  type SqliteStatement,
  toFailure,
} from "./port.ts";
import type { Statements } from "./statements.ts";
import { type Attempt, failed, type Step, type Writer } from "./transaction.ts";

/** How long a statement may wait for a lock inside SQLite, where the event loop waits with it, and between attempts. */
const LOCK_WAIT = 2;
const PAUSE = 10;

export class HandleWriter implements Writer {
  readonly isBlocking = true;
  readonly #database: SqliteDatabase;
  readonly #statements: Statements;
  readonly #begin: SqliteStatement;
  readonly #commit: SqliteStatement;
  readonly #file: OpenFile | null;

  constructor(database: SqliteDatabase, statements: Statements, file: OpenFile | null) {
    this.#database = database;
    this.#statements = statements;
    // Deferred, a transaction that reads first can fail with SQLITE_BUSY at its first write without any wait.
    this.#begin = database.prepare("BEGIN IMMEDIATE");
    this.#commit = database.prepare("COMMIT");
    this.#file = file;
  }

  async attempt(steps: readonly Step[]): Promise<Attempt> {
    const attempt = this.#withLockWait(() => this.#transaction(steps));
    if (attempt.status === "busy") await setTimeout(PAUSE);
    return attempt;
  }

  /** The database is the application's, and stays open. */
  async close(): Promise<void> {}

  /** With a short wait for locks, and afterwards the application's own again (5 seconds, unless it says otherwise). */
  #withLockWait(transaction: () => Attempt): Attempt {
    try {
      const lockWait = firstValue(this.#database, "PRAGMA busy_timeout");
      this.#database.exec(`PRAGMA busy_timeout = ${LOCK_WAIT}`);
      try {
        return transaction();
      } finally {
        this.#database.exec(`PRAGMA busy_timeout = ${lockWait}`);
      }
    } catch (error) {
      return failed(toFailure(error));
    }
  }

  #transaction(steps: readonly Step[]): Attempt {
    let stage: "begin" | "steps" | "commit" = "begin";
    try {
      this.#begin.run();
      stage = "steps";
      const found = steps.map(([name, ...parameters]) => firstColumn(this.#statements[name as never], ...parameters));
      stage = "commit";
      this.#commit.run();
      this.#file?.check();
      return { status: "done", found };
    } catch (error) {
      // A transaction that did not begin is not ours to end: the application may have one open.
      if (stage !== "begin") rollback(this.#database);
      return isBusy(error) ? { status: "busy" } : failed(toFailure(error), stage === "steps");
    }
  }
}
