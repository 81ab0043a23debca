// The file behind a store's back: what tests look at and damage. Needs node:sqlite.

import { execFile } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { SqliteDatabase } from "sessile/sqlite";
import { temporaryFolder } from "sessile-test-support/folder";

export interface RawDatabase extends SqliteDatabase {
  close(): void;
}

interface NodeSqlite {
  readonly DatabaseSync: new (path: string) => RawDatabase;
}

const sqlite = process.getBuiltinModule?.("node:sqlite") as NodeSqlite | undefined;

/** For `skip`: false where the tests can run, otherwise the reason why not. */
export const unable: string | false = sqlite === undefined && "this Node.js has no node:sqlite";

/** False under Bun and Deno. */
export const isNode = process.versions["bun"] === undefined && process.versions["deno"] === undefined;

export function openRaw(path: string): RawDatabase {
  if (sqlite === undefined) throw new Error("this Node.js has no node:sqlite");
  return new sqlite.DatabaseSync(path);
}

/** A connection set up as an application would. */
export function openTuned(path: string): RawDatabase {
  const database = openRaw(path);
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON");
  return database;
}

/** The first column of the first row. */
export function pick(database: SqliteDatabase, sql: string): unknown {
  return Object.values((database.prepare(sql).get() as object | undefined) ?? {})[0];
}

const folder = temporaryFolder();
let paths = 0;

/** The path of a file that is not there yet. */
export function newPath(): string {
  return join(folder, `sessions-${paths++}.db`);
}

/** The output of a program with `sqliteStore` and `sampleRecord`, in a process of its own. */
export async function runElsewhere(body: string, flags: readonly string[], options = {}): Promise<string> {
  const home = temporaryFolder();
  chmodSync(home, 0o755); // another user may run it
  const script = join(home, "program.mjs");
  const [sqlite, testing] = ["sessile/sqlite", "sessile/testing"].map((name) => import.meta.resolve(name));
  const imports = `import { sqliteStore } from "${sqlite}"; import { sampleRecord } from "${testing}";`;
  writeFileSync(script, `${imports}\n${body}`);
  return (await promisify(execFile)(process.execPath, [...flags, script], { timeout: 60_000, ...options })).stdout;
}
