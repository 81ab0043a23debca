// The SQLite file of the users: its creation, settings, and the watch on its path.

import { existsSync, realpathSync, statSync } from "node:fs";
import { makeSqliteFile, type SqliteDatabase, type SqliteStatement, watchSqliteFile } from "sessile/sqlite";
import { requireSqlite } from "../../config/require-sqlite.ts";
import { UsageError } from "../../config/usage-error.ts";
import { pragma } from "./query.ts";
import { ensureTables, isOurs } from "./tables.ts";

export interface FileSettings {
  /** FULL: commits survive a power loss. NORMAL: they survive a crash, and none waits for the disk. */
  readonly synchronous: "FULL" | "NORMAL";
}

/** At the start no request waits, and other processes may start at the same time. */
const START_WAIT = 5000;

interface Connection extends SqliteDatabase {
  close(): void;
}

/**
 * An open connection to the file. Once the path leads to another file or to none, its statements throw: writes would be
 * lost, and reads outdated.
 */
export class UserFile implements SqliteDatabase {
  readonly #connection: Connection;
  readonly #file: ReturnType<typeof watchSqliteFile>;

  constructor(connection: Connection, path: string) {
    this.#connection = connection;
    this.#file = watchSqliteFile(path, connection);
  }

  /** Throws when the path leads to another file, or to none, or when another program truncated the log. */
  check(): void {
    refuseIfLost(() => this.#file.check());
  }

  exec(sql: string): void {
    if (sql !== "COMMIT" && sql !== "ROLLBACK") refuseIfLost(() => this.#file.checkLog());
    this.#connection.exec(sql);
    if (sql === "COMMIT") this.check();
  }

  prepare(sql: string): SqliteStatement {
    const statement = this.#connection.prepare(sql);
    return {
      get: (...parameters) => this.#read(() => statement.get(...parameters)),
      all: (...parameters) => this.#read(() => statement.all(...parameters)),
      run: (...parameters) => {
        refuseIfLost(() => this.#file.checkLog());
        const done = statement.run(...parameters);
        this.check();
        return done;
      },
    };
  }

  close(): void {
    this.#connection.close();
  }

  #read<T>(read: () => T): T {
    refuseIfLost(() => this.#file.checkAtTimes());
    return read();
  }
}

/** Answered 503, like a failure of the store. */
function refuseIfLost(check: () => void): void {
  try {
    check();
  } catch (error) {
    throw Object.assign(error as Error, { statusCode: 503 });
  }
}

/** Creates a missing file, readable and writable for this user only. Throws `UsageError` when it cannot. */
export function makeUserFile(path: string): void {
  requireSqlite();
  try {
    makeSqliteFile(path);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** Opens the file. Throws `UsageError` when it is missing, another application's, or a newer release's. */
export function openUserFile(path: string, settings: FileSettings): UserFile {
  requireSqlite();
  if (!existsSync(path))
    throw new UsageError(`There is no file of users \`${path}\`. Make one with \`sessile users add NAME\`.`);
  return atStart(path, () => {
    refuseUnusable(path);
    return new UserFile(prepare(connect(path), settings), path);
  });
}

/** Throws `UsageError` when `begin` fails, as it does while another process writes to the file for long. */
export function atStart<T>(path: string, begin: () => T): T {
  try {
    return begin();
  } catch (error) {
    const reason = isLocked(error) ? LOCKED : (error as Error).message.replace(/\.$/, "");
    throw new UsageError(`The file of users \`${path}\` cannot be opened: ${reason}.`);
  }
}

const LOCKED = "another program has locked it; end that program, or wait for it, and try again";

/** SQLITE_BUSY, https://www.sqlite.org/rescode.html#busy */
function isLocked(error: unknown): boolean {
  return (error as { errcode?: unknown }).errcode === 5;
}

/** SQLite reports an emptied file as locked while another process has it open, and otherwise deletes its log. */
function refuseUnusable(path: string): void {
  // Checked first: another process may be creating the file, and then its log.
  const hasLog = existsSync(`${realpathSync(path)}-wal`);
  const found = statSync(path);
  if (!found.isFile()) throw new Error("it is not a file");
  if (hasLog && found.size === 0)
    throw new Error("it is empty, although its log (-wal) is there; stop the server, and put a copy back");
}

/** Sets how many milliseconds a statement waits for another writer, and the event loop with it. Before: 5 seconds. */
export function setLockWait(file: SqliteDatabase, ms: number): void {
  file.exec(`PRAGMA busy_timeout = ${ms}`);
}

function connect(path: string): Connection {
  const sqlite = process.getBuiltinModule("node:sqlite") as unknown as {
    DatabaseSync: new (path: string) => Connection;
  };
  return new sqlite.DatabaseSync(path);
}

/** Checks whose file it is before any change. */
function prepare(file: Connection, settings: FileSettings): Connection {
  try {
    setLockWait(file, START_WAIT);
    isOurs(file);
    applySettings(file, settings);
    ensureTables(file);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Sets every pragma and reads it back: an engine silently ignores those it was built without. */
function applySettings(file: SqliteDatabase, { synchronous }: FileSettings): void {
  const settings: Record<string, string | number> = {
    journal_mode: "wal",
    synchronous: synchronous === "FULL" ? 2 : 1,
    trusted_schema: 0, // without it, a manipulated schema could run functions
    foreign_keys: 1,
    cell_size_check: 1,
    mmap_size: 0,
    secure_delete: 1, // a replaced hash is overwritten
  };
  for (const [name, value] of Object.entries(settings)) {
    file.exec(`PRAGMA ${name} = ${value}`);
    const actual = pragma(file, name) ?? 0;
    if (actual !== value) throw new Error(`SQLite keeps \`${name}\` at ${actual}, it must be ${value}`);
  }
}
