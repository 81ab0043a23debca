// The module `sessile/sqlite`: sessions in a file that several processes of one machine may share, or in the
// application's own database.

import { resolve as absolute } from "node:path";
import { SessionError } from "../../core/errors.ts";
import { milliseconds, type Rule, resolve, wholeNumber, wrong } from "../../core/options.ts";
import type { SessionStore } from "../../core/store.ts";
import { FileIdentity, makeSqliteFile, openFile, retryWhileBusy } from "./database-file.ts";
import { firstValue, type SqliteDatabase } from "./driver.ts";
import { storeError } from "./errors.ts";
import { HandleWriter } from "./handle-writer.ts";
import { checkEngine, pragmas } from "./pragmas.ts";
import { ensureSchema } from "./schema.ts";
import { prepareStatements, SQL } from "./statements.ts";
import { SqliteStore } from "./store.ts";
import { ThreadWriter } from "./thread-writer.ts";

export type { SqliteDatabase, SqliteStatement } from "./driver.ts";
export { makeSqliteFile };

/**
 * An open file, compared with the one that its path leads to now. All methods throw when they differ, or when another
 * program truncated the log.
 */
interface WatchedSqliteFile {
  /** Call it after every write: all writes to a file that was removed or exchanged are lost. */
  check(): void;
  /** Call it before every transaction: a write behind a truncated log would damage the file. */
  checkLog(): void;
  /** Call it before reads: it checks twice a second. */
  checkAtTimes(): void;
}

/**
 * Watches the file of `database`, a connection of the program's own, as the store watches its file. Call it when that is
 * in WAL mode and has read: then the log and its index exist, and are watched too.
 */
export function watchSqliteFile(path: string, database: SqliteDatabase): WatchedSqliteFile {
  return new FileIdentity(absolute(path), LOGS, database);
}

/** The files beside the database, which exist as long as a connection in WAL mode is open. */
const LOGS = ["-wal", "-shm"];

interface CommonOptions {
  /**
   * A call waits at most this long, in milliseconds, for a lock that another process holds; then it fails with
   * `ERR_SESSION_STORE`. Does not block the event loop. Default 2 seconds.
   */
  readonly busyTimeout?: number;
  /**
   * Records that were read stay in memory, so that a row which did not change since is not parsed again: about the most
   * bytes that they may take. Default 32 MiB, for about 30,000 small sessions; 0 keeps none.
   */
  readonly maxCopyBytes?: number;
}

/** A file of the store's own. Needs `node:sqlite`: Node.js 22.13 or newer. */
export interface SqliteFileOptions extends CommonOptions {
  /** The file, on a local disk; a missing one is made, readable and writable for this user only. */
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

const RULES = {
  path: [isPath, "the name of a file (for sessions in memory use `memoryStore()` of `sessile`)", undefined],
  database: [() => true, "", undefined],
  synchronous: [(value: unknown) => value === "FULL" || value === "NORMAL", '`"FULL"` or `"NORMAL"`', undefined],
  busyTimeout: [...milliseconds(1), 2000],
  maxCopyBytes: [...wholeNumber(0), 32 * 1024 ** 2],
} satisfies { [Name in keyof SqliteFileOptions]-?: Rule };

type Settings = (SqliteFileOptions | SqliteHandleOptions) & Required<CommonOptions>;

/** Milliseconds that a statement waits for a lock inside SQLite: in the calling thread the event loop waits too. */
const LOCK_WAIT = { caller: 2, writer: 50 };

/**
 * Opens the store. Throws `ERR_SESSION_OPTION` for options that cannot work, and `ERR_SESSION_STORE` when the file
 * cannot be opened, belongs to another application, or was written by a newer release.
 */
export function sqliteStore(options: SqliteFileOptions | SqliteHandleOptions): SessionStore {
  const settings = resolve<Settings>(RULES, options);
  const { path, database, synchronous } = settings;
  if ((path === undefined) === (database === undefined)) throw wrong("path", "given, or else `database`");
  if (database === undefined) return fileStore(settings);
  if (synchronous === undefined) return handleStore(settings);
  throw wrong("synchronous", "set by the application on its own `database`");
}

function fileStore({ path, synchronous = "FULL", ...settings }: Settings & { readonly path: string }): SessionStore {
  const absolutePath = absolute(path); // so that a later `chdir` changes nothing
  return openFile(absolutePath, pragmas(synchronous, LOCK_WAIT.caller), settings.busyTimeout, (database) => {
    checkEngine(String(firstValue(database, "SELECT sqlite_version()")));
    const file = new FileIdentity(absolutePath, LOGS, database); // SQLite has made the logs by now
    const writer = new ThreadWriter(file, pragmas(synchronous, LOCK_WAIT.writer), SQL);
    const statements = prepareStatements(database);
    return new SqliteStore({ ...settings, statements, writer, file, release: () => database.close() });
  });
}

function handleStore({ database, ...settings }: Settings & { readonly database: SqliteDatabase }): SessionStore {
  checkHandle(database);
  try {
    retryWhileBusy(settings.busyTimeout, () => ensureSchema(database, false));
    const statements = prepareStatements(database);
    const path = firstValue(database, "SELECT file FROM pragma_database_list WHERE name = 'main'");
    const file = path ? new FileIdentity(String(path), [], database) : null;
    const writer = new HandleWriter(database, statements, file);
    return new SqliteStore({ ...settings, statements, writer, file, release: () => {} });
  } catch (error) {
    throw storeError("prepare its tables in `database`", error);
  }
}

function isPath(value: unknown): boolean {
  return typeof value === "string" && value !== "" && !value.includes(":memory:");
}

/** Tries the handle: rows must be returned at once, as objects with the columns' names. */
function checkHandle(database: SqliteDatabase): void {
  let row: unknown;
  try {
    row = database.prepare("SELECT sqlite_version() AS version").get();
  } catch (error) {
    throw new SessionError("ERR_SESSION_OPTION", "`database` must be an open SQLite database.", { cause: error });
  }
  const version = String((Object(row) as { version?: unknown }).version);
  if (!/^\d+\.\d+\.\d+$/.test(version))
    throw wrong("database", "an open database of a synchronous driver that gives rows as objects");
  checkEngine(version);
}
