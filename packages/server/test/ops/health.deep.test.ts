// M7: alive is who answers; ready is whose store answers in time and who is not stopping.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStore } from "sessile";
import { countingStore, pausingStore } from "sessile/testing";
import { startApp } from "../support/app.ts";
import { call, signIn } from "../support/client.ts";
import { startTunedServer } from "../support/server-process.ts";
import { freshStore } from "../support/stores.ts";

test("M7: with the store down the server is alive and not ready, and ready again when it is back", async () => {
  const { url, store, close } = await startApp();
  for (const [isDown, status] of [
    [true, 503],
    [false, 200],
  ] as const) {
    if (isDown) store.fail();
    else store.recover();
    assert.equal((await call(url, "GET", "/health/live")).status, 200);
    const ready = await call(url, "GET", "/health/ready");
    assert.deepEqual(
      [ready.status, ready.body],
      [status, isDown ? { detail: "Store unavailable" } : { status: "ready" }],
    );
  }
  await close();
});

test("M7: a store that hangs is not ready within the server's own patience, and is asked once however many ask", async () => {
  const counting = countingStore(memoryStore());
  const store = pausingStore(counting);
  const { url, close } = await startApp({ manager: { store } });
  const gate = store.pause("load");
  const answers = await Promise.all(Array.from({ length: 20 }, () => call(url, "GET", "/health/ready")));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [503]);
  gate.open();
  assert.equal((await call(url, "GET", "/health/ready")).status, 200);
  assert.equal(counting.calls("load"), 2, "once by the twenty, once now");
  await close();
});

test("M7: liveness never asks the store, whatever token comes along", async () => {
  const { url, store, close } = await startApp();
  const token = await signIn(url);
  store.fail();
  const { status } = await call(url, "GET", "/health/live", { "X-Session-Token": token });
  assert.equal(status, 200);
  store.recover();
  await close();
});

test("M7: a real Redis that goes away", async (t) => {
  const store = await freshStore("redis");
  const server = await startTunedServer(["--store", store.option, "--log-level", "silent"]);
  t.after(() => server.end("SIGKILL"));
  assert.equal((await call(server.url, "GET", "/health/ready")).status, 200);
  await store.close();
  while ((await call(server.url, "GET", "/health/ready")).status === 200);
  assert.equal((await call(server.url, "GET", "/health/live")).status, 200);
  assert.equal(await server.end(), 0);
});

test("M6: told to stop with a delay, the server says not ready and goes on serving", async (t) => {
  const server = await startTunedServer(["--store", "memory", "--log-level", "silent", "--stop-delay", "60s"]);
  t.after(() => server.end("SIGKILL"));
  const token = await signIn(server.url);
  server.signal("SIGTERM");
  while ((await call(server.url, "GET", "/health/ready")).status === 200);
  const { body } = await call(server.url, "GET", "/health/ready");
  assert.deepEqual(body, { detail: "Stopping" });
  assert.equal((await call(server.url, "GET", "/profile", { "X-Session-Token": token })).status, 200);
  assert.equal((await call(server.url, "GET", "/health/live")).status, 200);
});

test("M6: when the delay is over, the server ends", async () => {
  const server = await startTunedServer(["--store", "memory", "--log-level", "silent", "--stop-delay", "300ms"]);
  const start = performance.now();
  assert.equal(await server.end(), 0);
  assert.ok(performance.now() - start >= 300);
});
