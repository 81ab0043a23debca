// Helpers for queries of the file of users.

import type { SqliteDatabase, SqliteStatement } from "sessile/sqlite";

/** One kind of rows in the file of users: its prepared statements by name, and the clock for its instants. */
export abstract class Rows<Sql extends Readonly<Record<string, string>>> {
  readonly #file: SqliteDatabase;
  protected readonly sql: Readonly<Record<keyof Sql, SqliteStatement>>;
  protected readonly clock: () => number;

  constructor(file: SqliteDatabase, sql: Sql, clock: () => number = Date.now) {
    this.#file = file;
    const prepared = Object.entries(sql).map(([name, text]) => [name, file.prepare(text)]);
    this.sql = Object.fromEntries(prepared) as typeof this.sql;
    this.clock = clock;
  }

  protected transaction<T>(work: () => T): T {
    return transaction(this.#file, work);
  }
}

/** Runs `work` in one transaction: all of it is written, or nothing. */
export function transaction<T>(file: SqliteDatabase, work: () => T): T {
  file.exec("BEGIN IMMEDIATE"); // deferred, its first write could fail without any wait
  try {
    const value = work();
    file.exec("COMMIT");
    return value;
  } catch (error) {
    try {
      file.exec("ROLLBACK");
    } catch {} // SQLite has rolled back by itself
    throw error;
  }
}

/** The first row, in the type that the caller expects; `undefined` when there is none. */
export function firstRow<T>(statement: SqliteStatement, ...parameters: (string | number)[]): T | undefined {
  return statement.get(...parameters) as T | undefined;
}

/** The value of a pragma. */
export function pragma(file: SqliteDatabase, name: string): unknown {
  return Object.values(firstRow<object>(file.prepare(`PRAGMA ${name}`)) ?? {})[0];
}
