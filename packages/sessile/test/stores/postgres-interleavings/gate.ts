// A port whose statements wait for permission, twice: to run inside a transaction, and to commit it. In between another
// statement may run, and may have to wait for a lock that this one holds.

import type { PoolClient } from "pg";
import type { PostgresPort, Running, Statement } from "#dist/stores/postgres/port.js";
import type { Fault } from "../interleavings/campaigns.ts";
import type { Waiting } from "../interleavings/explorer.ts";

/** Asks about backends, on a connection that no step uses. */
export interface Observer {
  isBlocked(pid: number): Promise<boolean>;
  terminate(pid: number): Promise<void>;
}

interface Backend {
  readonly client: PoolClient;
  readonly pid: number;
}

/** A statement that was sent and has not ended: another one holds a lock that it needs. */
interface Blocked {
  readonly pid: number;
  readonly ended: Promise<unknown>;
  isOver: boolean;
}

export class Gate {
  readonly #backends: readonly Backend[];
  readonly #observer: Observer;
  readonly #fault: Fault;
  readonly #waiting = new Set<Waiting>();
  readonly #blocked = new Set<Blocked>();
  readonly #steps: number[] = [];
  readonly #statements: number[] = [];
  readonly #last: Running["rows"][] = [];
  hasLost = false;
  /** How often a statement had to wait for another's lock. */
  waits = 0;

  /** A backend for each process. */
  constructor(backends: readonly Backend[], observer: Observer, fault: Fault) {
    this.#backends = backends;
    this.#observer = observer;
    this.#fault = fault;
  }

  waiting(): readonly Waiting[] {
    return [...this.#waiting];
  }

  /** The port of one process. */
  portOf(process: number): PostgresPort {
    return {
      run: (statements) => ({ rows: this.#runInTurn(process, statements[0] as Statement), abandon: () => {} }),
    };
  }

  /** A process has one connection. */
  #runInTurn(process: number, statement: Statement): Running["rows"] {
    const run = () => this.#run(process, statement);
    const rows = this.#last[process]?.then(run, run) ?? run();
    this.#last[process] = rows;
    return rows;
  }

  async #run(process: number, statement: Statement): Running["rows"] {
    const { client, pid } = this.#backends[process] as Backend;
    const at = (this.#statements[process] ?? 0) + 1;
    this.#statements[process] = at;
    const { loss } = this.#fault;
    const isLost = loss?.process === process && loss.at === at;
    if (isLost && !loss.isDone) {
      await this.#step(process, `lost ${statement.text}`, true, async () => {});
      throw this.#lose();
    }
    const query = { text: statement.text, values: [...statement.values], rowMode: "array" as const };
    if (statement.text.startsWith("SELECT pg_is_in_recovery()")) {
      const { rows } = await this.#step(process, statement.text, true, () => client.query(query));
      if (isLost) throw this.#lose();
      return rows as Awaited<Running["rows"]>;
    }
    let ended: Promise<{ rows: unknown[] }> | undefined;
    await this.#step(process, statement.text, false, async () => {
      await client.query("BEGIN ISOLATION LEVEL READ COMMITTED");
      const running = client.query(query);
      ended = running;
      await this.#untilOverOrBlocked({ pid, ended: running, isOver: false });
    });
    const { rows } = await (ended as unknown as Promise<{ rows: unknown[] }>);
    await this.#step(process, "COMMIT", false, async () => {
      await client.query("COMMIT");
      await this.#untilSettled();
    });
    if (isLost) throw this.#lose();
    return rows as Awaited<Running["rows"]>;
  }

  /** Resolves with what `act` returns, some time after it was released. Never after the process has crashed. */
  #step<T>(process: number, text: string, isRead: boolean, act: () => Promise<T>): Promise<T> {
    const number = (this.#steps[process] ?? 0) + 1;
    this.#steps[process] = number;
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        process,
        id: `${process}.${number}`,
        text: () => `${process}.${number} ${text.replaceAll(/\s+/g, " ").slice(0, 100)}`,
        keys: ["table"],
        isRead,
        release: async () => {
          this.#waiting.delete(waiting);
          const acted = await act().then(
            (value) => () => resolve(value),
            (error) => () => reject(error),
          );
          const { stop } = this.#fault;
          if (stop?.process !== process || stop.after !== number) return acted();
          this.#waiting.add({ ...waiting, id: `${process}.never` });
          await this.#crash(process);
        },
      };
      this.#waiting.add(waiting);
    });
  }

  async #crash(process: number): Promise<void> {
    await this.#observer.terminate((this.#backends[process] as Backend).pid);
    await this.#untilSettled();
  }

  /** One that ends may have been in the way of another for this moment only. */
  async #untilSettled(): Promise<void> {
    for (let before = 0; before !== this.#blocked.size; ) {
      before = this.#blocked.size;
      await Promise.all([...this.#blocked].map((each) => this.#untilOverOrBlocked(each)));
    }
  }

  async #untilOverOrBlocked(statement: Blocked): Promise<void> {
    const over = () => {
      statement.isOver = true;
      this.#blocked.delete(statement);
    };
    const ended = statement.ended.then(over, over);
    while (!statement.isOver) {
      const isBlocked = await Promise.race([ended.then(() => false), this.#observer.isBlocked(statement.pid)]);
      if (!isBlocked || statement.isOver) continue;
      if (!this.#blocked.has(statement)) this.waits++;
      this.#blocked.add(statement);
      return;
    }
    // The process that gets the answer goes on now.
    await new Promise((resolve) => setImmediate(resolve));
  }

  #lose(): Error {
    this.hasLost = true;
    // Not as a lost connection: what only reads would be sent again, after a while that no order has a place for.
    return Object.assign(new Error("the answer was lost"), { code: "XX000" });
  }
}
