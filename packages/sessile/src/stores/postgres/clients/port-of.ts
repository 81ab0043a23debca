// From the pool that was handed in to the port that the store uses.

import { wrong } from "../../../core/options.ts";
import type { PostgresPort } from "../port.ts";
import { isPgPool, type PgPool, pgPort } from "./pg.ts";
import { isPglite, type PgliteClient, pglitePort } from "./pglite.ts";
import { isPostgresJs, type PostgresJs, postgresJsPort } from "./postgres-js.ts";

/** A `Pool` of `pg`, what `postgres(…)` returns, a `PGlite`, or a port to a client of another library. */
export type PostgresPool = PgPool | PostgresJs | PgliteClient | PostgresPort;

/** Recognises the pool by what it can do. Throws `ERR_SESSION_OPTION` for one that cannot be used. */
export function portOf(pool: PostgresPool): PostgresPort {
  const port = find(pool);
  survive(pool);
  return port;
}

function find(pool: PostgresPool): PostgresPort {
  if (isPort(pool)) return pool;
  if (isPgPool(pool)) return pgPort(pool);
  if (isPostgresJs(pool)) return postgresJsPort(pool);
  if (isPglite(pool)) return pglitePort(pool);
  throw wrong("pool", "a `Pool` of `pg`, what `postgres(…)` returns, a `PGlite`, or a `PostgresPort`");
}

function isPort(pool: unknown): pool is PostgresPort {
  return typeof (pool as Partial<PostgresPort> | null | undefined)?.run === "function";
}

const SURVIVED = new WeakSet<object>();

/** Gives the pool an `error` listener, once: without one, Node ends the process when an idle connection is lost. */
function survive(pool: PostgresPool): void {
  const { on } = pool as Partial<NodeJS.EventEmitter>;
  if (!isPgPool(pool) || typeof on !== "function" || SURVIVED.has(pool)) return;
  SURVIVED.add(pool);
  on.call(pool, "error", () => {});
}
