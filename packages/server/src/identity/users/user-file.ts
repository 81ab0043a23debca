// The SQLite file of the users: how it is made, opened, set up and watched. Knows no table.

import { existsSync, realpathSync, statSync } from "node:fs";
import { makeSqliteFile, type SqliteDatabase, type SqliteStatement, watchSqliteFile } from "sessile/sqlite";
import { requireSqlite } from "../../config/require-sqlite.ts";
import { UsageError } from "../../config/usage-error.ts";
import { pragma } from "./query.ts";
import { ensureTables, isOurs } from "./tables.ts";

export interface FileSettings {
  /** FULL: what was written survives a power loss. NORMAL: it survives a crash, and no commit waits for the disk. */
  readonly synchronous: "FULL" | "NORMAL";
}

/** While a process starts nobody waits for it, and others may start with it. */
const START_WAIT = 5000;

interface Connection extends SqliteDatabase {
  close(): void;
}

/**
 * An open connection to the file. Once the path leads to another file or to none, its statements throw: what would be written is
 * lost, and what would be read is old.
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

/** Answered 503, like a store that fails. */
function refuseIfLost(check: () => void): void {
  try {
    check();
  } catch (error) {
    throw Object.assign(error as Error, { statusCode: 503 });
  }
}

/** Makes the file, readable and writable for this user only, unless it is there. Throws `UsageError` when it cannot. */
export function makeUserFile(path: string): void {
  requireSqlite();
  try {
    makeSqliteFile(path);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** Opens the file. Throws `UsageError` when there is none, when it is another application's, or a newer release's. */
export function openUserFile(path: string, settings: FileSettings): UserFile {
  requireSqlite();
  if (!existsSync(path))
    throw new UsageError(`There is no file of users \`${path}\`. Make one with \`sessile users add NAME\`.`);
  try {
    refuseUnusable(path);
    return new UserFile(prepare(connect(path), settings), path);
  } catch (error) {
    const reason = (error as Error).message.replace(/\.$/, "");
    throw new UsageError(`The file of users \`${path}\` cannot be opened: ${reason}.`);
  }
}

/** SQLite says that an emptied file is locked while another process has it open, and otherwise deletes its log. */
function refuseUnusable(path: string): void {
  const hasLog = existsSync(`${realpathSync(path)}-wal`); // first: another process may be making the file, and then its log
  const found = statSync(path);
  if (!found.isFile()) throw new Error("it is not a file");
  if (hasLog && found.size === 0)
    throw new Error("it is empty, although its log (-wal) is there; stop the server, and put a copy back");
}

/** Sets how long a statement waits for another writer, in milliseconds. The event loop waits with it. Until then 5 seconds. */
export function setLockWait(file: SqliteDatabase, ms: number): void {
  file.exec(`PRAGMA busy_timeout = ${ms}`);
}

function connect(path: string): Connection {
  const sqlite = process.getBuiltinModule("node:sqlite") as unknown as {
    DatabaseSync: new (path: string) => Connection;
  };
  return new sqlite.DatabaseSync(path);
}

/** Looks whose file it is before anything in it changes. */
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

/** Sets every pragma and reads it back: an engine ignores without a word what it was built without. */
function applySettings(file: SqliteDatabase, { synchronous }: FileSettings): void {
  const settings: Record<string, string | number> = {
    journal_mode: "wal",
    synchronous: synchronous === "FULL" ? 2 : 1,
    trusted_schema: 0, // who can alter the schema of the file cannot run functions with it
    foreign_keys: 1,
    cell_size_check: 1,
    mmap_size: 0,
    secure_delete: 1, // a hash that was replaced is overwritten
  };
  for (const [name, value] of Object.entries(settings)) {
    file.exec(`PRAGMA ${name} = ${value}`);
    const actual = pragma(file, name) ?? 0;
    if (actual !== value) throw new Error(`SQLite keeps \`${name}\` at ${actual}, it must be ${value}`);
  }
}
