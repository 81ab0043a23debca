// The port: all that the store asks of a Postgres client of any library.

/** A value of a parameter or a column. The store's statements have no other types than text. */
export type Value = string | null;

export interface Statement {
  /** Names the text; another text has another name. */
  readonly name: string;
  /** One statement of SQL, its parameters written `$1`, `$2`, … */
  readonly text: string;
  readonly values: readonly Value[];
}

export interface Manner {
  /** Prepare the statement under its name and keep it, or send it unnamed: some poolers lose named ones. */
  readonly isNamed: boolean;
  /** Surround the statements with `BEGIN ISOLATION LEVEL READ COMMITTED` and `COMMIT`. Always so for more than one. */
  readonly isTransaction: boolean;
}

/** Statements under way. */
export interface Running {
  /**
   * The rows of the last statement, each a list of its columns' values. An error of Postgres rejects, with its SQLSTATE
   * in the property `code`.
   */
  readonly rows: Promise<readonly (readonly Value[])[]>;
  /**
   * Nothing waits for the answer any more. An unsent statement is never sent, and a connection that still waits for an
   * answer is closed, if the library can do that.
   */
  abandon(): void;
}

/**
 * The store's way to Postgres. `postgresStore` makes one of a pool of `pg` or `postgres`, or of a PGlite; for another
 * library, write one and hand it in as `pool`.
 */
export interface PostgresPort {
  /** Sends the statements one after the other over one connection, once: none is sent again after a lost connection. */
  run(statements: readonly Statement[], manner: Manner): Running;
  /**
   * Listens to a channel on a connection of its own. Resolves when it does. Calls `onMessage` with each message, and with
   * `null` when the connection is lost; the store then begins anew. The function that is returned ends it. Without it,
   * open connections end half a second late.
   */
  listen?(channel: string, onMessage: (message: string | null) => void): Promise<() => void>;
}

/** The SQLSTATE of an error; empty when it is not one of Postgres. Names of system errors, such as `EPIPE`, have no digit. */
export function sqlStateOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && /^(?=.*\d)[0-9A-Z]{5}$/.test(code) ? code : "";
}
