// What was done on the admin page, by whom, to what, with which outcome: kept in the file of the users, and bounded.

import type { SqliteDatabase } from "sessile/sqlite";
import { prepareAll, type Statements, transaction } from "../identity/users/query.ts";
import type { AuditAction, AuditEntry, AuditOutcome } from "./api.ts";

/** Acts kept, and so many sign-ins, sign-outs and refusals; the oldest go first. What is to be kept longer is in the log. */
export const MOST_ENTRIES = 10_000;
/** Of these, kept of one user: they are cheap to cause, and must not push out what others did. */
export const MOST_COMINGS = 100;

const COLUMNS = "id, at, actor, action, target, outcome, ended";

/** What neither ends nor shows nor grants anything. */
const IS_COMING = "(outcome = 'refused' OR action IN ('signIn', 'signOut', 'confirm'))";

const SQL = {
  add: "INSERT INTO sessile_audit (at, actor, action, target, outcome) VALUES (?, ?, ?, ?, ?)",
  finish: "UPDATE sessile_audit SET outcome = ?, ended = ? WHERE id = ?",
  trimActs: trimming(`NOT ${IS_COMING}`, MOST_ENTRIES),
  trimComings: trimming(IS_COMING, MOST_ENTRIES),
  trimComingsOf: trimming(`actor = ?1 AND ${IS_COMING}`, MOST_COMINGS),
  page: `SELECT ${COLUMNS} FROM sessile_audit WHERE id < ? ORDER BY id DESC LIMIT ?`,
} as const;

/** Deletes what suits but the newest `most`. */
function trimming(suits: string, most: number): string {
  return `DELETE FROM sessile_audit WHERE ${suits} AND id <=
    (SELECT id FROM sessile_audit WHERE ${suits} ORDER BY id DESC LIMIT 1 OFFSET ${most})`;
}

/** An entry to be written. `target` is a sid, a user's name or id, or empty. */
export interface NewEntry {
  readonly actor: string;
  readonly action: AuditAction;
  readonly target: string;
  readonly outcome: AuditOutcome;
}

export class AuditLog {
  readonly #file: SqliteDatabase;
  readonly #clock: () => number;
  readonly #sql: Statements<typeof SQL>;

  constructor(file: SqliteDatabase, clock: () => number = Date.now) {
    this.#file = file;
    this.#clock = clock;
    this.#sql = prepareAll(file, SQL);
  }

  /** Gives back the entry's id. */
  add({ actor, action, target, outcome }: NewEntry): number {
    return transaction(this.#file, () => {
      const added = this.#sql.add.run(this.#clock(), actor, action, target, outcome);
      const id = Number((added as unknown as { lastInsertRowid: number }).lastInsertRowid);
      this.#sql.trimComingsOf.run(actor);
      this.#sql.trimComings.run();
      this.#sql.trimActs.run();
      return id;
    });
  }

  /** Says what became of an entry that was `begun`. */
  finish(id: number, outcome: AuditOutcome, ended: number | null): void {
    this.#sql.finish.run(outcome, ended, id);
  }

  /** Newest first; those older than the entry `before`. */
  page(limit: number, before: number = Number.MAX_SAFE_INTEGER): AuditEntry[] {
    return (this.#sql.page.all(before, limit) as AuditEntry[]).map((row) => ({ ...row }));
  }
}
