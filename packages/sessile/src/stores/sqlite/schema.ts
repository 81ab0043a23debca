// The tables of the store: how they are made, and to which application a file belongs.

import { SessionError } from "../../core/errors.ts";
import { firstColumn, firstValue, rollback, type SqliteDatabase } from "./driver.ts";

/**
 * The version that this release reads and writes. A release that changes the tables increments it and reads older ones.
 */
const VERSION = 2;

/** "sess": shows `file` and other programs which application the database belongs to. */
const APPLICATION_ID = 0x73657373;

/**
 * With rowids, so that rows are appended: ordered by sid, which is random, each sign-in would write to another page.
 */
const TABLES = `
  CREATE TABLE sessile_sessions (
    sid TEXT NOT NULL PRIMARY KEY,
    user_id TEXT,
    secret_digest TEXT NOT NULL,
    rotation TEXT,
    data TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    authenticated_at INTEGER,
    rotated_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    absolute_expires_at INTEGER NOT NULL,
    idle_timeout INTEGER,
    persistent INTEGER NOT NULL,
    binding TEXT,
    version INTEGER NOT NULL,
    writes INTEGER NOT NULL,
    device TEXT,
    checksum INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX sessile_sessions_by_expiry ON sessile_sessions (expires_at);
  CREATE INDEX sessile_sessions_by_user ON sessile_sessions (user_id, created_at, sid) WHERE user_id IS NOT NULL;
  CREATE TABLE sessile_meta (version INTEGER NOT NULL) STRICT;
  INSERT INTO sessile_meta (version) VALUES (${VERSION});
`;

/**
 * Makes the tables unless they exist, in a database of the store or of the application. Several processes may call it.
 */
export function ensureSchema(database: SqliteDatabase, isOwn: boolean): void {
  if (hasSchema(database, isOwn)) return;
  database.exec("BEGIN IMMEDIATE");
  try {
    if (!hasSchema(database, isOwn)) database.exec(TABLES);
    if (isOwn) database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    database.exec("COMMIT");
  } catch (error) {
    rollback(database);
    throw error;
  }
}

/** Throws `ERR_SESSION_STORE` for a file of another application and for tables of another version; changes nothing. */
export function hasSchema(database: SqliteDatabase, isOwn: boolean): boolean {
  if (isOwn) checkOwner(database);
  if (firstValue(database, "SELECT 1 FROM sqlite_schema WHERE name = 'sessile_meta'") === undefined) return false;
  const version = firstValue(database, "SELECT version FROM sessile_meta") ?? "unknown";
  if (Number(version) === VERSION) return true;
  const known = `this release of \`sessile\` knows version ${VERSION}`;
  const advice =
    Number(version) < VERSION
      ? "Choose another file; no release was published that wrote this one"
      : "Use a newer release";
  throw refused(`has version ${version} of the store's tables; ${known}. ${advice}`);
}

function checkOwner(database: SqliteDatabase): void {
  const id = firstValue(database, "PRAGMA application_id");
  if (id === APPLICATION_ID) return;
  if (id !== 0) throw refused(`belongs to another application (its application_id is ${id}). Choose another file`);
  const foreign = database.prepare("SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sessile\\_%' ESCAPE '\\'");
  const [table] = firstColumn(foreign).filter((name) => !String(name).startsWith("sqlite_"));
  if (table === undefined) return;
  const advice = "Choose another file, or open it yourself and pass it as `database`";
  throw refused(`belongs to another application (it has \`${table}\`). ${advice}`);
}

function refused(reason: string): SessionError {
  return new SessionError("ERR_SESSION_STORE", `The database ${reason}. Nothing was changed.`);
}
