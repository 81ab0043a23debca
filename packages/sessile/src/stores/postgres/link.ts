// The store's way to Postgres: a deadline for every statement, a circuit breaker, no parameters in errors.
//
// A statement is sent again in two cases: a read after an outage, and one that Postgres refused before it did anything,
// because of a pooler that loses named statements or of a stricter isolation level. No other write is ever sent twice.

import type { Circuit } from "../network/breaker.ts";
import { Calls, type Engine } from "../network/calls.ts";
import { type Manner, type PostgresPort, type Running, type Statement, sqlStateOf, type Value } from "./port.ts";

/** A statement of the store, without its values. */
export interface Sql {
  /** For messages. */
  readonly doing: string;
  readonly name: string;
  readonly text: string;
  readonly isRead: boolean;
}

/**
 * No SQLSTATE is a lost connection. 08: connection exception; 53: too few connections or too little memory; 57P: the
 * server ends or begins. A full disk (53100) is none: reads and sign-outs go on.
 */
const POSTGRES: Engine = {
  name: "Postgres",
  isOutage: (error) => /^(?:|08...|53[^1]..|57P0[1-3])$/.test(sqlStateOf(error)),
  codeOf: sqlStateOf,
};

/** A pooler in transaction mode gave the statement a connection on which it was not prepared, or twice. */
const LOST_NAME = new Set(["26000", "42P05"]);
/** The isolation level is stricter than READ COMMITTED, and another transaction came first. */
const SERIALIZATION = "40001";

const ALL_OR_NOTHING: Manner = { isNamed: false, isTransaction: true };

export class PostgresLink {
  readonly #port: PostgresPort;
  readonly #calls: Calls;
  /** The quickest, until Postgres refuses it. */
  #manner: Manner = { isNamed: true, isTransaction: false };

  /** `deadline` in milliseconds holds for each statement; `Infinity` sets none. */
  constructor(port: PostgresPort, deadline: number) {
    this.#port = port;
    this.#calls = new Calls(POSTGRES, deadline);
  }

  get circuit(): Circuit {
    return this.#calls.circuit;
  }

  endsAt(): number {
    return this.#calls.endsAt();
  }

  /** The rows. Fails with `ERR_SESSION_STORE`, which means "unknown whether it was done". */
  run(sql: Sql, values: readonly Value[], endsAt = this.endsAt()): Running["rows"] {
    return this.#ask([{ ...sql, values }], sql, endsAt);
  }

  /** The same for several in one transaction. */
  runAll(statements: readonly Statement[], doing: string, endsAt: number): Running["rows"] {
    return this.#ask(statements, { doing, isRead: false }, endsAt);
  }

  #ask(
    statements: readonly Statement[],
    { doing, isRead }: Pick<Sql, "doing" | "isRead">,
    endsAt: number,
  ): Running["rows"] {
    let running: Running | undefined;
    const send = async (): Promise<Awaited<Running["rows"]>> => {
      const manner = statements.length === 1 ? this.#manner : ALL_OR_NOTHING;
      try {
        running = this.#port.run(statements, manner);
        return await running.rows;
      } catch (error) {
        if (!this.#adapts(manner, sqlStateOf(error))) throw error;
      }
      return send();
    };
    const args = () => statements.flatMap(({ values }) => values);
    return this.#calls.ask({ name: doing, args, endsAt, isRead, send, abandon: () => running?.abandon() });
  }

  /** Whether the statement should be sent in another manner, which is then the manner of all. */
  #adapts({ isNamed, isTransaction }: Manner, code: string): boolean {
    if (isNamed && LOST_NAME.has(code)) this.#manner = { ...this.#manner, isNamed: false };
    else if (!isTransaction && code === SERIALIZATION) this.#manner = { ...this.#manner, isTransaction: true };
    else return false;
    return true;
  }
}
