// Joins the explorer with the store: every run has a file, and each process of a scenario its own connection to it. A
// transaction is three steps: it begins and does its work, it is committed, and the process gets its answer.

import { join } from "node:path";
import type { SessionStore } from "sessile/store";
import { temporaryFolder } from "sessile-test-support/folder";
import { openFile } from "#dist/stores/sqlite/database-file.js";
import { type OwnDatabase, rollback, type SqliteStatement } from "#dist/stores/sqlite/driver.js";
import { pragmas } from "#dist/stores/sqlite/pragmas.js";
import { execute, prepareStatements, type Statements } from "#dist/stores/sqlite/statements.js";
import { SqliteStore } from "#dist/stores/sqlite/store.js";
import type { Attempt, Step, Writer } from "#dist/stores/sqlite/write-queue.js";
import type { Fault, Simulated } from "../interleavings/campaigns.ts";
import { type Execution, explore, type Waiting } from "../interleavings/explorer.ts";
import { judge, type Outcome } from "../interleavings/judge.ts";
import { FIRST, operate, type Scenario, USER, visitorsOf } from "../interleavings/scenario.ts";

/** Statements in place of the store's own. */
export type FaultySql = Partial<Record<keyof Statements, string>>;

/** Turns of the event loop after a step, in which what it has answered goes on: a queue may wait for others. */
const TURNS = 6;

let files = 0;
const folder = temporaryFolder();
/** The files of the runs, which are used again and again. */
const free: File[] = [];

/** Runs every order of a scenario's steps, or `most` of them. Throws with the order of the first that breaks a promise. */
export async function simulate(
  scenario: Scenario,
  fault: Fault = {},
  { sql = {}, most }: { readonly sql?: FaultySql; readonly most?: number } = {},
): Promise<Simulated> {
  let hasLost = false;
  const start = async (): Promise<Execution> => {
    const file = free.pop() ?? new File(join(folder, `${files++}.db`));
    const world = new World(file, scenario, fault, sql);
    await world.begin();
    return {
      waiting: () => world.waiting(),
      finish: async (trace) => {
        hasLost ||= world.hasLost;
        await world.finish(trace);
        free.push(file);
      },
      abandon: async () => {
        file.rollback();
        free.push(file);
      },
    };
  };
  const { stop } = fault;
  const explored = await explore({ start, parallel: 4, ...(most && { most }), ...(stop && { stop }) });
  return { ...explored, hasLost };
}

interface Connection {
  readonly database: OwnDatabase;
  readonly statements: Statements;
}

class File {
  readonly #path: string;
  readonly #connections = new Map<number, Connection>();
  readonly observer: Connection;

  constructor(path: string) {
    this.#path = path;
    this.observer = connect(path);
  }

