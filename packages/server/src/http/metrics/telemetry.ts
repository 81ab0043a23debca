// The counters and histograms for OpenTelemetry. Without its SDK in the process this does nothing.

import { metrics } from "@opentelemetry/api";
import { BUCKETS, FAMILIES, type Family, type FamilyName } from "./families.ts";
import type { MetricsListener } from "./metrics.ts";

/**
 * Records every figure in OpenTelemetry under its own names: `sessile_store_duration_seconds` is
 * `sessile.store.duration`. Call it after the SDK is set up: earlier instruments have no effect.
 */
export function telemetry(): MetricsListener {
  const meter = metrics.getMeter("sessile");
  const instruments = Object.entries<Family>(FAMILIES).map(([name, { type, help: description }]) => {
    const histogram = { description, unit: "s", advice: { explicitBucketBoundaries: BUCKETS } };
    if (type === "counter") {
      const counter = meter.createCounter(otelName(name), { description });
      return [name, (value: number, attributes?: Record<string, string>) => counter.add(value, attributes)] as const;
    }
    const recorder = meter.createHistogram(otelName(name), histogram);
    return [name, (value: number, attributes?: Record<string, string>) => recorder.record(value, attributes)] as const;
  });
  const record = new Map<string, (value: number, attributes?: Record<string, string>) => void>(instruments);
  return (name, label, value) => record.get(name)?.(value, attributesOf(name, label));
}

function attributesOf(name: FamilyName, value: string): Record<string, string> | undefined {
  const { label } = FAMILIES[name] as Family;
  return label === undefined ? undefined : { [`sessile.${label}`]: value };
}

function otelName(name: string): string {
  return name.replace(/_(?:total|seconds)$/, "").replaceAll("_", ".");
}
