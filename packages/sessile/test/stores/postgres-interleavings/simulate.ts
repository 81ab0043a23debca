// Joins the explorer with the store: every run has a table of its own, and each process of a scenario its own
// connection.

import pg from "pg";
import { postgresSchema } from "sessile/postgres";
import type { SessionStore } from "sessile/store";
import type { PostgresPort } from "#dist/stores/postgres/port.js";
import { VERSION } from "#dist/stores/postgres/sql.js";
import { PostgresStore } from "#dist/stores/postgres/store.js";
import type { Fault, Simulated } from "../interleavings/campaigns.ts";
import { type Execution, explore, type Waiting } from "../interleavings/explorer.ts";
import { judge, type Outcome } from "../interleavings/judge.ts";
import { FIRST, operate, type Scenario, USER, visitorsOf } from "../interleavings/scenario.ts";
import { Gate, type Observer } from "./gate.ts";

export type MakeStore = (port: PostgresPort, table: string) => SessionStore;

export interface SimulatedOnPostgres extends Simulated {
  /** How often a statement had to wait for another's lock, in all runs. */
  readonly waits: number;
}

export const soundStore: MakeStore = (port, table) =>
  new PostgresStore(withoutSchema(port), { table, deadline: Number.POSITIVE_INFINITY, announce: true });

const PARALLEL = 6;
const PROCESSES = 3;

/** The tables and connections of the runs, which are used again and again. */
export class Worlds {
  readonly pool: pg.Pool;
  readonly #free = Array.from({ length: PARALLEL }, (_, i) => `w${i}.sessions`);

  constructor(connectionString: string) {
    this.pool = new pg.Pool({ connectionString, max: PARALLEL * (PROCESSES + 2) });
    this.pool.on("error", () => {});
  }

  async begin(): Promise<void> {
    for (const table of this.#free) {
      await this.pool.query(`CREATE SCHEMA ${table.split(".")[0]}; ${postgresSchema(table)}`);
    }
  }

  /** Runs of a scenario that failed may still be at work. */
  async take(): Promise<string> {
    while (this.#free.length === 0) await new Promise((resolve) => setImmediate(resolve));
    return this.#free.pop() as string;
  }

  give(table: string): void {
    this.#free.push(table);
  }

  readonly observer: Observer = {
    isBlocked: async (pid) => {
      const { rows } = await this.pool.query("SELECT cardinality(pg_blocking_pids($1)) > 0 AS blocked", [pid]);
      return rows[0].blocked as boolean;
    },
    terminate: async (pid) => {
      await this.pool.query("SELECT pg_terminate_backend($1)", [pid]);
      const count = "SELECT count(*)::int AS count FROM pg_stat_activity WHERE pid = $1";
      while ((await this.pool.query(count, [pid])).rows[0].count > 0);
    },
  };
}

/**
 * Runs every order of a scenario's steps, or `most` of them. Throws with the order of the first that breaks a promise.
 */
export async function simulate(
  worlds: Worlds,
  scenario: Scenario,
  fault: Fault = {},
  { makeStore = soundStore, most }: { readonly makeStore?: MakeStore; readonly most?: number } = {},
): Promise<SimulatedOnPostgres> {
  let hasLost = false;
  let waits = 0;
  const start = async (): Promise<Execution> => {
    const world = new World(worlds, await worlds.take(), scenario, fault, makeStore);
    await world.begin();
    return {
      waiting: () => world.gate.waiting(),
      finish: async (trace) => {
        hasLost ||= world.gate.hasLost;
        waits += world.gate.waits;
        await world.finish(trace);
      },
      abandon: () => world.end(),
    };
  };
  const { stop } = fault;
  // Of two statements that wait for a third, either may go on first.
  const how = { start, parallel: PARALLEL, mayDiverge: true };
  const explored = await explore({ ...how, ...(most && { most }), ...(stop && { stop }) });
  return { ...explored, hasLost, waits };
}

class World {
  gate!: Gate;
  readonly #worlds: Worlds;
  readonly #scenario: Scenario;
  readonly #fault: Fault;
  readonly #makeStore: MakeStore;
  readonly #table: string;
  readonly #store: SessionStore;
  readonly #outcomes: Outcome[];
  #clients: readonly pg.PoolClient[] = [];

