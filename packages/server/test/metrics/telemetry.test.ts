// The figures and spans that reach OpenTelemetry where an application has set its SDK up.

import assert from "node:assert/strict";
import { test } from "node:test";
import { metrics, SpanStatusCode, trace } from "@opentelemetry/api";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { memoryStore } from "sessile";
import { FAMILIES } from "#dist/http/metrics/families.js";
import { measuredStore } from "#dist/http/metrics/measured-store.js";
import { Metrics } from "#dist/http/metrics/metrics.js";
import { telemetry } from "#dist/http/metrics/telemetry.js";
import { startApp } from "../support/app.ts";
import { profile, signIn, signOut } from "../support/client.ts";

const spans = new InMemorySpanExporter();
trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: spans })] }));
const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const provider = new MeterProvider({
  readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })],
});
metrics.setGlobalMeterProvider(provider);

interface Point {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly value: number | { readonly count: number };
}

async function exported(): Promise<Map<string, readonly Point[]>> {
  exporter.reset();
  await provider.forceFlush();
  const scopes = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
  const own = scopes.filter(({ scope }) => scope.name === "sessile").flatMap((scope) => scope.metrics);
  return new Map(own.map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints as readonly Point[]]));
}

test("N1: each call of the store is a span with its operation and what became of it, and nothing of the session", async () => {
  const { url, store, manager, close } = await startApp({ metrics: new Metrics(telemetry()) });
  spans.reset();
  const token = await signIn(url);
  await profile(url, token);
  await signOut(url, token);
  store.fail("load");
  await profile(url, token);
  store.recover();
  await assert.rejects(manager.list("1", { after: "no cursor" }));
  const seen = spans.getFinishedSpans();
  const told = ({ name, attributes, status }: ReadableSpan) => [
    name,
    attributes["sessile.status"] ?? null,
    status.code === SpanStatusCode.ERROR,
  ];
  assert.deepEqual(seen.map(told), [
    ["sessile create", "created", false],
    ["sessile load", null, false],
    ["sessile load", null, false],
    ["sessile delete", null, false],
    ["sessile load", null, true],
    ["sessile list", null, false],
  ]);
  for (const { attributes, events } of seen) {
    assert.deepEqual(
      Object.keys(attributes).filter((key) => !["sessile.operation", "sessile.status"].includes(key)),
      [],
    );
    assert.deepEqual(events, []);
  }
  await close();
});

test("touches that responses leave behind are a span of their own", async () => {
  const store = measuredStore(memoryStore(), new Metrics(telemetry()));
  spans.reset();
  await store.touch?.([]);
  assert.deepEqual(
    spans.getFinishedSpans().map(({ name }) => name),
    ["sessile touch"],
  );
});

test("every counter and histogram is there under its own name, with its label as an attribute", async () => {
  const { url, close } = await startApp({ metrics: new Metrics(telemetry()) });
  const token = await signIn(url);
  await signOut(url, token);
  const points = await exported();
  const names = new Set(
    Object.keys(FAMILIES).map((name) => name.replace(/_(total|seconds)$/, "").replaceAll("_", ".")),
  );
  assert.deepEqual(
    [...points.keys()].filter((name) => !names.has(name)),
    [],
  );
  const ended = points
    .get("sessile.sessions.ended")
    ?.find(({ attributes }) => attributes["sessile.cause"] === "signedOut");
  assert.ok(Number(ended?.value) >= 1);
  const loads = points
    .get("sessile.store.duration")
    ?.find(({ attributes }) => attributes["sessile.operation"] === "load");
  assert.ok(((loads?.value as { count: number } | undefined)?.count ?? 0) >= 1);
  assert.ok(Number(points.get("sessile.sessions.created")?.[0]?.value) >= 1);
  await close();
});
