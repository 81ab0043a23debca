// The parts of the overview: figures by the interval, an hour of them at most, and a stream that ends when it must.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { testClock } from "sessile/testing";
import { waitUntil } from "sessile-test-support/wait-until";
import { figuresOf, quantile } from "#dist/console/live/figures.js";
import { INTERVAL, Recorder } from "#dist/console/live/recorder.js";
import { Watchers } from "#dist/console/live/watchers.js";
import { EventFeed } from "#dist/http/metrics/event-feed.js";
import { Metrics } from "#dist/http/metrics/metrics.js";
import { AS_STORED, openStore } from "#dist/store/open-store.js";
import { openSocket } from "../support/raw.ts";
import { freshStore, KINDS } from "../support/stores.ts";
import { startAdminApp } from "./admin-app.ts";

function recorderWith({ stats = async () => ({ kind: "memory", sessions: 3 }), isStoreUp = async () => true } = {}) {
  const [metrics, clock] = [new Metrics(), testClock()];
  const recorder = new Recorder({ counted: () => metrics.snapshot(), stats, isStoreUp, clock: clock.now });
  const take = async (): Promise<void> => {
    clock.advance(INTERVAL);
    await recorder.take();
  };
  return { metrics, clock, recorder, take };
}

test("figures are what happened between two moments, and not since the start", async () => {
  const { metrics, recorder, take } = recorderWith();
  metrics.count("sessile_security_events_total", "signedIn", 5);
  await take();
  metrics.count("sessile_security_events_total", "signedIn", 2);
  metrics.count("sessile_sessions_ended_total", "reuse");
  metrics.count("sessile_http_requests_total", "503", 4);
  metrics.count("sessile_http_requests_total", "404", 9);
  await take();
  await take();
  const [first, second] = recorder.history;
  assert.deepEqual(
    [first?.signIns, first?.ended.reuse, first?.ended.expired, first?.errors, first?.live],
    [2, 1, 0, 4, 3],
  );
  assert.deepEqual([second?.signIns, second?.ended.reuse, second?.errors], [0, 0, 0]);
});

test("an hour of figures is kept, and no more", async () => {
  const { recorder, take, clock } = recorderWith();
  for (let i = 0; i < 800; i++) await take();
  assert.equal(recorder.history.length, 720);
  clock.advance(2 * 60 * 60 * 1000);
  await take();
  assert.equal(recorder.history.length, 1, "also when nobody looked for two hours");
});

test("the overview is sent compressed, and an hour of busy figures is 15 kB at most", async (t) => {
  const { metrics, recorder, take } = recorderWith();
  for (let i = 0; i < 720; i++) {
    metrics.count("sessile_security_events_total", "signedIn", (i * 7919) % 977);
    metrics.count("sessile_sessions_ended_total", "signedOut", (i * 104_729) % 881);
    await take();
  }
  assert.ok(gzipSync(JSON.stringify(recorder.history)).length <= 15_000);

  const { operator } = await startAdminApp(t);
  const client = await operator();
  const packed = await client.ask("GET", "/overview", undefined, { "accept-encoding": "gzip" });
  const plain = await client.ask("GET", "/overview", undefined, { "accept-encoding": "identity" });
  assert.deepEqual(
    [packed, plain].map(({ headers }) => headers.get("content-encoding")),
    ["gzip", null],
  );
  assert.equal(packed.headers.get("content-type"), plain.headers.get("content-type"));
  assert.deepEqual(Object.keys(packed.body), Object.keys(plain.body));
});

test("while the store is down nothing is counted, the interval says so, and the page is not held up", async () => {
  let isUp = false;
  let asked = 0;
  const stats = async () => ({ kind: "memory", sessions: ++asked });
  const { recorder, take } = recorderWith({ stats, isStoreUp: async () => isUp });
  await take();
  await take();
  isUp = true;
  await take();
  const seen = recorder.history.map(({ isStoreUp, live }) => [isStoreUp, live]);
  assert.deepEqual(
    [seen, asked],
    [
      [
        [false, null],
        [true, 1],
      ],
      1,
    ],
  );
});

test("a store that counts slowly is asked rarely", async () => {
  let asked = 0;
  const stats = async () => {
    asked++;
    const end = performance.now() + 40;
    while (performance.now() < end);
    return { kind: "sqlite", sessions: 1_000_000 };
  };
  const { recorder, take } = recorderWith({ stats });
  for (let i = 0; i < 5; i++) await take();
  assert.equal(asked, 1);
  assert.equal(recorder.history.at(-1)?.live, 1_000_000);
});

