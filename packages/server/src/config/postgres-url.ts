// Postgres URLs: server, database, login, TLS and table. Opens nothing.

import { UsageError } from "./usage-error.ts";
import { withoutPasswords } from "./without-password.ts";

export interface PostgresTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string;
  /** TLS with a check of the server's certificate and name. */
  readonly isTls: boolean;
  /** `undefined` for the default of the library. */
  readonly table: string | undefined;
}

const EXAMPLE = "postgres://USER@HOST:PORT/DATABASE";

/** True for any text that is meant as the URL of a Postgres, however wrong. */
export function isPostgresUrl(text: string): boolean {
  return /^postgres(?:ql)?:/.test(text);
}

/**
 * Reads `postgres://` with `sslmode=disable` or `sslmode=verify-full`, and `table`. Without a user and a password in
 * the URL, SESSILE_POSTGRES_USERNAME and SESSILE_POSTGRES_PASSWORD are used. Throws `UsageError`, which shows neither.
 */
export function parsePostgresUrl(text: string, env: Readonly<Record<string, string | undefined>>): PostgresTarget {
  const url = URL.canParse(text) ? new URL(text) : refuse(text);
  const database = decoded(text, url.pathname.slice(1));
  if (url.hostname === "" || database === "" || database.includes("/") || url.hash !== "") return refuse(text);
  const { sslmode = "disable", table, ...others } = Object.fromEntries(url.searchParams);
  const [other] = Object.keys(others);
  const name = withoutPasswords(text);
  if (other !== undefined) throw new UsageError(`--store ${name}: there is no \`${other}\`; say sslmode or table.`);
  if (sslmode !== "disable" && sslmode !== "verify-full")
    throw new UsageError(
      `--store ${name}: sslmode must be disable or verify-full; the others do not check who answers.`,
    );
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(url.port || 5432),
    user: decoded(text, url.username) || env["SESSILE_POSTGRES_USERNAME"],
    password: decoded(text, url.password) || env["SESSILE_POSTGRES_PASSWORD"],
    database,
    isTls: sslmode === "verify-full",
    table,
  };
}

function decoded(text: string, part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return refuse(text);
  }
}

function refuse(text: string): never {
  throw new UsageError(`--store ${withoutPasswords(text)} is no usable Postgres URL; it must look like ${EXAMPLE}.`);
}
