// What the two writers have in common: a transaction as a value, and what became of it. Knows no session.

import type { Failure, SqliteValue } from "./port.ts";
import type { Statements } from "./statements.ts";

/** One statement, by its name, and what is bound to it. */
export type Step = readonly [name: keyof Statements, ...parameters: readonly SqliteValue[]];

/** The first column of the rows that a step returned: the sids that it changed or found. */
export type Found = readonly string[];

/** What became of a transaction. */
export type Attempt =
  | { readonly status: "done"; readonly found: readonly Found[] }
  /** another connection holds the lock; nothing was written, it may be tried again */
  | { readonly status: "busy" }
  | {
      readonly status: "failed";
      readonly failure: Failure;
      /** A step failed, so nothing was written. Otherwise that is not known. */
      readonly isUndone: boolean;
    };

/** Runs transactions: the writer thread, or the calling thread on a handle. */
export interface Writer {
  /** The calling thread does the work, so nothing is gained by beginning at once. */
  readonly isBlocking: boolean;
  /** Runs the steps in one transaction. Never rejects; `busy` comes after a short wait. */
  attempt(steps: readonly Step[]): Promise<Attempt>;
  /** Frees what the writer holds, when nothing is under way. */
  close(): Promise<void>;
}

export function failed(failure: Failure, isUndone = false): Attempt {
  return { status: "failed", failure, isUndone };
}
