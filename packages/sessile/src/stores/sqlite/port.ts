// What the store needs of a SQLite driver, and everything in which drivers differ. Knows no session.

/** What is bound to a parameter. Other types mean something else to every driver. */
export type SqliteValue = string | number | null;

/** Parameters are `SqliteValue`s; the types of some drivers could not be told so. */
export interface SqliteStatement {
  get(...parameters: unknown[]): unknown;
  all(...parameters: unknown[]): unknown[];
  run(...parameters: unknown[]): { readonly changes: number | bigint };
}

/** An open database: a `DatabaseSync` of node:sqlite, a `Database` of better-sqlite3 or of bun:sqlite. */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
}

/** A database that the store opened, and therefore closes. */
export interface OwnDatabase extends SqliteDatabase {
  close(): void;
}

/**
 * The driver of this Node.js; `undefined` where there is none. Not an `import`, which would keep every program on an
 * older Node.js from loading the file at all.
 */
export function nodeSqlite(): { readonly DatabaseSync: new (path: string) => OwnDatabase } | undefined {
  return process.getBuiltinModule?.("node:sqlite") as ReturnType<typeof nodeSqlite>;
}

/** The first column of each row. Its name is of no interest: pragmas name theirs as they like. */
export function firstColumn(statement: SqliteStatement, ...parameters: SqliteValue[]): unknown[] {
  return statement.all(...parameters).map((row) => Object.values(row as object)[0]);
}

/** The first column of the first row of `sql`. */
export function firstValue(database: SqliteDatabase, sql: string): unknown {
  return firstColumn(database.prepare(sql))[0];
}

/** Ends the open transaction. SQLite has done so by itself after some failures; then there is nothing left to do. */
export function rollback(database: SqliteDatabase): void {
  try {
    database.exec("ROLLBACK");
  } catch {}
}

/**
 * True when another connection holds the lock: SQLITE_BUSY and its kinds; by its words, where a driver gives no code
 * (Deno's `exec`). So does the application when it left a transaction of its own open on the handle it gave us; that
 * passes as well.
 */
export function isBusy(error: unknown): boolean {
  const { code, errcode, message } = error as { code?: unknown; errcode?: unknown; message?: unknown };
  const isCode = (Number(errcode) & 0xff) === 5 || String(code).startsWith("SQLITE_BUSY");
  return isCode || message === "database is locked" || message === "cannot start a transaction within a transaction";
}

/** An error in a form that crosses threads: the driver's words and its code. */
export interface Failure {
  readonly message: string;
  readonly code?: string | number;
}

export function toFailure(error: unknown): Failure {
  const { message, code, errcode } = error as { message?: string; code?: string; errcode?: number };
  const reason = errcode ?? code;
  return { message: message ?? String(error), ...(reason !== undefined && { code: reason }) };
}
