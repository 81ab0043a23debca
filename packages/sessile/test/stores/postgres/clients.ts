// Pools of both client libraries on one server, for the tests.

import pg from "pg";
import postgres from "postgres";
import { type PostgresPool, type PostgresStoreOptions, postgresStore } from "sessile/postgres";
import type { SessionStore } from "sessile/store";

export interface Connected {
  readonly pool: PostgresPool;
  readonly close: () => Promise<void>;
}

/** `max`: the most connections. */
export const POOLS = {
  pg: (url: string, max = 10, options: object = {}): Connected => {
    const pool = new pg.Pool({ connectionString: url, max, ...options });
    return { pool, close: () => pool.end() };
  },
  postgres: (url: string, max = 10, options: object = {}): Connected => {
    const sql = postgres(url, { max, fetch_types: false, onnotice: () => {}, ...options });
    return { pool: sql, close: () => sql.end({ timeout: 1 }) };
  },
} as const;

export type Library = keyof typeof POOLS;
export const LIBRARIES = Object.keys(POOLS) as Library[];

/** A store whose deadline does not depend on how busy this machine is. */
export function patientStore(pool: PostgresPool, options: Partial<PostgresStoreOptions> = {}): SessionStore {
  return postgresStore({ pool, deadline: 20_000, ...options });
}
