// Everything that `/metrics` shows, put together when somebody asks. Knows no HTTP.

import { setTimeout as wait } from "node:timers/promises";
import type { SessionStore, StoreStats } from "sessile";
import { ProcessGauges, storeGauges, upGauge } from "./gauges.ts";
import type { Metrics } from "./metrics.ts";
import type { ProcessFigures, Wanted } from "./process-figures.ts";
import { type Gauge, prometheusText } from "./prometheus-text.ts";

/** Longer, and a scrape would fail with all its other figures. */
const PATIENCE = 1000;

/** The figures of all processes that serve together. */
export type Everyone = (what: Wanted) => Promise<ProcessFigures>;

export interface ExpositionParts {
  readonly metrics: Metrics;
  readonly store: Pick<SessionStore, "stats">;
  /** A store may tell its figures while it answers nobody else; must not reject. */
  readonly isStoreUp: () => Promise<boolean>;
  /** Given this process's own, finds those of all; by default there is no other. */
  readonly join?: (own: Everyone) => Everyone;
}

export class Exposition {
  readonly #parts: ExpositionParts;
  readonly #process = new ProcessGauges();
  #asking: Promise<StoreStats | null> | null = null;
  readonly everyone: Everyone;

  constructor(parts: ExpositionParts) {
    this.#parts = parts;
    const own: Everyone = (what) => this.#own(what);
    this.everyone = parts.join?.(own) ?? own;
  }

  /** Prometheus' text format. Without the store's figures while it does not answer. */
  async text(): Promise<string> {
    return textOf(await this.everyone("all"));
  }

  async #own(what: Wanted): Promise<ProcessFigures> {
    const gauges = what === "all" ? await this.#gauges() : [];
    return { counted: this.#parts.metrics.snapshot(), gauges };
  }

  async #gauges(): Promise<Gauge[]> {
    const [stats, isUp] = await Promise.all([this.#stats(), this.#parts.isStoreUp()]);
    const asked = stats === null ? [] : storeGauges(stats);
    return [upGauge(isUp), ...asked, ...this.#process.read()];
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

/** The figures as `/metrics` shows them. */
export function textOf({ counted, gauges }: ProcessFigures): string {
  return prometheusText(counted, gauges);
}
