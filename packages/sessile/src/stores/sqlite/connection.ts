// A connection to a file of ours, with what can go wrong on the way told in words. Knows no session.

import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  type Stats,
  statSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { SessionError } from "../../core/errors.ts";
import { isBusy, nodeSqlite, type OwnDatabase, type SqliteDatabase } from "./port.ts";
import { ensureSchema, hasSchema } from "./schema.ts";
import { applySettings, type ConnectionSettings } from "./settings.ts";

/** What a store opens with: how its connection is set up, and how long it may wait for other processes. */
export interface Opening extends ConnectionSettings {
  readonly busyTimeout: number;
}

/**
 * Opens `path` as the first connection of a store, makes the file and the tables if they are not there, and gives what
 * `use` makes of it. Any failure on the way, of `use` too, closes it again.
 */
export function openFile<T>(path: string, opening: Opening, use: (database: OwnDatabase) => T): T {
  const connect = connector();
  try {
    createFile(path);
    return closeOnError(connect(path), (database) => {
      retryWhileBusy(opening.busyTimeout, () => prepareFile(database, opening));
      return use(database);
    });
  } catch (error) {
    throw cannotOpen(path, error);
  }
}

/**
 * Runs a step of the start again while another process holds the lock. Needed although SQLite can wait by itself: it
 * refuses to wait where two connections switch a file to WAL mode at once. Blocks the thread, as starting does anyway.
 */
export function retryWhileBusy(timeout: number, step: () => void): void {
  const until = performance.now() + timeout;
  for (;;) {
    try {
      step();
      return;
    } catch (error) {
      if (!isBusy(error) || performance.now() >= until) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

/** Looks whose file it is before anything in it changes. */
function prepareFile(database: SqliteDatabase, settings: ConnectionSettings): void {
  hasSchema(database, "own");
  applySettings(database, settings);
  ensureSchema(database, "own");
}

function connector(): (path: string) => OwnDatabase {
  const sqlite = nodeSqlite();
  if (sqlite !== undefined) return (path) => new sqlite.DatabaseSync(path);
  throw new SessionError(
    "ERR_SESSION_OPTION",
    `\`path\` needs \`node:sqlite\`, which Node.js has from 22.13 on; this is ${process.versions.node}. Use a newer Node.js, or pass an open database as \`database\`.`,
  );
}

function closeOnError<T>(database: OwnDatabase, use: (database: OwnDatabase) => T): T {
  try {
    return use(database);
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Makes the file with mode 0600; SQLite gives `-wal` and `-shm` the mode of the file. An existing file is only looked
 * at, never opened here: closing it would drop the locks that SQLite holds on it in this process. Where `path` is a
 * link to a file that is not there yet, that one is made, as SQLite would.
 */
function createFile(path: string): void {
  try {
    const file = openSync(path, "wx", 0o600);
    // The umask may have taken away what the owner needs. Only then: under `--permission`, Node.js refuses to change a
    // mode.
    if ((fstatSync(file).mode & 0o777) !== 0o600) fchmodSync(file, 0o600);
    closeSync(file);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) createFile(resolve(realpathSync(dirname(path)), readlinkSync(path)));
    else checkFile(path, found);
  }
}

function checkFile(path: string, found: Stats): void {
  if (!found.isFile()) throw new Error("it is not a file");
  accessSync(path, constants.R_OK | constants.W_OK);
  accessSync(dirname(path), constants.W_OK);
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "its directory does not exist; make it first",
  ENOTDIR: "its directory is not a directory",
  EACCES: "this process may not read and write it and its directory",
  EPERM: "this process may not read and write it and its directory",
  EROFS: "the file system is read-only",
  ELOOP: "its links lead in a circle",
  ERR_ACCESS_DENIED:
    "Node.js runs with `--permission`; allow `--allow-worker`, and `--allow-fs-read` and `--allow-fs-write` for its directory",
};

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code;
}

function cannotOpen(path: string, error: unknown): SessionError {
  const reason = REASONS[String(codeOf(error))] ?? String((error as { message?: unknown }).message).replace(/\.$/, "");
  return new SessionError("ERR_SESSION_STORE", `The SQLite store cannot open \`${path}\`: ${reason}.`, {
    cause: error,
  });
}
