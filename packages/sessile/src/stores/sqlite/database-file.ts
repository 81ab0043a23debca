// The file of a store: how it is made and opened, and whether its path still leads to it.

import * as fs from "node:fs";
import { dirname, resolve } from "node:path";
import { SessionError } from "../../core/errors.ts";
import { nodeSqlite, type OwnDatabase, type SqliteDatabase, valuesOf } from "./driver.ts";
import { isBusy, isLocked } from "./errors.ts";
import { applyPragmas, type Pragmas } from "./pragmas.ts";
import { ensureSchema, hasSchema } from "./schema.ts";

/**
 * Opens `path` as the first connection of a store, makes the file and the tables if they are missing, and returns the
 * result of `use`. Any failure on the way, of `use` too, closes it again. Waits up to `busyTimeout` for a lock.
 */
export function openFile<T>(path: string, pragmas: Pragmas, busyTimeout: number, use: (database: OwnDatabase) => T): T {
  const sqlite = nodeSqlite();
  if (sqlite === undefined) throw new SessionError("ERR_SESSION_OPTION", TOO_OLD);
  makeSqliteFile(path);
  let database: OwnDatabase | undefined;
  try {
    const opened = new sqlite.DatabaseSync(path);
    database = opened;
    retryWhileBusy(busyTimeout, () => {
      hasSchema(opened, true); // refuses the file of another application before anything in it changes
      applyPragmas(opened, pragmas);
      ensureSchema(opened, true);
    });
    return use(opened);
  } catch (cause) {
    database?.close();
    throw cannotOpen(path, cause);
  }
}

/**
 * Makes the file, readable and writable for this user only, unless it exists. Throws `ERR_SESSION_STORE` when it cannot,
 * or when an existing one cannot be used. For a program that keeps a database of its own beside the sessions.
 */
export function makeSqliteFile(path: string): void {
  try {
    createFile(path);
  } catch (cause) {
    throw cannotOpen(path, cause);
  }
}

function cannotOpen(path: string, cause: unknown): SessionError {
  const { code, message } = cause as { code?: unknown; message?: unknown };
  const reason = REASONS[String(code)] ?? String(message).replace(/\.$/, "");
  return new SessionError("ERR_SESSION_STORE", `SQLite cannot open \`${path}\`: ${reason}.`, { cause });
}

const TOO_OLD =
  `\`path\` needs \`node:sqlite\`, which Node.js has from 22.13 on; this is ${process.versions.node}. ` +
  "Use a newer Node.js, or pass an open database as `database`.";

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
 * Makes the file with mode 0600; SQLite gives `-wal` and `-shm` the mode of the file. An existing file is checked by
 * its path and never opened here: closing it would drop the locks that SQLite holds on it in this process. For a link
 * to a missing file, that file is made, as SQLite would.
 */
