// The tables of the store, how they come to be, and whose file it is. Knows no session and no settings.

import { SessionError } from "../../core/errors.ts";
import { firstColumn, firstRow, firstValue, rollback, type SqliteDatabase } from "./port.ts";

/** What this release reads and writes. A release that changes the tables counts it up and refuses nothing older. */
const VERSION = 1;

/** "sess": tells `file` and other programs whose database it is. */
const APPLICATION_ID = 0x73657373;

/**
 * With rowids, so that rows are appended: in the order of sids, which are random, each sign-in would write to a page of
 * its own.
 */
const TABLES = `
  CREATE TABLE sessile_sessions (
    sid TEXT NOT NULL PRIMARY KEY,
    user_id TEXT,
    secret_digest TEXT NOT NULL,
    retired_digests TEXT NOT NULL,
    data TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    authenticated_at INTEGER,
    rotated_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    absolute_expires_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    device TEXT,
    checksum INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX sessile_sessions_by_expiry ON sessile_sessions (expires_at);
  CREATE INDEX sessile_sessions_by_user ON sessile_sessions (user_id, absolute_expires_at, sid) WHERE user_id IS NOT NULL;
  CREATE TABLE sessile_meta (version INTEGER NOT NULL) STRICT;
  INSERT INTO sessile_meta (version) VALUES (${VERSION});
`;

/** Whether the database is the store's alone, or the application's own with the store's tables among others. */
export type Ownership = "own" | "shared";

/** Makes the tables unless they are there. Several processes may do it at once: one does, the others find them. */
export function ensureSchema(database: SqliteDatabase, ownership: Ownership): void {
  if (hasSchema(database, ownership)) return;
  database.exec("BEGIN IMMEDIATE");
  try {
    if (!hasSchema(database, ownership)) createTables(database, ownership);
    database.exec("COMMIT");
  } catch (error) {
    rollback(database);
    throw error;
  }
}

/** Throws `ERR_SESSION_STORE` for a file of another application and for tables of another version; changes nothing. */
export function hasSchema(database: SqliteDatabase, ownership: Ownership): boolean {
  if (ownership === "own") checkOwner(database);
  const isThere = firstRow(database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'sessile_meta'")) !== null;
  if (!isThere) return false;
  const version = firstValue(database, "SELECT version FROM sessile_meta");
  if (version === VERSION) return true;
  throw refused(
    `has version ${version ?? "unknown"} of the store's tables; this release of \`sessile\` knows version ${VERSION}. Use a newer release`,
  );
}

function createTables(database: SqliteDatabase, ownership: Ownership): void {
  database.exec(TABLES);
  if (ownership === "own") database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
}

function checkOwner(database: SqliteDatabase): void {
  const id = firstValue(database, "PRAGMA application_id");
  if (id === APPLICATION_ID) return;
  if (id !== 0) throw refused(`belongs to another application (its application_id is ${id}). Choose another file`);
  const foreign = database.prepare("SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sessile\\_%' ESCAPE '\\'");
  const [table] = firstColumn(foreign).filter((name) => !String(name).startsWith("sqlite_"));
  if (table === undefined) return;
  throw refused(
    `belongs to another application (it has \`${table}\`). Choose another file, or open it yourself and pass it as \`database\``,
  );
}

function refused(reason: string): SessionError {
  return new SessionError("ERR_SESSION_STORE", `The database ${reason}. Nothing was changed.`);
}
