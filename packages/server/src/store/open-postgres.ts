// Opens a Postgres store from its URL, over a pool, and describes its promises.

import pg from "pg";
import { isSessionError } from "sessile";
import { postgresStore } from "sessile/postgres";
import { type PostgresTarget, parsePostgresUrl } from "../config/postgres-url.ts";
import { UsageError } from "../config/usage-error.ts";
import { withoutPasswords } from "../config/without-password.ts";
import type { OpenedStore, StoreWishes } from "./open-store.ts";

const CONNECT_TIMEOUT = 5000;
/** Number of connections to Postgres, besides the one that listens. */
const MOST_CONNECTIONS = 10;
const OLDEST = 15;

interface Facts {
  readonly version: number;
  readonly fsync: string;
  readonly commit: string;
  readonly isReplica: boolean;
  readonly standbys: string;
  readonly replicas: number;
}

/**
 * Throws `UsageError` when the URL is wrong, no server answers there, or the tables are missing and cannot be created.
 */
export async function openPostgres(
  text: string,
  { env = process.env, deadline }: Omit<StoreWishes, "store">,
): Promise<OpenedStore> {
  const target = parsePostgresUrl(text, env);
  const { table } = target;
  const name = withoutPasswords(text);
  const pool = poolOf(target);
  try {
    const facts = await look(pool, name);
    const store = postgresStore({
      pool,
      ...(table !== undefined && { table }),
      ...(deadline !== undefined && { deadline }),
    });
    await store.stats(); // creates the tables, or reports their fault
    return { store, name, promise: promiseOf(facts), warnings: warningsOf(facts), close: () => pool.end() };
  } catch (error) {
    await pool.end();
    if (!isSessionError(error)) throw error;
    const advice = error.message.includes("make the tables")
      ? " Let an administrator run the SQL that sessile schema prints."
      : "";
    throw new UsageError(`--store ${name} cannot be used: ${error.message}${advice}`);
  }
}

export function poolOf({ isTls, table: _, ...login }: PostgresTarget): pg.Pool {
  const pool = new pg.Pool({
    ...login,
    ...(isTls && { ssl: { rejectUnauthorized: true } }),
    max: MOST_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    application_name: "sessile",
  });
  return pool.on("error", () => {}); // the calls that fail report it
}

async function look(pool: pg.Pool, name: string): Promise<Facts> {
  try {
    const { rows } = await pool.query(
      `SELECT current_setting('server_version_num')::int / 10000 AS version, current_setting('fsync') AS fsync,
       current_setting('synchronous_commit') AS commit, pg_is_in_recovery() AS "isReplica",
       current_setting('synchronous_standby_names') AS standbys,
       (SELECT count(*)::int FROM pg_stat_replication) AS replicas`,
    );
    return rows[0] as Facts;
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    const reason = message || code || String(error);
    const advice = "Start Postgres there, or choose another --store.";
    throw new UsageError(`--store ${name} cannot be reached: ${reason.replace(/\.$/, "")}. ${advice}`);
  }
}

function promiseOf({ fsync, commit, replicas, standbys }: Facts): string {
  const crash =
    fsync === "off" || commit === "off"
      ? "a crash takes the last changes before it, sign-outs among them"
      : `what was acknowledged survives a crash and a power loss (synchronous_commit=${commit})`;
  if (replicas === 0) return crash;
  if (standbys !== "" && commit !== "off" && commit !== "local")
    return `${crash}; a failover to a synchronous standby keeps it`;
  return `${crash}; a failover may take the last changes, and bring back a session that was signed out just before`;
}

function warningsOf({ version, fsync, commit, isReplica }: Facts): readonly string[] {
  return [
    isReplica ? "This server is a replica: it refuses every request." : null,
    version < OLDEST ? `This is PostgreSQL ${version}; the store is tested with ${OLDEST} and later.` : null,
    fsync === "off" ? "`fsync` is off: a power loss may damage the whole database. Turn it on." : null,
    commit === "off"
      ? "`synchronous_commit` is off: a crash brings back sessions that were signed out just before."
      : null,
  ].filter((warning) => warning !== null);
}