function createFile(path: string): void {
  try {
    const file = fs.openSync(path, "wx", 0o600);
    // The umask may have removed bits of the owner. Only then: under `--permission`, Node.js refuses to change a mode.
    if ((fs.fstatSync(file).mode & 0o777) !== 0o600) fs.fchmodSync(file, 0o600);
    fs.closeSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
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

/** Milliseconds between two checks of a store that only reads. */
const INTERVAL = 500;

/**
 * The file that was opened, compared with the one that its path leads to now. SQLite goes on with a file that was
 * removed or exchanged: the open one has no name any more, and all writes to it are lost. So the path is checked after
 * every write, and by reads twice a second.
 *
 * The log is checked too, also before every write. SQLite does not notice that another program truncated it: the next
 * write goes behind a hole, and the next checkpoint copies the hole into the file.
 */
export class FileIdentity {
  readonly path: string;
  /** The file and, in WAL mode, the log and its index, which exist as long as a connection is open. */
  readonly files: readonly string[];
  /** Device and inode of all files at the time of opening. */
  readonly identity: string;
  /** The message when they differ. */
  readonly exchanged: string;
  readonly log: string;
  /** The message when the log is not the one that SQLite wrote. */
  readonly truncated: string;
  /** The message when the file is empty and was not: SQLite never shrinks a database to nothing. */
  readonly emptied: string;
  readonly #wasEmpty: boolean;
  readonly #database: SqliteDatabase;
  #seen: LogState;
  #checkedAt = performance.now();

  /** Make it after `database`, a connection to `path`, has read: then all files exist. */
  constructor(path: string, suffixes: readonly string[], database: SqliteDatabase) {
    this.path = path;
    const real = fs.realpathSync(path); // if `path` is a link, SQLite derives the other names from its target
    this.files = [path, ...suffixes.map((suffix) => real + suffix)];
    this.identity = identityOf(this.files);
    this.#wasEmpty = isEmpty(path);
    this.exchanged = `the file \`${path}\` was removed or exchanged since it was opened; put it back, or restart`;
    this.emptied = `the file \`${path}\` was emptied since it was opened; stop, and put a copy back`;
    this.log = `${real}-wal`;
    this.truncated = `another program truncated or overwrote the log \`${this.log}\`; restart`;
    this.#database = database;
    this.#seen = readLog(this.log);
  }

  /** The log when it was last checked. */
  get seen(): LogState {
    return this.#seen;
  }

  /** Throws when the path leads to another file, to none or to one that was emptied, or when the log was truncated. */
  check(): void {
    this.#checkPath();
    this.checkLog();
    this.#checkedAt = performance.now();
  }

  /** The same, twice a second. */
  checkAtTimes(): void {
    if (performance.now() - this.#checkedAt >= INTERVAL) this.check();
  }

  /** Throws when the log was truncated. Only a checkpoint may empty it or begin it anew, with another header. */
  checkLog(): void {
    const now = readLog(this.log);
    const isLost =
      now.header === ""
        ? framesIn(this.#database) > 0 && readLog(this.log).header === "" // unless it was written meanwhile
        : now.header === this.#seen.header
          ? now.size < this.#seen.size
          : !MAGIC.test(now.header);
    if (!isLost) {
      this.#seen = now;
      return;
    }
    this.#checkPath(); // a log that was removed can be put back
    throw new Error(this.truncated);
  }

  #checkPath(): void {
    if (identityOf(this.files) !== this.identity) throw new Error(this.exchanged);
    if (!this.#wasEmpty && isEmpty(this.path)) throw new Error(this.emptied);
  }
}

function isEmpty(path: string): boolean {
  return fs.statSync(path, { throwIfNoEntry: false })?.size === 0;
}

function identityOf(files: readonly string[]): string {
  const found = files.map((file) => fs.statSync(file, { bigint: true, throwIfNoEntry: false }));
  return found.map((file) => `${file?.dev}:${file?.ino}`).join(" ");
}

/** The header of a log, as hexadecimal text, is empty where there is none. */
interface LogState {
  readonly size: number;
  readonly header: string;
}

const HEADER_BYTES = 32;

/** A hole reads as zeros. */
const MAGIC = /^377f068[23]/;

/** Closing this file drops no lock of SQLite: the log has none. The size comes first, as a log may grow meanwhile. */
function readLog(path: string): LogState {
  let file: number;
  try {
    file = fs.openSync(path, "r");
  } catch {
    return { size: 0, header: "" };
  }
  try {
    const { size } = fs.fstatSync(file);
    const header = Buffer.alloc(HEADER_BYTES);
    const isWhole = fs.readSync(file, header, 0, HEADER_BYTES, 0) === HEADER_BYTES && size >= HEADER_BYTES;
    return { size, header: isWhole ? header.toString("hex") : "" };
  } finally {
    fs.closeSync(file);
  }
}

/** Frames that SQLite believes to be in a log that has none. This checkpoint fails if it misses one. */
function framesIn(database: SqliteDatabase): number {
  try {
    return Number(valuesOf(database.prepare("PRAGMA main.wal_checkpoint").get())[1]);
  } catch (error) {
    return isLocked(error) ? 0 : Infinity;
  }
}
