// The tables of the file of users and API keys, and whose file it is. Knows no settings.

import { randomBytes } from "node:crypto";
import type { SqliteDatabase } from "sessile/sqlite";
import { firstRow, pragma, transaction } from "./query.ts";

/** The first that is published. */
const VERSION = 7;

/** "sesu", so that no other application's file is taken for one of ours. */
const APPLICATION_ID = 0x73657375;

/**
 * `sessile_stores`: the session stores whose servers use the file; `sessile_endings`: users whose sessions are still to be ended there,
 * written in the same transaction as the reason for it. `sessile_attempts`: failed sign-ins; `sessile_networks`: from where a user has
 * signed in before. Both hold digests under the key in `sessile_key`, which name no user. Of the secret of an API key there is a digest
 * only; its `scopes` are separated by spaces. The audit keeps names, because users can be removed.
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

/** Makes the tables that are not there. Several processes may do it at once: one does, the others find them. */
export function ensureTables(file: SqliteDatabase): void {
  if (isOurs(file)) return;
  transaction(file, () => {
    if (isOurs(file)) return;
    file.exec(TABLES);
    file.prepare("INSERT INTO sessile_key (key) VALUES (?)").run(randomBytes(32).toString("hex"));
  });
}

/** False while the file is empty. Throws when it is another application's, or another release's. */
export function isOurs(file: SqliteDatabase): boolean {
  const id = pragma(file, "application_id");
  const version = pragma(file, "user_version");
  if (id === APPLICATION_ID && version === VERSION) return true;
  if (id === APPLICATION_ID)
    throw new Error(`it has version ${version} of the tables, and this release knows version ${VERSION}`);
  const { tables } = firstRow<{ tables: number }>(file.prepare("SELECT count(*) AS tables FROM sqlite_schema")) ?? {};
  if (id === 0 && tables === 0) return false;
  throw new Error("it belongs to another application");
}
