// Helpers for queries of the file of users.

import type { SqliteDatabase, SqliteStatement } from "sessile/sqlite";

/** Prepared statements by the names of their texts. */
export type Statements<Sql> = Readonly<Record<keyof Sql, SqliteStatement>>;

export function prepareAll<Sql extends Readonly<Record<string, string>>>(
  file: SqliteDatabase,
  sql: Sql,
): Statements<Sql> {
  return Object.fromEntries(Object.entries(sql).map(([name, text]) => [name, file.prepare(text)])) as Statements<Sql>;
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
