// Detects clients that present many invalid tokens or API keys. An alarm, not a defence: tokens cannot be guessed, and
// slowing an address down would affect every client behind it.

import { networkOf, SUBSCRIBER } from "../../config/ip-address.ts";
import type { SecurityLog } from "./security-log.ts";

/** Number of invalid tokens of one client in one minute that is logged. Clients with an old token send a few. */
const BURST = 100;
/** Number of clients counted separately in a minute; all others are counted together. */
const MAX_CLIENTS = 10_000;
const MINUTE = 60_000;
const OTHERS = "others";

export class InvalidTokens {
  readonly #security: SecurityLog;
  readonly #clock: () => number;
  readonly #event: "invalidTokenBurst" | "invalidKeyBurst";
  readonly #counts = new Map<string, number>();
  #minute = 0;

  constructor(
    security: SecurityLog,
    clock: () => number = Date.now,
    event: "invalidTokenBurst" | "invalidKeyBurst" = "invalidTokenBurst",
  ) {
    this.#security = security;
    this.#clock = clock;
    this.#event = event;
  }

  /** Number of clients counted now; bounded. */
  get size(): number {
    return this.#counts.size;
  }

  /** Counts one invalid token of a client, and writes at most one line a minute and client about a burst. */
  count(address: string): void {
    this.#forgetLastMinute();
    const client = networkOf(address, SUBSCRIBER);
    const key = this.#counts.has(client) || this.#counts.size < MAX_CLIENTS ? client : OTHERS;
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    if (count === BURST) this.#security.write(this.#event, { actor: "unknown", count });
  }

  #forgetLastMinute(): void {
    const minute = Math.floor(this.#clock() / MINUTE);
    if (minute === this.#minute) return;
    this.#minute = minute;
    this.#counts.clear();
  }
}
