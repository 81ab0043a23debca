// Every SQL statement that reads or writes sessions, prepared once a connection. The schema is in schema.ts.

import type { SessionRecord } from "../../core/record.ts";
import { firstRow, isUnrepresentable, type SqliteDatabase, type SqliteStatement } from "./port.ts";
import { CHANGING, COLUMNS, fromRow, unreadable } from "./row.ts";

const ALL = COLUMNS.join(", ");

const SQL = {
  load: `SELECT ${ALL} FROM sessile_sessions WHERE sid = ?`,
  exists: "SELECT 1 FROM sessile_sessions WHERE sid = ?",
  insert: `INSERT INTO sessile_sessions (${ALL}) VALUES (${COLUMNS.map(() => "?").join(", ")})`,
  update: `UPDATE sessile_sessions SET ${CHANGING.map((name) => `${name} = ?`).join(", ")} WHERE sid = ?`,
  delete: "DELETE FROM sessile_sessions WHERE sid = ?",
  /** The oldest first. `isExpired` in SQL: a session is live before `expires_at`. */
  live: "SELECT sid FROM sessile_sessions WHERE user_id = ? AND expires_at > ? ORDER BY absolute_expires_at, sid",
  /** Answered by the index alone. The upper bound keeps a damaged entry from failing the whole page. */
  page: `SELECT sid, absolute_expires_at FROM sessile_sessions
    WHERE user_id = ? AND (absolute_expires_at, sid) > (?, ?) AND absolute_expires_at <= ${Number.MAX_SAFE_INTEGER}
    ORDER BY absolute_expires_at, sid LIMIT ?`,
  /** Straight through the table, which is in the order of sids. */
  scan: "SELECT sid FROM sessile_sessions WHERE sid > ? ORDER BY sid LIMIT ?",
  deleteByUser: "DELETE FROM sessile_sessions WHERE user_id = ? AND sid IS NOT ? RETURNING sid",
  /** Judges again while it deletes: a row that a damaged index calls expired stays. */
  deleteExpired: `DELETE FROM sessile_sessions WHERE expires_at <= ? AND sid IN
    (SELECT sid FROM sessile_sessions WHERE expires_at <= ? ORDER BY expires_at LIMIT ?) RETURNING sid`,
  /** Walks the smallest index: about 10 ms for a million sessions. */
  count: "SELECT count(*) FROM sessile_sessions",
} as const;

export type Statements = Readonly<Record<keyof typeof SQL, SqliteStatement>>;

export function prepareStatements(database: SqliteDatabase): Statements {
  const prepared = Object.entries(SQL).map(([name, sql]) => [name, database.prepare(sql)]);
  return Object.fromEntries(prepared) as Statements;
}

/** The record of `sid`; `null` when there is none. Throws `ERR_SESSION_RECORD` when its row is damaged. */
export function readRecord({ load }: Statements, sid: string): SessionRecord | null {
  try {
    const row = firstRow(load, sid);
    return row === null ? null : fromRow(sid, row);
  } catch (error) {
    throw isUnrepresentable(error) ? unreadable(sid) : error;
  }
}
