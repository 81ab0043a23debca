// Joins the explorer with the store: every run has keys of its own, and the operations of a scenario as its processes.

import type { SessionStore } from "sessile/store";
import { encodeRecord } from "#dist/stores/network/codec.js";
import { RedisKeys } from "#dist/stores/redis/keys.js";
import type { RedisPort } from "#dist/stores/redis/port.js";
import { RedisStore } from "#dist/stores/redis/store.js";
import type { Fault, Simulated } from "../interleavings/campaigns.ts";
import { type Execution, type Exploration, explore, type Waiting } from "../interleavings/explorer.ts";
import { judge, type Outcome } from "../interleavings/judge.ts";
import { FIRST, operate, type Scenario, USER, visitorsOf } from "../interleavings/scenario.ts";
import { Gate } from "./gate.ts";

export type MakeStore = (port: RedisPort, prefix: string) => SessionStore;

export interface Options extends Pick<Exploration, "most" | "isExhaustive"> {
  readonly makeStore?: MakeStore;
  readonly onEnd?: (outcomes: readonly Outcome[]) => void;
}

let runs = 0;

export const soundStore: MakeStore = (port, prefix) =>
  new RedisStore(port, { prefix, deadline: Number.POSITIVE_INFINITY });

/**
 * Runs every order of a scenario's commands, or `most` of them. Throws with the order of the first that breaks a
 * promise.
 */
export async function simulate(
  port: RedisPort,
  scenario: Scenario,
  fault: Fault = {},
  { makeStore = soundStore, onEnd = (_outcomes: readonly Outcome[]) => {}, ...options }: Options = {},
): Promise<Simulated> {
  let hasLost = false;
  const start = async (): Promise<Execution> => {
    const world = new World(port, scenario, makeStore, fault);
    await world.begin();
    return {
      waiting: () => world.waiting(),
      finish: async (trace) => {
        hasLost ||= world.gate.hasLost;
        onEnd(await world.finish(trace));
      },
    };
  };
  const explored = await explore({ start, ...options, ...(fault.stop && { stop: fault.stop }) });
  return { ...explored, hasLost };
}

class World {
  readonly gate: Gate;
  readonly #port: RedisPort;
  readonly #scenario: Scenario;
  readonly #makeStore: MakeStore;
  readonly #prefix = `run${runs++}:`;
  readonly #keys = new RedisKeys(this.#prefix);
  readonly #index = this.#keys.user(USER);
  readonly #store: SessionStore;
  readonly #outcomes: Outcome[];
  readonly #isCalm: boolean;

  constructor(port: RedisPort, scenario: Scenario, makeStore: MakeStore, { stop, loss }: Fault) {
    this.#isCalm = stop === undefined && loss === undefined;
    this.#port = port;
    this.#scenario = scenario;
    this.#makeStore = makeStore;
    this.gate = new Gate(port, this.#prefix, loss);
    this.#store = soundStore(withoutLayout(port), this.#prefix);
    this.#outcomes = scenario.kinds.map((kind) => ({ kind, status: "crashed" }));
  }

  /**
   * Of equal operations the first begins first: the other way round is the same with the names changed. That is not so
   * where one of them is to fail, or where their places in an order of age matter.
   */
  waiting(): readonly Waiting[] {
    const waiting = this.gate.waiting();
    const { kinds, limit } = this.#scenario;
    if (!this.#isCalm || limit !== undefined) return waiting;
    const beginning = waiting.filter(({ process, id }) => id === `${process}.1`);
    const isTwin = (a: Waiting, b: Waiting) => a.process < b.process && kinds[a.process] === kinds[b.process];
    return waiting.filter((each) => !beginning.includes(each) || !beginning.some((other) => isTwin(other, each)));
  }

  async begin(): Promise<void> {
    await this.#createFirst();
    const { kinds, limit, isOneProcess = false } = this.#scenario;
    const shared = this.#makeStore(this.gate.portOf(0), this.#prefix);
    for (const [process, kind] of kinds.entries()) {
      const store = isOneProcess ? shared : this.#makeStore(this.gate.portOf(process), this.#prefix);
      void operate(kind, process, store, limit).then(
        (value) => (this.#outcomes[process] = { kind, status: "returned", value }),
        () => (this.#outcomes[process] = { kind, status: "failed" }),
      );
    }
  }

  /** As `create` leaves it, in one round trip. */
  async #createFirst(): Promise<void> {
    const session = this.#keys.session(FIRST.sid);
    const set = ["SET", session, encodeRecord(FIRST), "PXAT", String(FIRST.absoluteExpiresAt)];
    for (const visitor of visitorsOf(this.#scenario)) await soundStore(this.#port, this.#prefix).create(visitor);
    if (this.#scenario.isIndexLost) return void (await this.#port.send(session, set));
    await Promise.all([
      this.#port.send(session, set),
      this.#port.send(this.#index, ["ZADD", this.#index, String(FIRST.createdAt), `c${FIRST.sid}`]),
    ]);
  }

  async finish(trace: readonly Waiting[]): Promise<readonly Outcome[]> {
    const members = async () => (await this.#port.send(this.#index, ["ZRANGE", this.#index, "0", "-1"])) as string[];
    const firstCommandOf = (process: number) => trace.findIndex((each) => each.process === process);
    const lastIndexCommandOf = (process: number) =>
      trace.findLastIndex(
        (each) => each.process === process && each.keys.some((key) => this.#prefix + key === this.#index),
      );
    const outcomes = [...this.#outcomes];
    try {
      await judge({
        scenario: this.#scenario,
        outcomes,
        isCalm: this.#isCalm,
        store: this.#store,
        members,
        firstCommandOf,
        lastIndexCommandOf,
      });
    } catch (error) {
      const order = trace.map(({ text }) => `  ${text()}`).join("\n");
      const said = outcomes.map((outcome, process) => `  ${process}: ${JSON.stringify(outcome)}`).join("\n");
      throw new Error(`${(error as Error).message}\nin ${this.#scenario.name}\n${order}\n${said}`, { cause: error });
    }
    return outcomes;
  }
}

/** Saves two commands a run. */
function withoutLayout(port: RedisPort): RedisPort {
  return { ...port, send: (key, args) => (key.endsWith("layout") ? Promise.resolve("OK") : port.send(key, args)) };
}
