// How many sessions a well filled Redis holds, as people and Prometheus are told: about.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient } from "@redis/client";
import { redisStore } from "sessile/redis";
import { sampleRecord } from "sessile/testing";
import { startRedis } from "sessile-test-support/redis-server";
import { cli } from "../cli/cli.ts";
import { startServer } from "../support/server-process.ts";
import { freshStore } from "../support/stores.ts";

/** Fills a Redis with this many sessions, and nothing else of weight. */
async function fill(url: string, sessions: number): Promise<void> {
  const client = await createClient({ url }).connect();
  const store = redisStore({ client, deadline: 10_000 });
  await Promise.all(Array.from({ length: sessions }, () => store.create(sampleRecord({ userId: null }))));
  client.destroy();
}

test("the command line and the metrics tell about how many sessions a Redis with many keys holds", async (t) => {
  const store = await freshStore("redis");
  t.after(store.close);
  await fill(store.option, 3000);
  const { stdout } = await cli(["stats", "--store", store.option]);
  assert.match(stdout, /^records +about (?:2,900|3,000), estimated from a sample, expired ones included$/m);
  const figures = JSON.parse((await cli(["stats", "--store", store.option, "--json"])).stdout) as object;
  assert.deepEqual({ ...figures, records: 0 }, { ...figures, records: 0, is_estimate: true });
  const server = await startServer(["--store", store.option, "--metrics", "127.0.0.1:0"]);
  t.after(() => server.end("SIGKILL"));
  const url = metricsUrl(server.output().stdout);
  const text = await (await fetch(url)).text();
  assert.match(text, /^# HELP sessile_sessions .* Estimated where Redis holds many keys\.$/m);
  assert.match(text, /^sessile_sessions\{store="redis"\} (?:29|30)\d\d$/m);
});

test("the metrics say that a Redis is down although its other figures are still told", async (t) => {
  const redis = await startRedis();
  t.after(redis.close);
  const server = await startServer(["--store", redis.url, "--metrics", "127.0.0.1:0"]);
  t.after(() => server.end("SIGKILL"));
  const url = metricsUrl(server.output().stdout);
  assert.match(await (await fetch(url)).text(), /^sessile_store_up 1$/m);
  await redis.kill();
  const text = await (await fetch(url)).text();
  assert.match(text, /^sessile_store_up 0$/m);
  assert.match(text, /^sessile_store_circuit\{/m);
});

function metricsUrl(output: string): string {
  return /metrics {5}(http:\S+\/metrics)/.exec(output)?.[1] ?? assert.fail(output);
}
