// A program: what the lists of many sessions cost. Usage: measure-sessions.js SESSIONS STORE, the latter as `--store` has it.

import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import type { SessionStore } from "sessile";
import { sampleRecord } from "sessile/testing";
import { AS_STORED, openStore } from "#dist/ops/open-store.js";
import { type PageClient, REAL_TIME, startAdminApp } from "../admin-app.ts";

/** Records that are written at a time. */
const BATCH = 1000;

const [sessions = "1000000", option = "memory"] = process.argv.slice(2);
const number = Number(sessions);
const { store, name, close } = await openStore({ store: option, ...AS_STORED });
await fill(store);
const closers: (() => Promise<void>)[] = [];
const app = await startAdminApp({ after: (end) => closers.push(end) }, store, REAL_TIME);
const operator = await app.operator();
console.log(`${number} sessions, ${name}`);
await measurePages(operator);
await measureLastUsed(operator);
for (const end of [...closers, close]) await end();

async function fill(to: SessionStore): Promise<void> {
  const now = Date.now();
  for (let i = 0; i < number; i += BATCH) {
    const records = Array.from({ length: Math.min(BATCH, number - i) }, (_, j) => {
      const lastSeenAt = now - ((i + j) % 1_000_000);
      return sampleRecord({ userId: String((i + j) % 400_000), lastSeenAt, device: "Firefox on Linux" });
    });
    await Promise.all(records.map((record) => to.create(record)));
  }
}

/** Every page of a hundred, one after the other. */
async function measurePages(client: PageClient): Promise<void> {
  const times: number[] = [];
  let next: string | null = "";
  while (next !== null) {
    const begun = performance.now();
    const { body } = await client.ask("GET", `/sessions?limit=100${next && `&after=${next}`}`);
    times.push(performance.now() - begun);
    next = body.next;
  }
  const [first, last] = [median(times.slice(5, 105)), median(times.slice(-100))];
  console.log(`a page as stored  ${first.toFixed(1)} ms at the beginning, ${last.toFixed(1)} ms at the end, median`);
}

/** The walk that finds them, and what a request waits for the event loop meanwhile. */
async function measureLastUsed(client: PageClient): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const begun = performance.now();
  while ((await client.ask("GET", "/last-used?limit=1")).body.looking !== null) await pause(50);
  const took = performance.now() - begun;
  delay.disable();
  const times: number[] = [];
  for (let after = 0; after < 1000; after += 50) {
    const from = performance.now();
    await client.ask("GET", `/last-used?limit=50&after=${after}`);
    times.push(performance.now() - from);
  }
  const waits = `${(delay.percentile(50) / 1e6).toFixed(1)} ms, p99 ${(delay.percentile(99) / 1e6).toFixed(1)} ms`;
  console.log(`the order found   in ${(took / 1000).toFixed(1)} s; the event loop was held up for ${waits}, median`);
  console.log(`a page of it      ${median(times).toFixed(1)} ms, median`);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}
