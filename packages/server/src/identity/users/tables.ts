// The tables of the file of users and API keys, and its application id.

import { randomBytes } from "node:crypto";
import type { SqliteDatabase } from "sessile/sqlite";
import { firstRow, pragma, transaction } from "./query.ts";

/** The first published version. */
const VERSION = 7;

/** "sesu": keeps the files of other applications from being used as ours. */
const APPLICATION_ID = 0x73657375;

/**
 * The tables:
 * - `sessile_stores`: the session stores whose servers use the file.
 * - `sessile_endings`: users whose sessions are still to end in a store, written in the transaction of the reason.
 * - `sessile_attempts`: failed sign-ins. `sessile_networks`: the networks that a user signed in from. Both hold digests
 * under the key in `sessile_key`, which identify no user.
 * - The keys: only a digest of each secret; `scopes` are separated by spaces.
 * - The audit: names, because users can be removed.
 */
const TABLES = `
  CREATE TABLE sessile_users (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    password TEXT NOT NULL,
    disabled INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    password_changed_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE sessile_admins (
    user_id INTEGER PRIMARY KEY REFERENCES sessile_users ON DELETE CASCADE
  ) STRICT;
  CREATE TABLE sessile_stores (
    name TEXT PRIMARY KEY,
    seen_at INTEGER NOT NULL,
    lifetime INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE sessile_endings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    store TEXT NOT NULL DEFAULT ''
  ) STRICT;
  CREATE TABLE sessile_attempts (
    bucket INTEGER PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE sessile_networks (
    user_id INTEGER NOT NULL REFERENCES sessile_users ON DELETE CASCADE,
    network TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, network)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE sessile_api_keys (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    digest TEXT NOT NULL,
    previous_digest TEXT,
    previous_until INTEGER,
    scopes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    rotated_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE sessile_audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    outcome TEXT NOT NULL,
    ended INTEGER
  ) STRICT;
  CREATE TABLE sessile_key (key TEXT NOT NULL) STRICT;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${VERSION};
`;

/** Creates missing tables. Of several processes that do so at once, one creates them, and the others find them. */
export function ensureTables(file: SqliteDatabase): void {
  if (isOurs(file)) return;
  transaction(file, () => {
    if (isOurs(file)) return;
    file.exec(TABLES);
    file.prepare("INSERT INTO sessile_key (key) VALUES (?)").run(randomBytes(32).toString("hex"));
  });
}

/** False for an empty file. Throws when it belongs to another application, or to another release. */
export function isOurs(file: SqliteDatabase): boolean {
  const id = pragma(file, "application_id");
  const version = pragma(file, "user_version");
  if (id === APPLICATION_ID && version === VERSION) return true;
  if (id === APPLICATION_ID)
    throw new Error(`it has version ${version} of the tables, and this release reads version ${VERSION}`);
  const { tables } = firstRow<{ tables: number }>(file.prepare("SELECT count(*) AS tables FROM sqlite_schema")) ?? {};
  if (id === 0 && tables === 0) return false;
  throw new Error("it belongs to another application");
}
