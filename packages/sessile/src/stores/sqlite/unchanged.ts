// Which of the known records need not even be compared: nothing was committed since, or nothing but writes of this store to other
// sessions. SQLite decides by the same header whether the pages that it keeps are still right. Knows no SQL.

import type { SessionRecord } from "../../core/record.ts";
import type { KnownRecords } from "../known-records.ts";
import { headerOf } from "./wal-index.ts";

/** What a transaction of this store did, and that nobody else committed in between. */
export interface Span {
  /** The header while the transaction held the lock for writing. */
  readonly before: string;
  /** The header right after its commit. */
  readonly after: string;
  /** The sids of all sessions that it wrote or deleted. */
  readonly touched: readonly string[];
}

export class UnchangedRecords {
  readonly #index: number;
  readonly #known: KnownRecords;
  /** The header for which all records are right that `known` is sure of. */
  #header: string | null = null;
  #isWriting = false;
  /** A commit was seen to change the header: on an odd file system it might not. */
  #isProven = false;

  constructor(index: number, known: KnownRecords) {
    this.#index = index;
    this.#known = known;
  }

  /** The record of `sid` if it is certain without a look at its row. */
  get(sid: string): SessionRecord | null {
    if (!this.#isProven) return null;
    const header = headerOf(this.#index);
    if (header !== null && header === this.#header) return this.#known.sure(sid);
    // While a write is under way the new header may be that of its commit, and soon known as such.
    if (!this.#isWriting) this.#doubt(header);
    return null;
  }

  /** To be called before each write. */
  writing(): void {
    this.#isWriting = true;
  }

  /** To be called after it; `null` when it is not certain what was committed, or by whom. */
  wrote(span: Span | null): void {
    this.#isWriting = false;
    this.#isProven ||= span !== null && span.before !== span.after;
    if (span === null || span.before !== this.#header) this.#doubt(span?.after ?? null);
    else this.#follow(span);
  }

  #follow({ after, touched }: Span): void {
    this.#header = after;
    for (const sid of touched) this.#known.forget(sid);
  }

  #doubt(header: string | null): void {
    this.#header = header;
    this.#known.doubt();
  }
}