  constructor(worlds: Worlds, table: string, scenario: Scenario, fault: Fault, makeStore: MakeStore) {
    this.#worlds = worlds;
    this.#scenario = scenario;
    this.#fault = fault;
    this.#makeStore = makeStore;
    this.#table = table;
    this.#store = soundStore(portOf(worlds.pool), this.#table);
    this.#outcomes = scenario.kinds.map((kind) => ({ kind, status: "crashed" }));
  }

  async begin(): Promise<void> {
    const { kinds, limit } = this.#scenario;
    await this.#worlds.pool.query(`DELETE FROM ${this.#table}`);
    for (const record of [FIRST, ...visitorsOf(this.#scenario)]) await this.#store.create(record);
    this.#clients = await Promise.all(kinds.map(() => this.#worlds.pool.connect()));
    const backends = this.#clients.map((client) => {
      client.on("error", ignore);
      return { client, pid: (client as unknown as { processID: number }).processID };
    });
    this.gate = new Gate(backends, this.#worlds.observer, this.#fault);
    for (const [process, kind] of kinds.entries()) {
      const store = this.#makeStore(this.gate.portOf(process), this.#table);
      void operate(kind, process, store, limit).then(
        (value) => (this.#outcomes[process] = { kind, status: "returned", value }),
        () => (this.#outcomes[process] = { kind, status: "failed" }),
      );
    }
  }

  async finish(trace: readonly Waiting[]): Promise<void> {
    const members = async () => (await this.#store.list(USER)).records.map(({ sid }) => `c${sid}`);
    const outcomes = [...this.#outcomes];
    try {
      await judge({
        scenario: this.#scenario,
        outcomes,
        isCalm: this.#fault.stop === undefined && this.#fault.loss === undefined,
        store: this.#store,
        members,
        firstCommandOf: (process) => trace.findIndex((each) => each.process === process),
        lastIndexCommandOf: (process) => trace.findLastIndex((each) => each.process === process),
      });
    } catch (error) {
      const order = trace.map(({ text }) => `  ${text()}`).join("\n");
      const said = outcomes.map((outcome, process) => `  ${process}: ${JSON.stringify(outcome)}`).join("\n");
      throw new Error(`${(error as Error).message}\nin ${this.#scenario.name}\n${order}\n${said}`, { cause: error });
    } finally {
      await this.end();
    }
  }

  /** A connection in a transaction is closed, which ends what it did. */
  async end(): Promise<void> {
    // All at once: one may wait for a lock that another holds.
    const ends = this.#clients.map(async (client) => {
      const isIdle = (await client.query("ROLLBACK").catch(() => null)) !== null;
      if (isIdle) client.off("error", ignore);
      client.release(!isIdle);
    });
    await Promise.all(ends);
    this.#worlds.give(this.#table);
  }
}

function ignore(): void {}

/** A port that nothing gates. */
function portOf(pool: pg.Pool): PostgresPort {
  return {
    run: ([statement]) => ({
      rows: pool
        .query({ text: statement?.text ?? "", values: [...(statement?.values ?? [])], rowMode: "array" })
        .then(({ rows }) => rows as (string | null)[][]),
      abandon: () => {},
    }),
  };
}

/** Saves two statements a run. */
function withoutSchema(port: PostgresPort): PostgresPort {
  return {
    run: (statements, manner) => {
      const text = statements[0]?.text ?? "";
      const answer = (row: string[]) => ({ rows: Promise.resolve([row]), abandon: () => {} });
      if (text.includes("server_encoding")) return answer(["false", "UTF8", "version"]);
      return text.includes("_version") ? answer([String(VERSION)]) : port.run(statements, manner);
    },
  };
}
