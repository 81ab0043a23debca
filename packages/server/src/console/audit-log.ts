// The audit of the admin page (actor, action, target, outcome) in the file of the users, with a bound on its size.

import type { SqliteDatabase } from "sessile/sqlite";
import { Rows } from "../identity/users/query.ts";
import type { AuditAction, AuditEntry, AuditOutcome } from "./api.ts";

/**
 * Number of acts that are kept, and of sign-ins, sign-outs and refusals; the oldest are deleted. The log keeps
 * everything.
 */
export const MOST_ENTRIES = 10_000;
/**
 * Number of sign-ins, sign-outs and refusals kept of one user: they are cheap to cause, and must not displace those of
 * others.
 */
export const MOST_COMINGS = 100;

const COLUMNS = "id, at, actor, action, target, outcome, ended";

/** Entries that neither end nor show nor grant anything. */
const IS_COMING = "(outcome = 'refused' OR action IN ('signIn', 'signOut', 'confirm'))";

const SQL = {
  add: "INSERT INTO sessile_audit (at, actor, action, target, outcome) VALUES (?, ?, ?, ?, ?)",
  finish: "UPDATE sessile_audit SET outcome = ?, ended = ? WHERE id = ?",
  trimActs: trimming(`NOT ${IS_COMING}`, MOST_ENTRIES),
  trimComings: trimming(IS_COMING, MOST_ENTRIES),
  trimComingsOf: trimming(`actor = ?1 AND ${IS_COMING}`, MOST_COMINGS),
  page: `SELECT ${COLUMNS} FROM sessile_audit WHERE id < ? ORDER BY id DESC LIMIT ?`,
} as const;

/** Deletes all matching entries but the newest `most`. */
function trimming(suits: string, most: number): string {
  return `DELETE FROM sessile_audit WHERE ${suits} AND id <=
    (SELECT id FROM sessile_audit WHERE ${suits} ORDER BY id DESC LIMIT 1 OFFSET ${most})`;
}

/** A new entry. `target` is a sid, a user's name or id, or empty. */
export interface NewEntry {
  readonly actor: string;
  readonly action: AuditAction;
  readonly target: string;
  readonly outcome: AuditOutcome;
}

export class AuditLog extends Rows<typeof SQL> {
  constructor(file: SqliteDatabase, clock: () => number = Date.now) {
    super(file, SQL, clock);
  }

  /** Returns the entry's id. */
  add({ actor, action, target, outcome }: NewEntry): number {
    return this.transaction(() => {
      const added = this.sql.add.run(this.clock(), actor, action, target, outcome);
      const id = Number((added as unknown as { lastInsertRowid: number }).lastInsertRowid);
      this.sql.trimComingsOf.run(actor);
      this.sql.trimComings.run();
      this.sql.trimActs.run();
      return id;
    });
  }

  /** Adds the outcome to an entry that was `begun`. */
  finish(id: number, outcome: AuditOutcome, ended: number | null): void {
    this.sql.finish.run(outcome, ended, id);
  }

  /** Newest first; only entries older than the entry `before`. */
  page(limit: number, before: number = Number.MAX_SAFE_INTEGER): AuditEntry[] {
    return (this.sql.page.all(before, limit) as AuditEntry[]).map((row) => ({ ...row }));
  }
}
