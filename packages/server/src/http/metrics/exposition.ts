// The text of `/metrics`, made on request.

import { setTimeout as wait } from "node:timers/promises";
import type { SessionStore, StoreStats } from "sessile/store";
import { ProcessGauges, storeGauges, upGauge } from "./gauges.ts";
import type { Metrics } from "./metrics.ts";
import { prometheusText } from "./prometheus-text.ts";

/** A longer wait would make the scrape fail, and with it all other figures. */
const PATIENCE = 1000;

export interface ExpositionParts {
  readonly metrics: Metrics;
  readonly store: Pick<SessionStore, "stats">;
  /** A store may return its figures while it answers no other call; must not reject. */
  readonly isStoreUp: () => Promise<boolean>;
}

export class Exposition {
  readonly #parts: ExpositionParts;
  readonly #process = new ProcessGauges();
  #asking: Promise<StoreStats | null> | null = null;

  constructor(parts: ExpositionParts) {
    this.#parts = parts;
  }

  /** Prometheus' text format. Leaves out the store's figures while the store does not answer. */
  async text(): Promise<string> {
    const [stats, isUp] = await Promise.all([this.#stats(), this.#parts.isStoreUp()]);
    const asked = stats === null ? [] : storeGauges(stats);
    return prometheusText(this.#parts.metrics.snapshot(), [upGauge(isUp), ...asked, ...this.#process.read()]);
  }

  stop(): void {
    this.#process.stop();
  }

  /** Counting takes a while in a large file, so simultaneous requests share one count. */
  #stats(): Promise<StoreStats | null> {
    this.#asking ??= this.#parts.store
      .stats()
      .catch(() => null)
      .finally(() => {
        this.#asking = null;
      });
    const timer = new AbortController();
    const outOfPatience = wait(PATIENCE, null, { signal: timer.signal }).catch(() => null);
    return Promise.race([this.#asking, outOfPatience]).finally(() => timer.abort());
  }
}
