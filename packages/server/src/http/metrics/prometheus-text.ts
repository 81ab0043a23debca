// The text format of Prometheus, version 0.0.4.

import { BUCKETS, FAMILIES, type Family, type FamilyName } from "./families.ts";
import type { Histogram, MetricsSnapshot } from "./metrics.ts";

/** A figure that is read when it is shown, such as the number of sessions. */
export interface Gauge {
  readonly name: string;
  readonly type: "gauge" | "counter";
  readonly help: string;
  /** Pairs of labels and value; without labels `[["", 1]]`. */
  readonly values: readonly (readonly [labels: string, value: number])[];
}

export const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/**
 * Every family is present from the start: a counter that appears with its first event hides that event from `rate()`.
 */
export function prometheusText(snapshot: MetricsSnapshot, gauges: readonly Gauge[]): string {
  const families = Object.entries<Family>(FAMILIES).map(([name, family]) =>
    describe(name, family.type, family.help, linesOf(name as FamilyName, family, snapshot)),
  );
  const asked = gauges.map(({ name, type, help, values }) =>
    describe(
      name,
      type,
      help,
      values.map(([labels, value]) => line(name, labels, value)),
    ),
  );
  return [...families, ...asked].join("");
}

/** One label with its escaped value. */
export function label(name: string, value: string): string {
  return `${name}="${value.replace(/[\\"\n]/g, (character) => (character === "\n" ? "\\n" : `\\${character}`))}"`;
}

function linesOf(name: FamilyName, family: Family, { counters, histograms }: MetricsSnapshot): string[] {
  const labelOf = (value: string): string => (family.label === undefined ? "" : label(family.label, value));
  if (family.type === "histogram") {
    const values = Object.entries<Histogram>((histograms as Record<string, Record<string, Histogram>>)[name] ?? {});
    return values.flatMap(([value, histogram]) => histogramLines(name, labelOf(value), histogram));
  }
  const none: Record<string, number> = family.label === undefined ? { "": 0 } : {};
  const values = (counters as Record<string, Record<string, number>>)[name] ?? none;
  return Object.entries(values).map(([value, count]) => line(name, labelOf(value), count));
}

function histogramLines(name: string, labels: string, { counts, sum, count }: Histogram): string[] {
  let below = 0;
  const bounds = [...BUCKETS.map(String), "+Inf"];
  const buckets = bounds.map((bound, index) => {
    below += counts[index] ?? 0;
    return line(`${name}_bucket`, [labels, label("le", bound)].filter(Boolean).join(","), below);
  });
  return [...buckets, line(`${name}_sum`, labels, sum), line(`${name}_count`, labels, count)];
}

function describe(name: string, type: string, help: string, lines: readonly string[]): string {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ""].join("\n");
}

function line(name: string, labels: string, value: number): string {
  return `${name}${labels === "" ? "" : `{${labels}}`} ${value}`;
}
