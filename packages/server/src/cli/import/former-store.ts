// Stores of express-session, as a source for the import: sessions are read one by one and deleted after they are stored
// in the new one.

import { existsSync } from "node:fs";
import { createClient } from "@redis/client";
import type { SqliteDatabase } from "sessile/sqlite";
import { parsePostgresUrl } from "../../config/postgres-url.ts";
import type { Environment } from "../../config/settings.ts";
import { UsageError } from "../../config/usage-error.ts";
import { withoutPasswords } from "../../config/without-password.ts";
import { poolOf } from "../../store/open-postgres.ts";
import { CommandFailed } from "../with-store.ts";

export interface FormerRow {
  readonly id: string;
  /** The JSON text of the session. */
  readonly text: string;
  /** Its deadline; `null` where the store has none. */
  readonly expiresAt: number | null;
}

export interface FormerStore {
  readonly rows: () => AsyncIterable<readonly FormerRow[]>;
  readonly delete: (ids: readonly string[]) => Promise<void>;
  readonly close: () => void;
}

const AT_ONCE = 500;

/**
 * Reads keys of `connect-redis`: JSON under `sess:<id>`, with the session's time to live. Without a user and a password
 * in the URL, SESSILE_SOURCE_USERNAME and SESSILE_SOURCE_PASSWORD are used. Throws `UsageError`.
 */
export async function openConnectRedis(url: string, prefix: string, env: Environment): Promise<FormerStore> {
  const client = clientOf(url, env).on("error", () => {});
  await reach(client).catch(({ code, message }: NodeJS.ErrnoException) => {
    client.destroy();
    const isRefused = /^(?:NOAUTH|WRONGPASS|NOPERM)/.test(message);
    const advice = isRefused ? " User and password go into SESSILE_SOURCE_USERNAME and SESSILE_SOURCE_PASSWORD." : "";
    throw new UsageError(`--source ${withoutPasswords(url)} cannot be reached: ${code ?? message}.${advice}`);
  });
  const pattern = `${prefix.replace(/[*?[\]\\^]/g, "\\$&")}*`;
  const read = async (key: string): Promise<FormerRow | null> => {
    const [text, left] = await Promise.all([client.get(key), client.pTTL(key)]);
    const expiresAt = left > 0 ? Date.now() + left : null;
    return text === null ? null : { id: key.slice(prefix.length), text, expiresAt };
  };
  return {
    async *rows() {
      for await (const keys of client.scanIterator({ MATCH: pattern, COUNT: AT_ONCE })) {
        const rows = await Promise.all(keys.map(read));
        yield rows.filter((row): row is FormerRow => row !== null);
      }
    },
    delete: async (ids) => void (ids.length > 0 && (await client.del(ids.map((id) => prefix + id)))),
    close: () => client.destroy(),
  };
}

/** A Redis that wants a password accepts the connection without one and refuses the first command. */
async function reach(client: ReturnType<typeof createClient>): Promise<void> {
  await client.connect();
  await client.ping();
}

/** The client's own errors contain the URL, and with it the password. */
function clientOf(url: string, env: Environment): ReturnType<typeof createClient> {
  const { SESSILE_SOURCE_USERNAME: username, SESSILE_SOURCE_PASSWORD: password } = env;
  const login = { ...(username && { username }), ...(password && { password }) };
  try {
    return createClient({ url, ...login, socket: { reconnectStrategy: false } });
  } catch {
    throw new UsageError("--source is no usable Redis URL; it must look like redis://HOST:PORT/DB.");
  }
}

/**
 * Reads the table of `connect-pg-simple`. Without a user and a password in the URL, SESSILE_SOURCE_USERNAME and
 * SESSILE_SOURCE_PASSWORD are used. Throws `UsageError`.
 */
