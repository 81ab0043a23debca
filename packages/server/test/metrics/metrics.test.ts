// The figures that the server counts, and their text for Prometheus.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isSessionError } from "sessile";
import { BUCKETS, FAMILIES } from "#dist/http/metrics/families.js";
import { storeGauges } from "#dist/http/metrics/gauges.js";
import { Metrics } from "#dist/http/metrics/metrics.js";
import { label, prometheusText } from "#dist/http/metrics/prometheus-text.js";
import { startApp } from "../support/app.ts";
import { call, signIn, signOut } from "../support/client.ts";

test("sessions are counted as they begin and end, by cause, and calls of the store as they are made", async () => {
  const { url, metrics, manager, feed, close } = await startApp();
  const [first, second] = [await signIn(url), await signIn(url)];
  await signOut(url, first);
  assert.equal(await manager.revokeUser("1"), 1);
  await call(url, "GET", "/profile", { "X-Session-Token": second });
  const { counters, histograms } = metrics.snapshot();
  assert.deepEqual(counters.sessile_sessions_created_total, { "": 2 });
  assert.deepEqual(counters.sessile_sessions_ended_total, { signedOut: 1, revoked: 1 });
  assert.deepEqual(counters.sessile_http_requests_total, { 200: 3, 401: 1 });
  const calls = Object.entries(histograms.sessile_store_duration_seconds ?? {}).map(([name, { count }]) => [
    name,
    count,
  ]);
  assert.deepEqual(Object.fromEntries(calls), { create: 2, load: 2, delete: 1, deleteByUser: 1 });
  assert.equal(histograms.sessile_http_duration_seconds?.["POST /login"]?.count, 2);
  assert.deepEqual(
    feed.last(3).map(({ event, number, userId }) => [number, event, userId]),
    [
      [4, "signedIn", "1"],
      [5, "signedOut", "1"],
      [6, "revoked", "1"],
    ],
  );
  await close();
});

test("a call that fails is timed and counted as a failure; a caller's mistake is not one", async () => {
  const { url, metrics, manager, store, close } = await startApp();
  const token = await signIn(url);
  store.fail("load");
  assert.equal((await call(url, "GET", "/profile", { "X-Session-Token": token })).status, 503);
  store.recover();
  await assert.rejects(manager.list("1", { after: "no cursor" }), (error) => isSessionError(error, "ERR_SESSION_PAGE"));
  const { counters } = metrics.snapshot();
  assert.deepEqual(counters.sessile_store_failures_total, { load: 1 });
  await close();
});

test("a duration is counted in the first bucket that holds it, and a snapshot is a copy", () => {
  const metrics = new Metrics();
  for (const seconds of [0, 0.0001, 0.00011, 0.3, 60])
    metrics.observe("sessile_store_duration_seconds", "load", seconds);
  const load = metrics.snapshot().histograms.sessile_store_duration_seconds?.["load"] ?? assert.fail();
  assert.deepEqual([load.counts[0], load.counts[1], load.counts[11], load.counts.at(-1)], [2, 1, 1, 1]);
  assert.deepEqual([load.count, load.sum], [5, 60.30021]);
  metrics.observe("sessile_store_duration_seconds", "load", 1);
  assert.equal(load.count, 5);
});

const CACHE = {
  isCoherent: true,
  problem: null,
  entries: 2,
  bytes: 900,
  hits: 5,
  misses: 3,
  invalidations: 1,
  evictions: 0,
  resets: 1,
} as const;

test("the text has every family from the start, cumulative buckets, and labels that cannot break out", () => {
  const metrics = new Metrics();
  for (const seconds of [0.00005, 0.2, 9]) metrics.observe("sessile_store_duration_seconds", "load", seconds);
  const stats = { kind: 'x"\\\n', sessions: 7, circuit: { state: "open", opened: 2 }, cache: CACHE } as const;
  const text = prometheusText(metrics.snapshot(), storeGauges(stats));
  for (const [name, { type }] of Object.entries(FAMILIES)) assert.ok(text.includes(`# TYPE ${name} ${type}\n`), name);
  for (const line of text.trimEnd().split("\n"))
    assert.match(line, /^(?:# (?:HELP|TYPE) \w+ .+|\w+(?:\{\w+="(?:[^"\\\n]|\\.)*"(?:,\w+="[^"]*")*\})? [\d.e+-]+)$/);
  assert.match(text, /^sessile_store_duration_seconds_bucket\{operation="load",le="0.0001"\} 1$/m);
  assert.match(text, /^sessile_store_duration_seconds_bucket\{operation="load",le="5"\} 2$/m);
  assert.match(text, /^sessile_store_duration_seconds_bucket\{operation="load",le="\+Inf"\} 3$/m);
  assert.match(text, /^sessile_store_duration_seconds_count\{operation="load"\} 3$/m);
  assert.match(text, /^sessile_sessions_created_total 0$/m);
  assert.match(text, /^sessile_store_circuit\{state="open"\} 1$/m);
  for (const [name, value] of [
    ["hits_total", 5],
    ["misses_total", 3],
    ["coherent", 1],
    ["entries", 2],
  ] as const)
    assert.match(text, new RegExp(`^sessile_cache_${name} ${value}$`, "m"));
  assert.ok(text.includes(`sessile_sessions{${label("store", stats.kind)}} 7\n`));
  assert.equal(text.match(/_bucket\{/g)?.length, BUCKETS.length + 1);
});
