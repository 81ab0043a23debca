// The schema of the store: made by the first call that finds none, or by an administrator from its SQL.

import { wrong } from "../../core/options.ts";
import { failure } from "../network/calls.ts";
import type { PostgresLink } from "./link.ts";
import type { Statement } from "./port.ts";
import { checkPlace } from "./rows.ts";
import { Names, type Statements, schemaStatements, VERSION } from "./sql.ts";

/** Milliseconds that the tables may take: other processes may be making them, too. */
const PATIENCE = 10_000;

/** Any number: it names the lock of those that make tables. */
const LOCK = "7307199741";

/** Lower-case, so that the name means the same quoted and unquoted. */
export function checkTable(table: unknown): string {
  if (typeof table === "string" && /^([a-z_][a-z0-9_]{0,62}\.)?[a-z_][a-z0-9_]{0,39}$/.test(table)) return table;
  throw wrong("table", "`name` or `schema.name`, in lower-case letters, digits and `_`, the name of at most 40");
}

/**
 * The SQL that makes the store's tables and functions, for an administrator to run where the application's user may not
 * create them. That user needs `USAGE` of the schema and `SELECT`, `INSERT`, `UPDATE` and `DELETE` of the table.
 */
export function postgresSchema(table = "sessile_sessions"): string {
  return schemaStatements(new Names(checkTable(table)))
    .map((statement) => `${statement};\n`)
    .join("\n");
}

/**
 * Makes the schema unless it is there. Several processes may call it. Fails with `ERR_SESSION_STORE` for the schema of
 * another release, a database that is not in UTF-8, and a replica.
 */
export async function ensureSchema(link: PostgresLink, names: Names, statements: Statements): Promise<void> {
  if (await hasSchema(link, statements)) return;
  const all = [`SELECT pg_advisory_xact_lock(${LOCK})::text`, ...schemaStatements(names)];
  const unnamed = all.map((text): Statement => ({ name: "", text, values: [] }));
  try {
    await link.runAll(unnamed, "make the tables", link.endsAt() + PATIENCE);
  } catch (error) {
    // Another process may have been first, or an administrator.
    if (await hasSchema(link, statements)) return;
    throw error;
  }
}

async function hasSchema(link: PostgresLink, { probe, version }: Statements): Promise<boolean> {
  const [row] = await link.run(probe, []);
  const [, encoding, found] = checkPlace(row);
  if (encoding !== "UTF8") throw failure(`The database is encoded in ${encoding}; the store needs UTF8.`);
  if (found == null) return false;
  const [[installed] = []] = await link.run(version, []);
  if (Number(installed) === VERSION) return true;
  const known = `this release of \`sessile\` knows version ${VERSION}`;
  throw failure(`The database has version ${installed} of the store's tables; ${known}. Nothing was changed.`);
}
