// The SQL statements that read or write sessions, each prepared once for a connection. schema.ts has the tables.

import { firstColumn, type SqliteDatabase, type SqliteStatement } from "./driver.ts";
import { CHANGING, COLUMNS, MOVING } from "./row.ts";
import type { Step } from "./write-queue.ts";

const ALL = COLUMNS.join(", ");
const OTHERS = COLUMNS.slice(1);

/** The user's sessions that are live at an instant: `isExpired` in SQL. */
const LIVE = "FROM sessile_sessions WHERE user_id = ? AND expires_at > ?";
const OLDEST = `SELECT sid ${LIVE} ORDER BY created_at DESC, sid DESC LIMIT -1 OFFSET ?`;
/** The whole row is the expected one. */
const SAME = `sid = ? AND (${OTHERS.join(", ")}) IS (${marks(OTHERS)})`;

/** Statements that write return a row for each session that they changed; `touch` alone returns none, see `execute`. */
export const SQL = {
  /** All values in one text, which costs a third of a row and shows a change of any value. */
  load: `SELECT json_array(${ALL}) AS text FROM sessile_sessions WHERE sid = ?`,
  exists: "SELECT 1 FROM sessile_sessions WHERE sid = ?",
  /**
   * Ends the user's oldest sessions; the parameter before the last is the number that stay. None if the new sid exists.
   */
  evict: `DELETE FROM sessile_sessions WHERE sid IN (${OLDEST})
    AND NOT EXISTS (SELECT 1 FROM sessile_sessions WHERE sid = ?) RETURNING sid`,
  /** Changes nothing if the sid exists, or if the user has more sessions than the last parameter allows. */
  insert: `INSERT INTO sessile_sessions (${ALL}) SELECT ${marks(COLUMNS)}
    WHERE NOT EXISTS (SELECT 1 ${LIVE} LIMIT 1 OFFSET ?) ON CONFLICT (sid) DO NOTHING RETURNING sid`,
  /** Changes nothing unless the whole row is the expected one. */
  update: replace(CHANGING),
  same: `SELECT 1 FROM sessile_sessions WHERE ${SAME}`,
  /** As `evict`, for a session that becomes the user's, if it is the expected one. */
  evictFor: `DELETE FROM sessile_sessions WHERE sid IN (${OLDEST})
    AND EXISTS (SELECT 1 FROM sessile_sessions WHERE ${SAME}) RETURNING sid`,
  /** As `update`, for a session that becomes another user's, if that one has no more than the last parameter allows. */
  move: replace(MOVING, `AND NOT EXISTS (SELECT 1 ${LIVE} LIMIT 1 OFFSET ?)`),
  /** Changes nothing unless the row is the expected one, by its number of writes and the checksum of all of it. */
  touch: `UPDATE sessile_sessions SET last_seen_at = ?, expires_at = ?, writes = ?, checksum = ?
    WHERE sid = ? AND writes = ? AND checksum = ?`,
  delete: "DELETE FROM sessile_sessions WHERE sid = ? RETURNING sid",
  /** Deletes this very record, not another one of the same sid. */
  withdraw: `DELETE FROM sessile_sessions WHERE (${ALL}) IS (${marks(COLUMNS)})`,
  /** Answered by the index alone. The upper bound keeps a damaged entry from failing the whole page. */
  page: `SELECT sid, created_at FROM sessile_sessions
    WHERE user_id = ? AND (created_at, sid) > (?, ?) AND created_at <= ${Number.MAX_SAFE_INTEGER}
    ORDER BY created_at, sid LIMIT ?`,
  /** Answered by the index of sids alone. */
  scan: "SELECT sid FROM sessile_sessions WHERE sid > ? ORDER BY sid LIMIT ?",
  deleteByUser: "DELETE FROM sessile_sessions WHERE user_id = ? AND sid IS NOT ? RETURNING sid",
  /** Compares the row itself again, so that a row which is expired only in a damaged index stays. */
  deleteExpired: `DELETE FROM sessile_sessions WHERE expires_at <= ? AND sid IN
    (SELECT sid FROM sessile_sessions WHERE expires_at <= ? ORDER BY expires_at LIMIT ?) RETURNING sid`,
  /** Walks the smallest index: about 10 ms for a million sessions. */
  count: "SELECT count(*) FROM sessile_sessions",
} as const;

export type Statements = Readonly<Record<keyof typeof SQL, SqliteStatement>>;

export function prepareStatements(database: SqliteDatabase): Statements {
  const prepared = Object.entries(SQL).map(([name, sql]) => [name, database.prepare(sql)] as const);
  for (const [, statement] of prepared) statement.setReturnArrays?.(true);
  return Object.fromEntries(prepared) as Statements;
}

/**
 * Executes one step. Its first column, as texts; for each row that `touch` changed, an empty text: a row that is returned
 * costs as much as one that is written.
 */
export function execute(statements: Statements, [name, ...parameters]: Step): string[] {
  if (name !== "touch") return firstColumn(statements[name], ...parameters).map(String);
  return Array<string>(Number(statements[name].run(...parameters).changes)).fill("");
}

function replace(columns: readonly string[], condition = ""): string {
  return `UPDATE sessile_sessions SET ${columns.map((name) => `${name} = ?`).join(", ")}
    WHERE ${SAME} ${condition} RETURNING sid`;
}

function marks(columns: readonly string[]): string {
  return columns.map(() => "?").join(", ");
}
