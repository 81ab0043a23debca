// A client of `postgres` (Postgres.js) as a port. It cannot close one connection of its pool: a statement that ran out of
// time is cancelled by a message to the server instead, and where that hangs, its connection stays taken.

import { wrong } from "../../../core/options.ts";
import type { Manner, PostgresPort, Running, Statement, Value } from "../port.ts";

type Rows = readonly (readonly Value[])[];

interface Query {
  values(): Promise<Rows>;
  /** Called by `cancel()`, which drops its promise: without a server, its rejection would end this process. */
  canceller?: ((query: Query) => unknown) | null;
}

interface Transaction {
  unsafe(text: string, values: Value[], options: { readonly prepare: boolean }): Query;
}

/** The members of `postgres(…)` that the store uses. */
export interface PostgresJs extends Transaction {
  begin(options: string, run: (transaction: Transaction) => Promise<Rows>): Promise<unknown>;
  listen: Listen;
  readonly options: { readonly fetch_types?: boolean };
}

interface Listen {
  (
    channel: string,
    onMessage: (message: string) => void,
    onListen: () => void,
  ): Promise<{ unlisten(): Promise<unknown> }>;
  /** One attempt a channel, kept when it has failed: further listeners join it. */
  readonly channels?: Record<string, { listeners: readonly { readonly fn: unknown }[] }>;
}

export function isPostgresJs(pool: unknown): pool is PostgresJs {
  const { unsafe, begin } = (pool ?? {}) as Partial<PostgresJs>;
  return typeof pool === "function" && typeof unsafe === "function" && typeof begin === "function";
}

/** A connection that is lost while it fetches types rejects a promise that Postgres.js leaves alone. */
export function postgresJsPort(sql: PostgresJs): PostgresPort {
  if (sql.options.fetch_types !== false)
    throw wrong("pool", "made with `fetch_types: false`, or a connection that is lost while it opens ends the process");
  return {
    run: (statements, manner) => new Run(sql, statements, manner),
    listen: (channel, onMessage) => listen(sql.listen, channel, onMessage),
  };
}

/** Postgres.js listens again by itself when its connection is lost, as another listener, and calls `onListen` each time. */
async function listen(
  start: Listen,
  channel: string,
  onMessage: (message: string | null) => void,
): Promise<() => void> {
  let isFirst = true;
  const onListen = () => {
    if (!isFirst) onMessage(null);
    isFirst = false;
  };
  const listening = start(channel, onMessage, onListen);
  const attempt = start.channels?.[channel];
  try {
    const { unlisten } = await listening;
    return () => {
      const now = start.channels?.[channel];
      if (now !== undefined) now.listeners = now.listeners.filter(({ fn }) => fn !== onMessage);
      unlisten().catch(() => {});
    };
  } catch (error) {
    if (attempt !== undefined && start.channels?.[channel] === attempt) delete start.channels[channel];
    throw error;
  }
}

class Run implements Running {
  readonly rows: Running["rows"];
  #query: Query | undefined;
  #isAbandoned = false;

  constructor(sql: PostgresJs, statements: readonly Statement[], manner: Manner) {
    const send = (to: Transaction) => this.#send(to, statements, manner);
    this.rows = manner.isTransaction ? (sql.begin("isolation level read committed", send) as Promise<Rows>) : send(sql);
  }

  abandon(): void {
    this.#isAbandoned = true;
    const query = this.#query;
    if (typeof query?.canceller !== "function") return;
    const cancelling = query.canceller(query);
    query.canceller = null;
    Promise.resolve(cancelling).catch(() => {});
  }

  async #send(to: Transaction, statements: readonly Statement[], { isNamed }: Manner): Promise<Rows> {
    let rows: Rows = [];
    for (const { text, values } of statements) {
      if (this.#isAbandoned) throw new Error("The deadline passed before the statement was sent.");
      this.#query = to.unsafe(text, [...values], { prepare: isNamed });
      rows = await this.#query.values();
    }
    return rows;
  }
}
