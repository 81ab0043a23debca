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
  readonly #process = new ProcessGauges();
  #asking: Promise<StoreStats | null> | null = null;

  constructor(metrics: Metrics, store: Pick<SessionStore, "stats">) {
    this.#metrics = metrics;
    this.#store = store;
  }

  /** Prometheus' text format. Without the store's figures while it does not answer. */
  async text(): Promise<string> {
    const stats = await this.#stats();
    const asked = stats === null ? [] : storeGauges(stats);
    return prometheusText(this.#metrics.snapshot(), [upGauge(stats !== null), ...asked, ...this.#process.read()]);
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
