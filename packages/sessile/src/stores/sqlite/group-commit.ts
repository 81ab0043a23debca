// Many writes in one transaction: all of them are on disk, or none is, before any caller hears of it.

import { type Operation, perform } from "./operations.ts";
import { type Failure, isBusy, rollback, type SqliteDatabase, type SqliteStatement, toFailure } from "./port.ts";
import { prepareStatements, type Statements } from "./statements.ts";

/** What became of one operation. */
export type Outcome =
  | { readonly status: "done"; readonly value: unknown }
  /** another connection holds the lock; nothing was written, it may be tried again */
  | { readonly status: "busy" }
  /** the transaction failed; whether it was written is unknown, and the connection is suspect */
  | Failed;

interface Failed {
  readonly status: "failed";
  readonly failure: Failure;
}

export class GroupCommit {
  readonly #database: SqliteDatabase;
  readonly #statements: Statements;
  readonly #begin: SqliteStatement;
  readonly #commit: SqliteStatement;

  constructor(database: SqliteDatabase) {
    this.#database = database;
    this.#statements = prepareStatements(database);
    // Deferred, a transaction that reads first can fail with SQLITE_BUSY at its first write without any wait.
    this.#begin = database.prepare("BEGIN IMMEDIATE");
    this.#commit = database.prepare("COMMIT");
  }

  /**
   * Runs the operations in one transaction. Where one fails, each is run again in a transaction of its own, so that it
   * does not take the others with it: a full disk must not keep anybody from signing out. Savepoints would not do: SQLite
   * rolls back the whole transaction by itself when the disk is full. `begun` is called in each transaction, under its lock.
   */
  attempt(operations: readonly Operation[], begun?: () => void): Outcome[] {
    const values: unknown[] = [];
    const outcome = this.#transaction(() => {
      begun?.();
      for (const operation of operations) values.push(perform(this.#statements, operation));
    });
    if (outcome === "done") return values.map((value) => ({ status: "done", value }));
    // Never again after a COMMIT that failed: should it have been written after all, every answer would be another one.
    const isCommitted = values.length === operations.length;
    if (outcome.status === "busy" || isCommitted || operations.length === 1) return operations.map(() => outcome);
    return operations.flatMap((operation) => this.attempt([operation], begun));
  }

  #transaction(run: () => void): "done" | { readonly status: "busy" } | Failed {
    let isBegun = false;
    try {
      this.#begin.run();
      isBegun = true;
      run();
      this.#commit.run();
      return "done";
    } catch (error) {
      if (isBegun) rollback(this.#database);
      return isBusy(error) ? { status: "busy" } : failed(error);
    }
  }
}

export function failed(error: unknown): Failed {
  return { status: "failed", failure: toFailure(error) };
}
