// The SQLite file of the users: how it is made, opened and set up. Knows no table.

import { closeSync, existsSync, fchmodSync, fstatSync, openSync, statSync } from "node:fs";
import type { SqliteDatabase } from "sessile/sqlite";
import { UsageError } from "../config/usage-error.ts";
import { pragma } from "./query.ts";
import { ensureTables, isOurs } from "./tables.ts";

/** An open connection to the file. */
export interface UserFile extends SqliteDatabase {
  close(): void;
}

export interface FileSettings {
  /** FULL: what was written survives a power loss. NORMAL: it survives a crash, and no commit waits for the disk. */
  readonly synchronous: "FULL" | "NORMAL";
}

/** While a process starts nobody waits for it, and others may start with it. */
const START_WAIT = 5000;

/** Makes the file, readable and writable for this user only, unless it is there. Throws `UsageError` when it cannot. */
export function makeUserFile(path: string): void {
  try {
    const file = openSync(path, "wx", 0o600);
    // Whatever the umask; SQLite gives `-wal` and `-shm` the mode of the file. Node.js refuses it under `--permission`.
    if ((fstatSync(file).mode & 0o777) !== 0o600) fchmodSync(file, 0o600);
    closeSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EEXIST") throw new UsageError(`The file of users \`${path}\` cannot be made: ${code}.`);
  }
}

/** Opens the file. Throws `UsageError` when there is none, when it is another application's, or a newer release's. */
export function openUserFile(path: string, settings: FileSettings): UserFile {
  if (!existsSync(path))
    throw new UsageError(`There is no file of users \`${path}\`. Make one with \`sessile users add NAME\`.`);
  try {
    if (!statSync(path).isFile()) throw new Error("it is not a file");
    return prepare(connect(path), settings);
  } catch (error) {
    const reason = (error as Error).message.replace(/\.$/, "");
    throw new UsageError(`The file of users \`${path}\` cannot be opened: ${reason}.`);
  }
}

/** Sets how long a statement waits for another writer, in milliseconds. The event loop waits with it. Until then 5 seconds. */
export function setLockWait(file: UserFile, ms: number): void {
  file.exec(`PRAGMA busy_timeout = ${ms}`);
}

function connect(path: string): UserFile {
  const sqlite = process.getBuiltinModule("node:sqlite") as unknown as { DatabaseSync: new (path: string) => UserFile };
  return new sqlite.DatabaseSync(path);
}

/** Looks whose file it is before anything in it changes. */
function prepare(file: UserFile, settings: FileSettings): UserFile {
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
function applySettings(file: UserFile, { synchronous }: FileSettings): void {
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
