// Everything that `/metrics` shows, put together when somebody asks. Knows no HTTP.

import { setTimeout as wait } from "node:timers/promises";
import type { SessionStore, StoreStats } from "sessile/store";
import { ProcessGauges, storeGauges, upGauge } from "./gauges.ts";
import type { Metrics } from "./metrics.ts";
import { prometheusText } from "./prometheus-text.ts";

/** Longer, and a scrape would fail with all its other figures. */
const PATIENCE = 1000;

export interface ExpositionParts {
  readonly metrics: Metrics;
  readonly store: Pick<SessionStore, "stats">;
  /** A store may tell its figures while it answers nobody else; must not reject. */
  readonly isStoreUp: () => Promise<boolean>;
}

export class Exposition {
  readonly #parts: ExpositionParts;
  readonly #process = new ProcessGauges();
  #asking: Promise<StoreStats | null> | null = null;

  constructor(parts: ExpositionParts) {
    this.#parts = parts;
  }

  /** Prometheus' text format. Without the store's figures while it does not answer. */
  async text(): Promise<string> {
    const [stats, isUp] = await Promise.all([this.#stats(), this.#parts.isStoreUp()]);
    const asked = stats === null ? [] : storeGauges(stats);
    return prometheusText(this.#parts.metrics.snapshot(), [upGauge(isUp), ...asked, ...this.#process.read()]);
  }

  stop(): void {
    this.#process.stop();
  }

  /** Counting takes a while in a large file: however many ask, it is done once at a time. */
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
