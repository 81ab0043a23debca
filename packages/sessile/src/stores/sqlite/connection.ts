// A connection to a file of ours, with what can go wrong on the way told in words. Knows no session.

import * as fs from "node:fs";
import { dirname, resolve } from "node:path";
import { SessionError } from "../../core/errors.ts";
import { isBusy, nodeSqlite, type OwnDatabase, type SqliteDatabase } from "./port.ts";
import { ensureSchema, hasSchema } from "./schema.ts";
import { applySettings, type ConnectionSettings } from "./settings.ts";

/**
 * Opens `path` as the first connection of a store, makes the file and the tables if they are not there, and gives what
 * `use` makes of it. Any failure on the way, of `use` too, closes it again. Waits up to `busyTimeout` for others.
 */
export function openFile<T>(
  path: string,
  settings: ConnectionSettings,
  busyTimeout: number,
  use: (database: OwnDatabase) => T,
): T {
  const sqlite = nodeSqlite();
  if (sqlite === undefined) throw new SessionError("ERR_SESSION_OPTION", TOO_OLD);
  let database: OwnDatabase | undefined;
  try {
    createFile(path);
    database = new sqlite.DatabaseSync(path);
    prepareFile(database, settings, busyTimeout);
    return use(database);
  } catch (error) {
    database?.close();
    throw cannotOpen(path, error);
  }
}

const TOO_OLD =
  `\`path\` needs \`node:sqlite\`, which Node.js has from 22.13 on; this is ${process.versions.node}. ` +
  "Use a newer Node.js, or pass an open database as `database`.";

/** Looks whose file it is before anything in it changes. */
function prepareFile(database: SqliteDatabase, settings: ConnectionSettings, busyTimeout: number): void {
  retryWhileBusy(busyTimeout, () => {
    hasSchema(database, true);
    applySettings(database, settings);
    ensureSchema(database, true);
  });
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

/**
 * Makes the file with mode 0600; SQLite gives `-wal` and `-shm` the mode of the file. An existing file is only looked
 * at, never opened here: closing it would drop the locks that SQLite holds on it in this process. Where `path` is a
 * link to a file that is not there yet, that one is made, as SQLite would.
 */
function createFile(path: string): void {
  try {
    const file = fs.openSync(path, "wx", 0o600);
    // The umask may have taken away what the owner needs. Only then: under `--permission`, Node.js refuses to change a
    // mode.
    if ((fs.fstatSync(file).mode & 0o777) !== 0o600) fs.fchmodSync(file, 0o600);
    fs.closeSync(file);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    const found = fs.statSync(path, { throwIfNoEntry: false });
    if (found === undefined) createFile(resolve(fs.realpathSync(dirname(path)), fs.readlinkSync(path)));
    else checkFile(path, found);
  }
}

function checkFile(path: string, found: fs.Stats): void {
  if (!found.isFile()) throw new Error("it is not a file");
  fs.accessSync(path, fs.constants.R_OK | fs.constants.W_OK);
  fs.accessSync(dirname(path), fs.constants.W_OK);
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
