// Every SQL statement that reads or writes sessions, prepared once a connection. The schema is in schema.ts.

import type { SessionRecord } from "../../core/record.ts";
import type { KnownRecords } from "../known-records.ts";
import {
  firstRow,
  isBusy,
  isUnrepresentable,
  plain,
  type Row,
  type SqliteDatabase,
  type SqliteStatement,
} from "./port.ts";
import { CHANGING, COLUMNS, fromRow, unreadable } from "./row.ts";

const ALL = COLUMNS.join(", ");

/** The user's sessions that are live at an instant: `isExpired` in SQL. */
const LIVE = "FROM sessile_sessions WHERE user_id = ? AND expires_at > ?";

/** Those that a write takes as steps return a row for each session that they changed. */
export const SQL = {
  load: `SELECT ${ALL} FROM sessile_sessions WHERE sid = ?`,
  /** All fields in one text, as JSON: a third of the price of a row, and no change of any field goes unseen. */
  text: `SELECT json_array(${ALL}) AS text FROM sessile_sessions WHERE sid = ?`,
  exists: "SELECT 1 FROM sessile_sessions WHERE sid = ?",
  /**
   * Ends the user's oldest sessions, all but as many as are given last; none when there is a session of the new sid
   * already.
   */
  evict: `DELETE FROM sessile_sessions WHERE sid IN
    (SELECT sid ${LIVE} ORDER BY absolute_expires_at DESC, sid DESC LIMIT -1 OFFSET ?)
    AND NOT EXISTS (SELECT 1 FROM sessile_sessions WHERE sid = ?) RETURNING sid`,
  /** Changes nothing when there is a session of this sid, or the user has more sessions than are given last. */
  insert: `INSERT INTO sessile_sessions (${ALL}) SELECT ${COLUMNS.map(() => "?").join(", ")}
    WHERE NOT EXISTS (SELECT 1 ${LIVE} LIMIT 1 OFFSET ?) ON CONFLICT (sid) DO NOTHING RETURNING sid`,
  /** Changes nothing unless the whole row is what it is taken for. */
  update: `UPDATE sessile_sessions SET ${CHANGING.map((name) => `${name} = ?`).join(", ")}
    WHERE sid = ? AND (${COLUMNS.slice(1).join(", ")}) IS (${COLUMNS.slice(1)
      .map(() => "?")
      .join(", ")}) RETURNING sid`,
  delete: "DELETE FROM sessile_sessions WHERE sid = ? RETURNING sid",
  /** Answered by the index alone. The upper bound keeps a damaged entry from failing the whole page. */
  page: `SELECT sid, absolute_expires_at FROM sessile_sessions
    WHERE user_id = ? AND (absolute_expires_at, sid) > (?, ?) AND absolute_expires_at <= ${Number.MAX_SAFE_INTEGER}
    ORDER BY absolute_expires_at, sid LIMIT ?`,
  /** Answered by the index of sids alone. */
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
export function readRecord({ load }: Statements, sid: string, known?: KnownRecords): SessionRecord | null {
  try {
    const row = firstRow(load, sid);
    if (row === null) return null;
    const record = fromRow(sid, row);
    // Its text only from the second time on: most are never in doubt, and it would be half of what is kept.
    known?.add(record, known.has(sid) ? textOf(row) : null);
    return record;
  } catch (error) {
    throw isUnrepresentable(error) ? unreadable(sid) : error;
  }
}

/** The same, but a row that is to the letter what it was when it was read is not taken apart and checked again. */
export function readKnown(statements: Statements, known: KnownRecords, sid: string): SessionRecord | null {
  return known.get(sid, () => textNow(statements, sid)) ?? readRecord(statements, sid, known);
}

/**
 * What `text` gives for a row that was read. Where a driver's SQLite writes JSON otherwise, the row is read whole every
 * time.
 */
function textOf(row: Row): string {
  return JSON.stringify(COLUMNS.map((name) => plain(row[name])));
}

/** `null` when there is no row, or damage has put something into it that JSON cannot hold. */
function textNow({ text }: Statements, sid: string): string | null {
  try {
    return (firstRow(text, sid)?.text ?? null) as string | null;
  } catch (error) {
    if (isBusy(error)) throw error;
    return null;
  }
}
