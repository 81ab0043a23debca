// The settings of every connection to a file of the store, and the engines that need a warning.

import { SessionError } from "../../core/errors.ts";
import { firstValue, type SqliteDatabase } from "./driver.ts";

export type Pragmas = readonly (readonly [name: string, value: string | number])[];

const SYNCHRONOUS = { NORMAL: 1, FULL: 2 } as const;

/**
 * The pragmas in this order, each with the value that it returns afterwards. FULL syncs the log at every commit; with
 * NORMAL a power loss may undo the last sign-outs. `lockWait` is the time that a statement itself waits for a lock:
 * short on the calling thread, where the event loop waits too.
 */
export function pragmas(synchronous: keyof typeof SYNCHRONOUS, lockWait: number): Pragmas {
  return [
    ["busy_timeout", lockWait],
    // Readers and the one writer do not wait for each other. Belongs to the file; the rest belongs to the connection.
    ["journal_mode", "wal"],
    ["synchronous", SYNCHRONOUS[synchronous]],
    // Pages, 16 MB. Four times the default makes a fifth more writes a second; more gains nothing and lengthens pauses.
    ["wal_autocheckpoint", 4000],
    // A burst may make the log grow; it does not keep that size.
    ["journal_size_limit", 64 * 1024 * 1024],
    // A schema that an attacker altered must not be able to run functions.
    ["trusted_schema", 0],
    ["foreign_keys", 1],
    ["cell_size_check", 1],
    // With a memory map, another process that truncates the file would kill this one.
    ["mmap_size", 0],
    // Overwrites deleted rows, so that a copy of the file shows no ended session. The log keeps them until it is
    // written over; closing the store empties the log.
    ["secure_delete", 1],
  ];
}

/** Sets every pragma and reads it back: an engine silently ignores the ones that it was built without. */
export function applyPragmas(database: SqliteDatabase, settings: Pragmas): void {
  for (const [name, value] of settings) {
    database.exec(`PRAGMA ${name} = ${value}`);
    const actual = firstValue(database, `PRAGMA ${name}`) ?? 0;
    if (actual === value) continue;
    const message = `SQLite must accept \`PRAGMA ${name} = ${value}\`, but keeps ${actual}.`;
    throw new SessionError("ERR_SESSION_STORE", `${message} Use a local file and an ordinary build of SQLite.`);
  }
}

const warned = new Set<string>();

/** Warns once of an engine that can damage a file which several connections write. */
export function checkEngine(version: string): void {
  if (isSound(version) || warned.has(version)) return;
  warned.add(version);
  process.emitWarning(
    `SQLite ${version} can damage a database in WAL mode when two connections write and checkpoint at once ` +
      "(https://sqlite.org/wal.html#walresetbug). Use an engine from 3.51.3 on, but not 3.52.0: Node.js 22.23, 24 or newer have one.",
    { type: "SessionWarning", code: "SESSILE_SQLITE_ENGINE" },
  );
}

/** The first sound patch of a minor release: the back-ports to 3.44 and 3.50, and 3.52.0 was withdrawn. */
const SOUND: Readonly<Record<number, number>> = { 44: 6, 50: 7, 51: 3, 52: 1 };

/** From 3.51.3 on, and the back-ports. */
export function isSound(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
  return major > 3 || (major === 3 && patch >= (SOUND[minor] ?? (minor > 52 ? 0 : Infinity)));
}
