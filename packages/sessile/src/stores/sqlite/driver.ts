// The parts of a SQLite driver that the store uses, and the differences between drivers.

/** A value for a parameter. Drivers disagree about all other types. */
export type SqliteValue = string | number | null;

/** Parameters are `SqliteValue`s; the types of some drivers do not allow a narrower type here. */
export interface SqliteStatement {
  /** The first row; `undefined` or `null` when there is none. */
  get(...parameters: unknown[]): unknown;
  /** Every row. */
  all(...parameters: unknown[]): unknown[];
  /** Executes it; `changes` is the number of rows that it changed. */
  run(...parameters: unknown[]): { readonly changes: number | bigint };
  /** node:sqlite alone has it. Rows as arrays cost a quarter less than objects. */
  setReturnArrays?(isEnabled: boolean): void;
}

/** An open database: a `DatabaseSync` of node:sqlite, a `Database` of better-sqlite3 or of bun:sqlite. */
export interface SqliteDatabase {
  /** Executes statements without parameters. */
  exec(sql: string): unknown;
  /** Compiles one statement. */
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

/** The values of a row in the order of its columns, whether the driver returns arrays or objects. */
export function valuesOf(row: unknown): unknown[] {
  return Array.isArray(row) ? row : Object.values(row as object);
}

/** The first column of each row. Its name does not matter: each pragma has its own. */
export function firstColumn(statement: SqliteStatement, ...parameters: SqliteValue[]): unknown[] {
  return statement.all(...parameters).map((row) => valuesOf(row)[0]);
}

/** The first column of the first row of `sql`. */
export function firstValue(database: SqliteDatabase, sql: string): unknown {
  return firstColumn(database.prepare(sql))[0];
}

/** Ends the open transaction. After some failures SQLite has already ended it; then nothing is left to do. */
export function rollback(database: SqliteDatabase): void {
  try {
    database.exec("ROLLBACK");
  } catch {}
}
