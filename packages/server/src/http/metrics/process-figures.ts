// Everything that a process has to show, and how the figures of several come together. Knows no process.

import { type MetricsSnapshot, sumSnapshots } from "./metrics.ts";
import type { Gauge } from "./prometheus-text.ts";

/** The figures of one process, or of several together; JSON carries them from one to another. */
export interface ProcessFigures {
  readonly counted: MetricsSnapshot;
  readonly gauges: readonly Gauge[];
}

/** `counted` costs nothing; `all` asks the store too. */
export type Wanted = "counted" | "all";

export const NO_FIGURES: ProcessFigures = { counted: { counters: {}, histograms: {} }, gauges: [] };

/** Of processes that run, and of those that ended: of these only what is counted goes on, so that no counter ever falls. */
export function sumFigures(running: readonly ProcessFigures[], ended: readonly ProcessFigures[]): ProcessFigures {
  const counters = ended.map(({ gauges }) => gauges.filter(({ type }) => type === "counter"));
  return {
    counted: sumSnapshots([...running, ...ended].map(({ counted }) => counted)),
    gauges: sumGauges([...running.map(({ gauges }) => gauges), ...counters]),
  };
}

const TOGETHER = {
  sum: (a: number, b: number): number => a + b,
  least: Math.min,
  most: Math.max,
} as const;

function sumGauges(all: readonly (readonly Gauge[])[]): Gauge[] {
  const sums = new Map<string, Gauge>();
  for (const gauge of all.flat()) {
    const before = sums.get(gauge.name);
    sums.set(gauge.name, before === undefined ? gauge : { ...gauge, values: join(before, gauge) });
  }
  return [...sums.values()];
}

function join(before: Gauge, { together, values }: Gauge): Gauge["values"] {
  const joined = new Map(before.values);
  for (const [labels, value] of values) {
    const known = joined.get(labels);
    joined.set(labels, known === undefined ? value : TOGETHER[together](known, value));
  }
  return [...joined];
}
