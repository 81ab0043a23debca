// Counters and histograms in this process's memory, independent of sessions and of any format.

import { BUCKETS, type CounterName, type FamilyName, type HistogramName } from "./families.ts";

/** Number of durations up to each of `BUCKETS` seconds, and longer ones (last). */
export interface Histogram {
  readonly counts: readonly number[];
  /** The sum of all durations, in seconds. */
  readonly sum: number;
  readonly count: number;
}

/** All figures at one moment, by the value of their label, or `""`. */
export interface MetricsSnapshot {
  readonly counters: Readonly<Partial<Record<CounterName, Readonly<Record<string, number>>>>>;
  readonly histograms: Readonly<Partial<Record<HistogramName, Readonly<Record<string, Histogram>>>>>;
}

interface Timing {
  readonly counts: number[];
  sum: number;
  count: number;
}

/** Called for every new figure: the increment, or the seconds. */
export type MetricsListener = (name: FamilyName, label: string, value: number) => void;

export class Metrics {
  readonly #listener: MetricsListener;
  readonly #counters = new Map<CounterName, Map<string, number>>();
  readonly #histograms = new Map<HistogramName, Map<string, Timing>>();

  constructor(listener: MetricsListener = () => {}) {
    this.#listener = listener;
  }

  count(name: CounterName, label = "", by = 1): void {
    const counter = entry(this.#counters, name, () => new Map<string, number>());
    counter.set(label, (counter.get(label) ?? 0) + by);
    this.#listener(name, label, by);
  }

  /** Records one duration. */
  observe(name: HistogramName, label: string, seconds: number): void {
    const histogram = entry(this.#histograms, name, () => new Map<string, Timing>());
    const timing = entry(histogram, label, newTiming);
    const bucket = BUCKETS.findIndex((bound) => seconds <= bound);
    const index = bucket < 0 ? BUCKETS.length : bucket;
    timing.counts[index] = (timing.counts[index] as number) + 1;
    timing.sum += seconds;
    timing.count += 1;
    this.#listener(name, label, seconds);
  }

  /** The figures of this moment; later ones do not change it. */
  snapshot(): MetricsSnapshot {
    return structuredClone({ counters: toObject(this.#counters), histograms: toObject(this.#histograms) });
  }
}

function newTiming(): Timing {
  return { counts: new Array<number>(BUCKETS.length + 1).fill(0), sum: 0, count: 0 };
}

function entry<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const present = map.get(key);
  if (present !== undefined) return present;
  const value = make();
  map.set(key, value);
  return value;
}

function toObject<Value>(families: Map<string, Map<string, Value>>): Record<string, Record<string, Value>> {
  return Object.fromEntries([...families].map(([name, values]) => [name, Object.fromEntries(values)]));
}
