// Everything that `/metrics` shows, put together when somebody asks. Knows no HTTP.

import { setTimeout as wait } from "node:timers/promises";
import type { SessionStore, StoreStats } from "sessile";
import { ProcessGauges, storeGauges, upGauge } from "./gauges.ts";
import type { Metrics } from "./metrics.ts";
import { prometheusText } from "./prometheus-text.ts";

/** Longer, and a scrape would fail with all its other figures. */
const PATIENCE = 1000;

export class Exposition {
  readonly #metrics: Metrics;
  readonly #store: Pick<SessionStore, "stats">;
  readonly #isStoreUp: () => Promise<boolean>;
  readonly #process = new ProcessGauges();
  #asking: Promise<StoreStats | null> | null = null;

  /** `isStoreUp`: a store may tell its figures while it answers nobody else; must not reject. */
  constructor(metrics: Metrics, store: Pick<SessionStore, "stats">, isStoreUp: () => Promise<boolean>) {
    this.#metrics = metrics;
    this.#store = store;
    this.#isStoreUp = isStoreUp;
  }

  /** Prometheus' text format. Without the store's figures while it does not answer. */
  async text(): Promise<string> {
    const [stats, isUp] = await Promise.all([this.#stats(), this.#isStoreUp()]);
    const asked = stats === null ? [] : storeGauges(stats);
    return prometheusText(this.#metrics.snapshot(), [upGauge(isUp), ...asked, ...this.#process.read()]);
  }

  stop(): void {
    this.#process.stop();
  }

  /** Counting takes a while in a large file: however many ask, it is done once at a time. */
  #stats(): Promise<StoreStats | null> {
    this.#asking ??= this.#store
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
