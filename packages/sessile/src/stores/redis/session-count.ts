// The number of sessions in a Redis: counted if it holds few keys, otherwise estimated from a sample. No request waits
// for it.

import type { StoreStats } from "../../core/store.ts";
import { isSid } from "../../core/token.ts";
import type { RedisKeys } from "./keys.ts";
import { type Ask, primariesOf, type RedisLink } from "./link.ts";
import type { RedisPort } from "./port.ts";

export type Count = Pick<StoreStats, "sessions" | "isEstimate">;

/** About as many keys of each primary are looked at. */
const SAMPLE = 1000;
/** Milliseconds during which the last number is returned without asking Redis again. */
const INTERVAL = 10_000;

const UNKNOWN: Count = { sessions: null };

/** Costs Redis as much with a hundred million keys as with a thousand. */
export class SessionCount {
  readonly #port: RedisPort;
  readonly #keys: RedisKeys;
  readonly #link: RedisLink;
  readonly #now: () => number;
  #last: Promise<Count> = Promise.resolve(UNKNOWN);
  #askAgainAt = Number.NEGATIVE_INFINITY;

  constructor(port: RedisPort, keys: RedisKeys, link: RedisLink, now: () => number = () => performance.now()) {
    this.#port = port;
    this.#keys = keys;
    this.#link = link;
    this.#now = now;
  }

  /** Does not fail: where Redis may not be asked (`DBSIZE`, `SCAN`) or does not answer in time, nothing is known. */
  read(): Promise<Count> {
    if (this.#now() < this.#askAgainAt) return this.#last;
    this.#askAgainAt = this.#now() + INTERVAL;
    this.#last = this.#ask();
    return this.#last;
  }

  /** Past the breaker: these answers are no sign of how the commands of requests fare. */
  async #ask(): Promise<Count> {
    if (!this.#link.isAnswering) return UNKNOWN;
    return this.#link.through(() => this.#count(), "DBSIZE").catch(() => UNKNOWN);
  }

  async #count(): Promise<Count> {
    const counts = await Promise.all(primariesOf(this.#port).map((ask) => countOn(ask, this.#keys.stored)));
    const sessions = Math.round(counts.reduce((sum, each) => sum + each.sessions, 0));
    if (Number.isNaN(sessions)) return UNKNOWN; // a page without any key, as there may be while Redis makes its table smaller
    return counts.every(({ isExact }) => isExact) ? { sessions } : { sessions, isEstimate: true };
  }
}

/** The number of keys times the share of sessions among the first. Redis keeps keys in the order of their hashes. */
async function countOn(ask: Ask, stored: string): Promise<{ sessions: number; isExact: boolean }> {
  const [size, page] = await Promise.all([ask("DBSIZE"), ask("SCAN", "0", "COUNT", String(SAMPLE))]);
  const [next, shown] = page as [unknown, readonly unknown[]];
  const keys = [...new Set(shown.map(String))];
  const found = keys.filter((key) => key.startsWith(stored) && isSid(key.slice(stored.length))).length;
  const isExact = String(next) === "0";
  return { sessions: isExact ? found : (Number(size) * found) / keys.length, isExact };
}
