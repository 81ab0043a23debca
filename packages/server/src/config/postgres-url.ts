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

/** Without `USER@`: output drops all from `://` to an `@`, since it may be a password. */
const EXAMPLE = "postgres://HOST:PORT/DATABASE";

/** True for any text that is meant as the URL of a Postgres, however wrong. */
export function isPostgresUrl(text: string): boolean {
  return /^postgres(?:ql)?:/.test(text);
}

/**
 * Reads `postgres://` with `sslmode=disable` or `sslmode=verify-full`, and `table`. Without a user and a password in
 * the URL, SESSILE_POSTGRES_USERNAME and SESSILE_POSTGRES_PASSWORD are used. Throws `UsageError`, which names the
 * `option` and shows neither.
 */
export function parsePostgresUrl(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
  option = "--store",
): PostgresTarget {
  const refuse = (): never => {
    throw new UsageError(
      `${option} ${withoutPasswords(text)} is no usable Postgres URL; it must look like ${EXAMPLE}.`,
    );
  };
  const decoded = (part: string): string => {
    try {
      return decodeURIComponent(part);
    } catch {
      return refuse();
    }
  };
  const url = isPostgresUrl(text) && URL.canParse(text) ? new URL(text) : refuse();
  const database = decoded(url.pathname.slice(1));
  if (url.hostname === "" || database === "" || database.includes("/") || url.hash !== "") return refuse();
  const { sslmode = "disable", table, ...others } = Object.fromEntries(url.searchParams);
  const [other] = Object.keys(others);
  const name = withoutPasswords(text);
  if (other !== undefined) throw new UsageError(`${option} ${name}: there is no \`${other}\`; say sslmode or table.`);
  if (sslmode !== "disable" && sslmode !== "verify-full")
    throw new UsageError(
      `${option} ${name}: sslmode must be disable or verify-full; the others do not check who answers.`,
    );
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(url.port || 5432),
    user: decoded(url.username) || env["SESSILE_POSTGRES_USERNAME"],
    password: decoded(url.password) || env["SESSILE_POSTGRES_PASSWORD"],
    database,
    isTls: sslmode === "verify-full",
    table,
  };
}
