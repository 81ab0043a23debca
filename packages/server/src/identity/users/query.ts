// The few things that every query of the file of users needs. Knows no table.

import type { SqliteDatabase, SqliteStatement } from "sessile/sqlite";

/** Prepared statements, each by the name of its text. */
export type Statements<Sql> = Readonly<Record<keyof Sql, SqliteStatement>>;

export function prepareAll<Sql extends Readonly<Record<string, string>>>(
  file: SqliteDatabase,
  sql: Sql,
): Statements<Sql> {
  return Object.fromEntries(Object.entries(sql).map(([name, text]) => [name, file.prepare(text)])) as Statements<Sql>;
}

/** Runs `work` in one transaction: all of it is written, or nothing. */
export function transaction<T>(file: SqliteDatabase, work: () => T): T {
  file.exec("BEGIN IMMEDIATE"); // deferred, it could fail at its first write without any wait
  try {
    const value = work();
    file.exec("COMMIT");
    return value;
  } catch (error) {
    try {
      file.exec("ROLLBACK");
    } catch {} // SQLite has done so by itself
    throw error;
  }
}

/** The first row, as the caller knows it to be; `undefined` when there is none. */
export function firstRow<T>(statement: SqliteStatement, ...parameters: (string | number)[]): T | undefined {
  return statement.get(...parameters) as T | undefined;
}

/** The value of a pragma. */
export function pragma(file: SqliteDatabase, name: string): unknown {
  return Object.values(firstRow<object>(file.prepare(`PRAGMA ${name}`)) ?? {})[0];
}
