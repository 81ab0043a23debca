// A PGlite, which is a Postgres inside this process, as a port. It runs one statement at a time.

import type { Manner, PostgresPort, Running, Statement, Value } from "../port.ts";

type Rows = readonly (readonly Value[])[];

interface Transaction {
  query(text: string, values: Value[], options: { readonly rowMode: "array" }): Promise<{ rows: Rows }>;
}

/** A `PGlite`, as far as the store uses it. */
export interface PgliteClient extends Transaction {
  readonly waitReady: Promise<unknown>;
  listen(channel: string, onMessage: (message: string) => void): Promise<() => Promise<void>>;
  transaction(run: (transaction: Transaction) => Promise<Rows>): Promise<unknown>;
}

export function isPglite(pool: unknown): pool is PgliteClient {
  const { query, transaction, waitReady } = (pool ?? {}) as Partial<PgliteClient>;
  return typeof query === "function" && typeof transaction === "function" && waitReady instanceof Promise;
}

export function pglitePort(client: PgliteClient): PostgresPort {
  return {
    run: (statements, manner) => {
      let isAbandoned = false;
      const send = (to: Transaction) => sendAll(to, statements, () => isAbandoned);
      const abandon = () => {
        isAbandoned = true;
      };
      return { rows: start(client, manner, send), abandon };
    },
    async listen(channel, onMessage) {
      const stop = await client.listen(channel, onMessage);
      return () => void stop().catch(() => {});
    },
  };
}

function start(
  client: PgliteClient,
  { isTransaction }: Manner,
  send: (to: Transaction) => Promise<Rows>,
): Running["rows"] {
  if (!isTransaction) return send(client);
  const inTransaction = async (transaction: Transaction) => {
    await transaction.query("SET TRANSACTION ISOLATION LEVEL READ COMMITTED", [], { rowMode: "array" });
    return send(transaction);
  };
  return client.transaction(inTransaction) as Promise<Rows>;
}

async function sendAll(to: Transaction, statements: readonly Statement[], isAbandoned: () => boolean): Promise<Rows> {
  let rows: Rows = [];
  for (const { text, values } of statements) {
    if (isAbandoned()) throw new Error("The deadline passed before the statement was sent.");
    rows = (await to.query(text, [...values], { rowMode: "array" })).rows;
  }
  return rows;
}
