// Records the figures of the server every few seconds, and keeps an hour of them.

import type { StoreStats } from "sessile/store";
import type { MetricsSnapshot } from "../../http/metrics/metrics.ts";
import type { Figures } from "../api.ts";
import { figuresOf, type Moment } from "./figures.ts";

export const INTERVAL = 5000;
const HOUR = 60 * 60 * 1000;
/** Counting a million rows blocks an event loop for some milliseconds: it may take at most this share of the time. */
const COUNTING_SHARE = 1 / 1000;

export interface RecorderParts {
  readonly counted: () => MetricsSnapshot;
  readonly stats: () => Promise<StoreStats>;
  /** Whether the store answers; must not reject. */
  readonly isStoreUp: () => Promise<boolean>;
  readonly clock?: () => number;
}

export class Recorder {
  readonly #parts: RecorderParts;
  readonly #clock: () => number;
  readonly #listeners = new Set<(figures: Figures) => void>();
  #history: Figures[] = [];
  #last: Moment | null = null;
  #stats: StoreStats | null = null;
  #countAgainAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #isBusy = false;

  constructor(parts: RecorderParts) {
    this.#parts = parts;
    this.#clock = parts.clock ?? Date.now;
  }

  /** Resolves after the first moment is recorded; figures come after the first interval. */
  async start(): Promise<void> {
    await this.take();
    this.#timer = setInterval(() => void this.take(), INTERVAL).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#listeners.clear();
  }

  /** Oldest first, at most an hour. */
  get history(): readonly Figures[] {
    return this.#history;
  }

  /** The store's last figures; `null` until it first answered. */
  get stats(): StoreStats | null {
    return this.#stats;
  }

  /** Calls `listener` with each new interval; the returned function ends the subscription. */
  subscribe(listener: (figures: Figures) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ends an interval. While one call runs, further ones do nothing. */
  async take(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    const moment = await this.#look();
    const [from, to] = [this.#last, moment];
    this.#last = moment;
    this.#isBusy = false;
    if (from !== null) this.#keep(figuresOf(from, to));
  }

  #keep(figures: Figures): void {
    const oldest = figures.at - HOUR;
    this.#history = [...this.#history.filter(({ at }) => at > oldest), figures].slice(-HOUR / INTERVAL);
    for (const listener of this.#listeners) listener(figures);
  }

  async #look(): Promise<Moment> {
    const isStoreUp = await this.#parts.isStoreUp();
    if (isStoreUp && performance.now() >= this.#countAgainAt) await this.#count();
    const { sessions = null, cache } = this.#stats ?? {};
    const { hits = 0, misses = 0 } = cache ?? {};
    const live = isStoreUp ? sessions : null;
    return { at: this.#clock(), live, hits, misses, isStoreUp, counted: this.#parts.counted() };
  }

  async #count(): Promise<void> {
    const begun = performance.now();
    this.#stats = await this.#parts.stats().catch(() => this.#stats);
    const ended = performance.now();
    this.#countAgainAt = ended + (ended - begun) / COUNTING_SHARE - INTERVAL;
  }
}
