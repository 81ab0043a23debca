// Which sessions were used last, of all that there are: found by a walk through the store, in the background. Knows no route.

import { setImmediate as letOthersRun } from "node:timers/promises";
import type { SessionInfo, SessionManager } from "sessile";
import { type Filter, suits } from "./browse.ts";

/** Sessions that are put in order. Whoever looks for more wants a filter. */
export const MOST_RANKED = 1000;
/** So old an order is still shown without a new walk: a session's last use is written down once a minute. */
const FRESH_TIME = 60_000;
/** Sessions of one step: a few milliseconds' work, and then others have their turn. */
const PAGE = 250;
/** Orders kept, one a filter. */
const MOST_KEPT = 8;

export interface Order {
  /** When the walk began that found it. */
  readonly at: number;
  /** How many sessions it looked at. */
  readonly examined: number;
  /** Latest use first. */
  readonly sids: readonly string[];
}

interface Look {
  /** The newest that there is. */
  readonly order: Order | null;
  /** How many sessions the walk under way has looked at; `null` when there is none. */
  readonly looking: number | null;
}

interface Walk {
  readonly key: string;
  examined: number;
}

/**
 * No store keeps its sessions in the order of their use: an index would cost every request a write. So all of them are looked at, but
 * only when somebody asks, one walk at a time for all who do.
 */
export class LastUsed {
  readonly #manager: SessionManager;
  readonly #clock: () => number;
  readonly #orders = new Map<string, Order>();
  #walk: Walk | null = null;
  #failure: { readonly key: string; readonly error: unknown } | null = null;

  constructor(manager: SessionManager, clock: () => number = Date.now) {
    this.#manager = manager;
    this.#clock = clock;
  }

  /**
   * What is known of the sessions that suit `filter`. Begins a walk when nothing is, when `again` says so, and when the beginning of the order is
   * asked for and old. Throws what the last walk failed with, once.
   */
  look(filter: Filter, { isBeginning, again }: { isBeginning: boolean; again: boolean }): Look {
    const key = JSON.stringify([filter.device, filter.usedWithin, filter.unusedFor, filter.kind]);
    this.#throwFailure(key);
    const order = this.#orders.get(key) ?? null;
    const isOld = order === null || again || (isBeginning && this.#clock() - order.at > FRESH_TIME);
    if (isOld && this.#walk === null) this.#begin(key, filter);
    const isAwaited = isOld || this.#walk?.key === key;
    return { order, looking: isAwaited ? (this.#walk?.examined ?? null) : null };
  }

  #throwFailure(key: string): void {
    if (this.#failure?.key !== key) return;
    const { error } = this.#failure;
    this.#failure = null;
    throw error;
  }

  #begin(key: string, filter: Filter): void {
    const walk: Walk = { key, examined: 0 };
    this.#walk = walk;
    this.#failure = null;
    this.#find(walk, filter)
      .then((order) => this.#keep(key, order))
      .catch((error: unknown) => {
        this.#failure = { key, error };
      })
      .finally(() => {
        this.#walk = null;
      });
  }

  #keep(key: string, order: Order): void {
    this.#orders.delete(key);
    this.#orders.set(key, order);
    const [oldest] = this.#orders.keys();
    if (this.#orders.size > MOST_KEPT && oldest !== undefined) this.#orders.delete(oldest);
  }

  async #find(walk: Walk, filter: Filter): Promise<Order> {
    const [at, ranking] = [this.#clock(), new Ranking()];
    let after: string | null = null;
    do {
      const { sessions, next } = await this.#manager.listAll({ limit: PAGE, ...(after !== null && { after }) });
      for (const session of sessions) if (suits(session, filter)) ranking.add(session);
      walk.examined += sessions.length;
      after = next;
      await letOthersRun(); // a store in memory answers before anybody else gets a turn
    } while (after !== null);
    return { at, examined: walk.examined, sids: ranking.sids() };
  }
}

/** The latest of many, in little room: twice as many as are wanted, then the earlier half goes. */
class Ranking {
  #usedAt = new Map<string, number>();
  #earliest = Number.NEGATIVE_INFINITY;

  add({ sid, lastSeenAt }: SessionInfo): void {
    if (lastSeenAt < this.#earliest) return;
    this.#usedAt.set(sid, lastSeenAt);
    if (this.#usedAt.size >= 2 * MOST_RANKED) this.#cut();
  }

  sids(): string[] {
    this.#cut();
    return [...this.#usedAt.keys()];
  }

  #cut(): void {
    const latest = [...this.#usedAt].sort(([, a], [, b]) => b - a).slice(0, MOST_RANKED);
    this.#usedAt = new Map(latest);
    if (latest.length === MOST_RANKED) this.#earliest = latest.at(-1)?.[1] ?? this.#earliest;
  }
}
