// `sessile/sqlite`: sessions in a file that several processes of one machine may share, or in the application's own
// database.

import { resolve } from "node:path";
import { SessionError } from "../../core/errors.ts";
import { checkNames, duration, wrong } from "../../core/rules.ts";
import type { SessionStore } from "../../core/store.ts";
import { KnownRecords } from "../known-records.ts";
import { openFile, retryWhileBusy } from "./connection.ts";
import { storeError } from "./errors.ts";
import { HandleWriter } from "./handle-writer.ts";
import { exchanged, OpenFile } from "./open-file.ts";
import { firstValue, type SqliteDatabase } from "./port.ts";
import { ensureSchema } from "./schema.ts";
import { checkEngine, pragmas } from "./settings.ts";
import { prepareStatements, SQL } from "./statements.ts";
import { SqliteStore } from "./store.ts";
import { WriterThread } from "./writer-thread.ts";

export type { SqliteDatabase, SqliteStatement, SqliteValue } from "./port.ts";

interface CommonOptions {
  /**
   * A call waits at most this long, in milliseconds, for a lock that another process holds; then it fails with
   * `ERR_SESSION_STORE`. The event loop goes on meanwhile. Default 2 seconds.
   */
  readonly busyTimeout?: number;
}

/** A file of the store's own. Needs `node:sqlite`: Node.js 22.13 or newer. */
export interface SqliteFileOptions extends CommonOptions {
  /** The file; it is made, readable and writable for this user only, if it is not there. On a local disk. */
  readonly path: string;
  readonly database?: never;
  /**
   * `"FULL"`: what was acknowledged survives a power loss. `"NORMAL"` saves a sync per transaction, and after a power
   * loss the last sign-outs before it may be undone; a crash of the process alone loses nothing either way. Default
   * `"FULL"`.
   */
  readonly synchronous?: "FULL" | "NORMAL";
}

/**
 * A database that the application has open, with the application's tables beside the store's `sessile_sessions` and
 * `sessile_meta`. Its settings are the application's: set `journal_mode=WAL`, `synchronous=FULL` and
 * `secure_delete=ON`, and leave no transaction open across an `await`, for the store writes on the same connection.
 * Writes block the event loop while they are synced.
 */
export interface SqliteHandleOptions extends CommonOptions {
  /**
   * A `DatabaseSync` of node:sqlite, a `Database` of better-sqlite3 or of bun:sqlite. `close` of the store leaves it
   * open.
   */
  readonly database: SqliteDatabase;
  readonly path?: never;
  readonly synchronous?: never;
}

export type SqliteStoreOptions = SqliteFileOptions | SqliteHandleOptions;

const KNOWN = new Set(["path", "database", "busyTimeout", "synchronous"]);

/**
 * How long a statement may wait inside SQLite: on the calling thread, where the event loop waits too, and on its own.
 */
const LOCK_WAIT = { caller: 2, writer: 50 };

/**
 * Opens the store. Throws `ERR_SESSION_OPTION` for options that cannot work, and `ERR_SESSION_STORE` when the file
 * cannot be opened, belongs to another application, or was written by a newer release.
 */
export function sqliteStore(options: SqliteStoreOptions): SessionStore {
  checkNames(options, KNOWN, "");
  const busyTimeout = duration("busyTimeout", options.busyTimeout ?? 2000, 1);
  if ((options.path === undefined) === (options.database === undefined))
    throw wrong("path", "given, or else `database`");
  return options.database === undefined ? fileStore(options, busyTimeout) : handleStore(options, busyTimeout);
}

function fileStore({ path, synchronous = "FULL" }: SqliteFileOptions, busyTimeout: number): SessionStore {
  if (synchronous !== "FULL" && synchronous !== "NORMAL") throw wrong("synchronous", '`"FULL"` or `"NORMAL"`');
  const file = checkPath(path);
  return openFile(file, { synchronous, lockWait: LOCK_WAIT.caller, busyTimeout }, (database) => {
    checkEngine(String(firstValue(database, "SELECT sqlite_version()")));
    const statements = prepareStatements(database);
    // SQLite has made the log and its index by now: both are there as long as the connection is.
    const opened = new OpenFile(file, ["-wal", "-shm"]);
    const writer = new WriterThread({
      path: file,
      files: opened.files,
      identity: opened.identity,
      exchanged: exchanged(file),
      pragmas: pragmas({ synchronous, lockWait: LOCK_WAIT.writer }),
      sql: SQL,
    });
    const known = new KnownRecords();
    return new SqliteStore({ statements, known, writer, file: opened, busyTimeout, release: () => database.close() });
  });
}

function handleStore({ database, synchronous }: SqliteHandleOptions, busyTimeout: number): SessionStore {
  if (synchronous !== undefined) throw wrong("synchronous", "set by the application on its own `database`");
  checkHandle(database);
  try {
    retryWhileBusy(busyTimeout, () => ensureSchema(database, "shared"));
    const statements = prepareStatements(database);
    const file = fileOf(database);
    const writer = new HandleWriter(database, statements, file);
    return new SqliteStore({ statements, known: new KnownRecords(), writer, file, busyTimeout, release: () => {} });
  } catch (error) {
    throw storeError("prepare its tables in `database`", error);
  }
}

function fileOf(database: SqliteDatabase): OpenFile | null {
  const path = firstValue(database, "SELECT file FROM pragma_database_list WHERE name = 'main'");
  return path ? new OpenFile(String(path), []) : null;
}

/** Absolute, so that a later `chdir` changes nothing. */
function checkPath(path: string): string {
  if (typeof path !== "string" || path === "") throw wrong("path", "the name of a file");
  if (!path.includes(":memory:")) return resolve(path);
  throw wrong("path", "the name of a file; for sessions in memory use `memoryStore()` of `sessile`");
}

/** Tries the handle: rows must come at once and be objects with the columns' names. */
function checkHandle(database: SqliteDatabase): void {
  const version = versionOf(database);
  if (!/^\d+\.\d+\.\d+$/.test(version))
    throw wrong("database", "an open database of a synchronous driver that gives rows as objects");
  checkEngine(version);
}

function versionOf(database: SqliteDatabase): string {
  try {
    const row = database.prepare("SELECT sqlite_version() AS version").get() as { version?: unknown } | undefined;
    return String(row?.version);
  } catch (error) {
    throw new SessionError("ERR_SESSION_OPTION", "`database` must be an open SQLite database.", { cause: error });
  }
}
