// `sessile/postgres`: sessions in PostgreSQL.

import { checkNames, duration, wrong } from "../../core/options.ts";
import type { SessionStore } from "../../core/store.ts";
import { type PostgresPool, portOf } from "./clients/port-of.ts";
import { checkTable } from "./schema.ts";
import { PostgresStore } from "./store.ts";

export type { PostgresPool } from "./clients/port-of.ts";
export type { PostgresPort } from "./port.ts";
export { postgresSchema } from "./schema.ts";

/** Client, tables and deadline of a store in PostgreSQL. */
export interface PostgresStoreOptions {
  /**
   * A `Pool` of `pg`, the result of `postgres(url, { fetch_types: false })`, a `PGlite`, or a `PostgresPort` to a
   * client of another library. It leads to the primary. The store never closes it.
   */
  readonly pool: PostgresPool;
  /**
   * `name` or `schema.name` of the table. Made by the first call that finds none, where the user may create tables; see
   * `postgresSchema` otherwise. Default `sessile_sessions`.
   */
  readonly table?: string;
  /**
   * Milliseconds after which a statement without an answer fails with `ERR_SESSION_STORE`, the wait for a connection
   * included. Default 1000. Time in which the process itself is blocked counts as at most 25 ms.
   */
  readonly deadline?: number;
  /**
   * Whether each end of a session is announced (`NOTIFY`), so that open connections in other processes close within
   * about a millisecond. Every commit that announces takes a lock of the whole database for its moment; with `false`,
   * processes ask twice a second instead. Touches and other changes are never announced. Default true.
   */
  readonly announce?: boolean;
}

const LONGEST_DEADLINE = 60_000;

/**
 * Makes a store in PostgreSQL 15 or later. An acknowledged change survives what your Postgres survives; a touch, which
 * only moves a deadline, does not wait for the disk.
 */
export function postgresStore(options: PostgresStoreOptions): SessionStore {
  checkNames(options, new Set(["pool", "table", "deadline", "announce"]), "");
  const deadline = checkDeadline(options.deadline ?? 1000);
  const table = checkTable(options.table ?? "sessile_sessions");
  const announce = options.announce ?? true;
  if (typeof announce !== "boolean") throw wrong("announce", "true or false");
  return new PostgresStore(portOf(options.pool), { table, deadline, announce });
}

function checkDeadline(value: number): number {
  if (duration("deadline", value, 1) <= LONGEST_DEADLINE) return value;
  throw wrong("deadline", `at most ${LONGEST_DEADLINE} ms, or requests would hang with Postgres`);
}