test("latencies are those of the calls that a request waits for, spread evenly over their buckets", () => {
  const metrics = new Metrics();
  const moment = () => ({ at: 0, live: null, hits: 0, misses: 0, isStoreUp: true, counted: metrics.snapshot() });
  const before = moment();
  for (let i = 0; i < 99; i++) metrics.observe("sessile_store_duration_seconds", "load", 0.0004);
  metrics.observe("sessile_store_duration_seconds", "commit", 0.2);
  metrics.observe("sessile_store_duration_seconds", "deleteExpired", 3);
  const { p50, p99 } = figuresOf(before, moment());
  assert.ok(p50 !== null && p50 > 0.25 && p50 < 0.5, String(p50));
  assert.equal(p99, 0.5);
  assert.equal(quantile([0, 0], 0.5), null);
});

test("a page that does not read is let go, others are not held up, and the fifty-first is refused", async () => {
  const { recorder, take } = recorderWith();
  const watchers = new Watchers({ recorder, feed: new EventFeed(), nameOf: () => null });
  const streams = Array.from({ length: 50 }, () => watchers.add());
  assert.equal(watchers.add(), null);
  const [idle, ...reading] = streams;
  for (const stream of reading) stream?.resume();
  for (let i = 0; i < 2000; i++) {
    await take();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(idle?.destroyed, true);
  assert.equal(watchers.size, 49);
  assert.equal(reading[0]?.destroyed, false);
  watchers.close();
});

for (const store of KINDS) {
  test(`L1: the stream tells what happens to sessions, without a secret, and ends with the administrator's session, on ${store}`, async (t) => {
    const fresh = await freshStore(store);
    const opened = await openStore({ store: fresh.option, ...AS_STORED });
    const app = await startAdminApp(t, opened.store);
    t.after(async () => {
      await opened.close();
      await fresh.close();
    });
    const operator = await app.operator();
    const response = await fetch(`${app.url}/admin/api/events`, { headers: { cookie: operator.cookie } });
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    assert.equal(response.headers.get("set-cookie"), null);
    let text = "";
    const ended = (async () => {
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>)
        text += new TextDecoder().decode(chunk);
    })();
    const { sid, token } = await app.mint(String(app.user("alice").id));
    await app.manager.revoke(sid);
    await waitUntil("the stream tells of the end", () => text.includes('"revoked"'));
    const activity = [...text.matchAll(/event: activity\ndata: (.*)\n\n/g)].flatMap(([, data]) =>
      JSON.parse(data as string),
    );
    assert.deepEqual(
      activity.map(({ kind, userName }) => [kind, userName]),
      [
        ["signedIn", "alice"],
        ["revoked", "alice"],
      ],
    );
    assert.ok(!text.includes(token.slice(26, 60)));
    await operator.ask("POST", "/sign-out");
    await ended;
  });
}

test("L1: the stream tells nothing more to who lost the right, although the page asks for nothing", async () => {
  const app = await startAdminApp({ after });
  const operator = await app.operator("ruth");
  const response = await fetch(`${app.url}/admin/api/events`, { headers: { cookie: operator.cookie } });
  app.users.setAdmin(app.user("ruth"), false);
  await app.mint(String(app.user("alice").id));
  const text = await response.text(); // it ends
  assert.equal(text, ": open\n\n");
  assert.equal((await operator.ask("GET", "/events")).status, 403);
});

test("a stream that is asked for by HEAD, or left at any moment, keeps no place", async (t) => {
  const app = await startAdminApp(t);
  const { cookie } = await app.operator();
  const url = `${app.url}/admin/api/events`;
  for (let i = 0; i < 60; i++) await fetch(url, { method: "HEAD", headers: { cookie } });
  const visits = Array.from({ length: 300 }, async (_, i) => {
    const socket = openSocket(app.url);
    socket.write(`GET /admin/api/events HTTP/1.1\r\nHost: x\r\nCookie: ${cookie}\r\n\r\n`);
    for (let turns = i % 30; turns > 0; turns--) await turn();
    socket.resetAndDestroy();
  });
  await Promise.all(visits);
  await waitUntil("all places are free", async () => {
    const leave = new AbortController();
    const pages = Array.from({ length: 50 }, () => fetch(url, { headers: { cookie }, signal: leave.signal }));
    const statuses = (await Promise.all(pages)).map(({ status }) => status);
    leave.abort();
    return statuses.every((status) => status === 200);
  });
});

test("M6: an open page does not keep the server from stopping", async () => {
  const opened: (() => Promise<void>)[] = [];
  const app = await startAdminApp({ after: (close) => opened.push(close) });
  const operator = await app.operator();
  const response = await fetch(`${app.url}/admin/api/events`, { headers: { cookie: operator.cookie } });
  const body = response.text();
  await app.app.close();
  assert.match(await body, /^: open/);
  for (const close of opened) await close();
});
