// A pool of `pg` as a port.

import { type Manner, type PostgresPort, type Running, type Statement, sqlStateOf, type Value } from "../port.ts";

/** A `Pool` of `pg`, as far as the store uses it. */
export interface PgPool {
  readonly totalCount: number;
  connect(): Promise<PgClient>;
}

/** Members of every pool that the types of `pg` lack. */
interface PoolParts {
  readonly Client: new (options: object) => SingleClient;
  readonly options: object;
}

interface SingleClient {
  connect(): Promise<unknown>;
  query(text: string): Promise<unknown>;
  on(event: "notification", listener: (message: { readonly payload?: string }) => void): unknown;
  on(event: "error" | "end", listener: () => void): unknown;
  end(): Promise<unknown>;
}

interface PgClient {
  query(query: object): Promise<{ readonly rows: readonly (readonly Value[])[] }>;
  on(event: "error", listener: () => void): unknown;
  off(event: "error", listener: () => void): unknown;
  release(isToBeClosed?: boolean): void;
}

export function isPgPool(pool: unknown): pool is PgPool {
  const { connect, totalCount } = (pool ?? {}) as Partial<PgPool>;
  return typeof connect === "function" && typeof totalCount === "number";
}

export function pgPort(pool: PgPool): PostgresPort {
  return {
    run: (statements, manner) => new Run(pool, statements, manner),
    listen: (channel, onMessage) => listen(pool as unknown as PoolParts, channel, onMessage),
  };
}

async function listen(
  { Client, options }: PoolParts,
  channel: string,
  onMessage: (message: string | null) => void,
): Promise<() => void> {
  const client = new Client(options);
  const stop = () => void client.end().catch(ignore);
  for (const event of ["error", "end"] as const) client.on(event, () => onMessage(null));
  client.on("notification", ({ payload }) => onMessage(payload ?? ""));
  try {
    await client.connect();
    await client.query(`LISTEN "${channel}"`);
  } catch (error) {
    stop();
    throw error;
  }
  return stop;
}

const BEGIN = { text: "BEGIN ISOLATION LEVEL READ COMMITTED" };
const COMMIT = { text: "COMMIT" };

class Run implements Running {
  readonly rows: Running["rows"];
  #client: PgClient | null = null;
  #isAbandoned = false;

  constructor(pool: PgPool, statements: readonly Statement[], manner: Manner) {
    this.rows = this.#run(pool, statements, manner);
  }

  abandon(): void {
    this.#isAbandoned = true;
    this.#release(true);
  }

  async #run(pool: PgPool, statements: readonly Statement[], manner: Manner): Running["rows"] {
    const client = await pool.connect();
    if (this.#isAbandoned) {
      client.release();
      throw new Error("The deadline passed before a connection was free.");
    }
    this.#client = client;
    client.on("error", ignore); // the pool's own listener is for clients that wait in it
    try {
      const rows = await this.#send(client, statements, manner);
      this.#release(false);
      return rows;
    } catch (error) {
      // After an error inside a transaction, and after a lost connection, the pool must not lend it again.
      this.#release(manner.isTransaction || sqlStateOf(error) === "");
      throw error;
    }
  }

  async #send(client: PgClient, statements: readonly Statement[], manner: Manner): Running["rows"] {
    if (manner.isTransaction) await this.#query(client, BEGIN);
    let rows: Awaited<Running["rows"]> = [];
    for (const { name, text, values } of statements) {
      const named = manner.isNamed ? { name } : {};
      rows = await this.#query(client, { ...named, text, values, rowMode: "array" });
    }
    if (manner.isTransaction) await this.#query(client, COMMIT);
    return rows;
  }

  async #query(client: PgClient, query: object): Running["rows"] {
    if (this.#isAbandoned) throw new Error("The deadline passed before the statement was sent.");
    return (await client.query(query)).rows;
  }

  #release(isToBeClosed: boolean): void {
    const client = this.#client;
    this.#client = null;
    if (!isToBeClosed) client?.off("error", ignore);
    client?.release(isToBeClosed);
  }
}

function ignore(): void {}