  /** The connection of one process. One with faulty statements is its own. */
  connectionOf(process: number, sql: FaultySql): Connection {
    const isFaulty = Object.keys(sql).length > 0;
    const connection = (isFaulty ? undefined : this.#connections.get(process)) ?? connect(this.#path, sql);
    this.#connections.set(process, connection);
    return connection;
  }

  /** As the system does when the process has crashed. */
  close(process: number): void {
    this.#connections.get(process)?.database.close();
    this.#connections.delete(process);
  }

  /** A run that was cut off may have left a transaction. */
  rollback(): void {
    for (const { database } of this.#connections.values()) rollback(database);
  }
}

class World {
  hasLost = false;
  readonly #file: File;
  readonly #scenario: Scenario;
  readonly #fault: Fault;
  readonly #sql: FaultySql;
  readonly #store: SessionStore;
  readonly #outcomes: Outcome[];
  readonly #waiting = new Set<Waiting & { readonly needsLock: boolean }>();
  readonly #steps: number[] = [];
  readonly #attempts: number[] = [];
  /** The process whose transaction is open. */
  #holder: number | null = null;

  constructor(file: File, scenario: Scenario, fault: Fault, sql: FaultySql) {
    this.#file = file;
    this.#scenario = scenario;
    this.#fault = fault;
    this.#sql = sql;
    this.#store = storeOver(file.observer, ungated(file.observer));
    this.#outcomes = scenario.kinds.map((kind) => ({ kind, status: "crashed" }));
  }

  /** Only one transaction is open at a time. Another begins when that one is over, as if it had waited. */
  waiting(): readonly Waiting[] {
    return [...this.#waiting].filter(({ needsLock }) => !needsLock || this.#holder === null);
  }

  async begin(): Promise<void> {
    const { kinds, limit, isOneProcess = false } = this.#scenario;
    this.#file.observer.database.exec("DELETE FROM sessile_sessions");
    for (const record of [FIRST, ...visitorsOf(this.#scenario)]) await this.#store.create(record);
    const shared = isOneProcess ? this.#storeOf(0) : null;
    for (const [process, kind] of kinds.entries()) {
      const store = shared ?? this.#storeOf(process);
      const operation = async () => {
        if (isOneProcess) await this.#step(process, "calls", { isRead: true }, () => {});
        return operate(kind, process, store, limit);
      };
      void operation().then(
        (value) => (this.#outcomes[process] = { kind, status: "returned", value }),
        () => (this.#outcomes[process] = { kind, status: "failed" }),
      );
    }
  }

  async finish(trace: readonly Waiting[]): Promise<void> {
    const outcomes = [...this.#outcomes];
    try {
      await judge({
        scenario: this.#scenario,
        outcomes,
        isCalm: this.#fault.stop === undefined && this.#fault.loss === undefined,
        store: this.#store,
        members: async () => (await this.#store.list(USER)).records.map(({ sid }) => `c${sid}`),
        firstCommandOf: (process) => trace.findIndex((each) => each.process === process),
        lastIndexCommandOf: (process) => trace.findLastIndex((each) => each.process === process),
      });
    } catch (error) {
      const order = trace.map(({ text }) => `  ${text()}`).join("\n");
      const said = outcomes.map((outcome, process) => `  ${process}: ${JSON.stringify(outcome)}`).join("\n");
      throw new Error(`${(error as Error).message}\nin ${this.#scenario.name}\n${order}\n${said}`, { cause: error });
    }
  }

  #storeOf(process: number): SessionStore {
    const connection = this.#file.connectionOf(process, this.#sql);
    const attempt = (steps: readonly Step[]) => this.#attempt(process, connection, steps);
    return storeOver(connection, attempt);
  }

  async #attempt(process: number, connection: Connection, steps: readonly Step[]): Promise<Attempt> {
    const at = (this.#attempts[process] ?? 0) + 1;
    this.#attempts[process] = at;
    const { loss } = this.#fault;
    const isLost = loss?.process === process && loss.at === at;
    const names = steps.map(([name]) => name).join(", ");
    const found = await this.#step(process, `begins ${names}`, { needsLock: true }, () => {
      this.#holder = process;
      return begin(connection, steps);
    });
    await this.#step(process, "commits", {}, () => {
      if (isLost && !loss.isDone) rollback(connection.database);
      else connection.database.exec("COMMIT");
      this.#holder = null;
    });
    // The rows are read anew in the turn in which the answer comes.
    await this.#step(process, "is answered", { isRead: true }, () => {});
    if (!isLost) return { status: "done", found };
    this.hasLost = true;
    return { status: "failed", error: new Error("the answer was lost"), isUndone: false };
  }

  /** Resolves with what `act` returns, some time after it was released. Never after the process has crashed. */
  #step<T>(
    process: number,
    text: string,
    { isRead = false, needsLock = false }: { readonly isRead?: boolean; readonly needsLock?: boolean },
    act: () => T,
  ): Promise<T> {
    const number = (this.#steps[process] ?? 0) + 1;
    this.#steps[process] = number;
    return new Promise((resolve) => {
      const waiting = {
        process,
        id: `${process}.${number}`,
        text: () => `${process}.${number} ${text}`,
        keys: ["file"],
        isRead,
        needsLock,
        release: async () => {
          this.#waiting.delete(waiting);
          const value = act();
          if (this.#isCrashedAfter(process, number)) this.#crash(process, waiting);
          else resolve(value);
          for (let turn = 0; turn < TURNS; turn++) await new Promise((next) => setImmediate(next));
        },
      };
      this.#waiting.add(waiting);
    });
  }

  #isCrashedAfter(process: number, number: number): boolean {
    const { stop } = this.#fault;
    return stop?.process === process && stop.after === number;
  }

  /** The system closes the file, which ends the transaction that was open. */
  #crash(process: number, waiting: Waiting): void {
    this.#waiting.add({ ...waiting, id: `${process}.never`, needsLock: false });
    this.#file.close(process);
    if (this.#holder === process) this.#holder = null;
  }
}

function connect(path: string, faulty: FaultySql = {}): Connection {
  return openFile(path, pragmas("NORMAL", 0), 0, (database) => {
    database.exec("PRAGMA synchronous = OFF");
    const statements: Record<string, SqliteStatement> = { ...prepareStatements(database) };
    for (const [name, sql] of Object.entries(faulty)) statements[name] = database.prepare(sql);
    return { database, statements: statements as Statements };
  });
}

function storeOver({ statements }: Connection, attempt: Writer["attempt"]): SessionStore {
  const writer: Writer = { isBlocking: false, attempt, close: async () => {} };
  const endless = Number.POSITIVE_INFINITY;
  return new SqliteStore({ statements, writer, file: null, busyTimeout: endless, maxCopyBytes: 1e6, release() {} });
}

function begin({ database, statements }: Connection, steps: readonly Step[]): string[][] {
  database.exec("BEGIN IMMEDIATE");
  return steps.map((step) => execute(statements, step));
}

/** Transactions that no order is about. */
function ungated(connection: Connection): Writer["attempt"] {
  return async (steps) => {
    const found = begin(connection, steps);
    connection.database.exec("COMMIT");
    return { status: "done", found };
  };
}
