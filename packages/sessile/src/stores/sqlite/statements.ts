// Every SQL statement that reads or writes sessions, prepared once a connection. The schema is in schema.ts.

import type { SessionRecord } from "../../core/record.ts";
import type { KnownRecords, RowState } from "./known-records.ts";
import { firstRow, isUnrepresentable, type SqliteDatabase, type SqliteStatement } from "./port.ts";
import { CHANGING, COLUMNS, fromRow, unreadable } from "./row.ts";

const ALL = COLUMNS.join(", ");

const SQL = {
  load: `SELECT ${ALL} FROM sessile_sessions WHERE sid = ?`,
  /** In what state the row is: two numbers, in place of all its fields. */
  state: "SELECT version, checksum FROM sessile_sessions WHERE sid = ?",
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

/** The same, but a row that is in the state in which it was read before is not read whole again. */
export function readKnown(statements: Statements, known: KnownRecords, sid: string): SessionRecord | null {
  if (!known.has(sid)) return readRecord(statements, sid, known);
  const state = legible(sid, () => firstRow(statements.state, sid)) as RowState | null;
  return known.get(sid, state) ?? (state === null ? null : readRecord(statements, sid, known));
}

/** The record of `sid`; `null` when there is none. Throws `ERR_SESSION_RECORD` when its row is damaged. */
export function readRecord({ load }: Statements, sid: string, known?: KnownRecords): SessionRecord | null {
  return legible(sid, () => {
    const row = firstRow(load, sid);
    if (row === null) return null;
    const record = fromRow(sid, row);
    known?.add(record, row as unknown as RowState);
    return record;
  });
}

function legible<T>(sid: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw isUnrepresentable(error) ? unreadable(sid) : error;
  }
}