export async function openConnectPg(url: string, table: string, env: Environment): Promise<FormerStore> {
  const login = {
    SESSILE_POSTGRES_USERNAME: env["SESSILE_SOURCE_USERNAME"],
    SESSILE_POSTGRES_PASSWORD: env["SESSILE_SOURCE_PASSWORD"],
  };
  const pool = poolOf(parsePostgresUrl(url, login, "--source"));
  const quoted = table
    .split(".")
    .map((name) => `"${name.replaceAll('"', '""')}"`)
    .join(".");
  // `expire` has no time zone: connect-pg-simple writes it in the one of its connection, which is this one's, too.
  const page = `SELECT sid AS id, sess::text AS text, expire::timestamptz AS expiry FROM ${quoted}
    WHERE $1::text IS NULL OR sid > $1 ORDER BY sid LIMIT ${AT_ONCE}`;
  try {
    await pool.query(page, [null]);
    const { rows } = await pool.query("SELECT has_table_privilege($1, 'DELETE') AS ok", [quoted]);
    if (!rows[0].ok)
      throw new Error(`the user may not delete from ${table}, and a session that moved is deleted there`);
  } catch (error) {
    void pool.end();
    const { code, message } = error as NodeJS.ErrnoException;
    const advice = /^28/.test(code ?? "")
      ? " User and password go into SESSILE_SOURCE_USERNAME and SESSILE_SOURCE_PASSWORD."
      : "";
    throw new UsageError(`--source ${withoutPasswords(url)} cannot be read: ${message || code}.${advice}`);
  }
  const ask = async <Row>(text: string, values: readonly unknown[]): Promise<Row[]> => {
    try {
      return (await pool.query(text, [...values])).rows;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw new CommandFailed(
        `--source failed: ${message || code}. Sessions that moved stay moved; run the import again.`,
      );
    }
  };
  return {
    async *rows() {
      for (let after: string | null = null; ; ) {
        const rows: PgRow[] = await ask(page, [after]);
        if (rows.length === 0) return;
        after = rows.at(-1)?.id ?? after;
        yield rows.map(({ id, text, expiry }) => ({ id, text, expiresAt: instantOfPg(expiry) }));
      }
    },
    delete: async (ids) => void (await ask(`DELETE FROM ${quoted} WHERE sid = ANY($1)`, [ids])),
    close: () => void pool.end(),
  };
}

interface PgRow {
  readonly id: string;
  readonly text: string;
  /** A number is `infinity` or `-infinity`. */
  readonly expiry: Date | number | null;
}

function instantOfPg(expiry: Date | number | null): number | null {
  if (expiry instanceof Date) return expiry.getTime();
  return expiry === Number.NEGATIVE_INFINITY ? 0 : null;
}

interface Database extends SqliteDatabase {
  close(): void;
}

const COLUMNS = {
  id: ["sid", "id", "session_id"],
  text: ["sess", "session", "data"],
  expiry: ["expired", "expire", "expires", "expires_at"],
} as const;

/**
 * Reads the SQLite stores of express-session: one row a session, in columns with one of a few names. Throws
 * `UsageError`.
 */
export function openExpressSqlite(path: string, table: string): FormerStore {
  if (!existsSync(path))
    throw new UsageError(`There is no file ${path}. Give the one of express-session with --source.`);
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite") as unknown as {
    DatabaseSync: new (path: string) => Database;
  };
  const database = new DatabaseSync(path);
  const quoted = `"${table.replaceAll('"', '""')}"`;
  const names = columnsOf(database, quoted, table);
  const page = database.prepare(
    `SELECT ${names.id} AS id, ${names.text} AS text, ${names.expiry} AS expiry FROM ${quoted} WHERE ${names.id} > ? ORDER BY ${names.id} LIMIT ${AT_ONCE}`,
  );
  const remove = database.prepare(`DELETE FROM ${quoted} WHERE ${names.id} = ?`);
  return {
    async *rows() {
      for (let after = ""; ; ) {
        const rows = page.all(after) as { id: string; text: string; expiry: unknown }[];
        if (rows.length === 0) return;
        after = rows.at(-1)?.id ?? after;
        yield rows.map(({ id, text, expiry }) => ({ id, text: String(text), expiresAt: instantOf(expiry) }));
      }
    },
    delete: async (ids) => {
      for (const id of ids) remove.run(id);
    },
    close: () => database.close(),
  };
}

function columnsOf(database: Database, quoted: string, table: string): Record<keyof typeof COLUMNS, string> {
  const rows = database.prepare(`PRAGMA table_info(${quoted})`).all() as { name: string }[];
  const there = rows.map(({ name }) => name);
  const find = (names: readonly string[]): string => {
    const name = names.find((each) => there.includes(each));
    if (name !== undefined) return name;
    const seen = there.length === 0 ? "there is no such table" : `it has ${there.join(", ")}`;
    throw new UsageError(
      `The table ${table} must have a column ${names.join(" or ")}; ${seen}. Say which with --table.`,
    );
  };
  return { id: find(COLUMNS.id), text: find(COLUMNS.text), expiry: find(COLUMNS.expiry) };
}

/** The stores write milliseconds, seconds or ISO text. */
function instantOf(expiry: unknown): number | null {
  const value = typeof expiry === "string" && Number.isNaN(Number(expiry)) ? Date.parse(expiry) : Number(expiry);
  if (!Number.isFinite(value) || value <= 0) return null;
  return Math.round(value < 1e11 ? value * 1000 : value);
}
