// A program: what the lists of many sessions cost. Usage: measure-sessions.js SESSIONS STORE, the latter as `--store`
// has it.

import type { SessionStore } from "sessile/store";
import { sampleRecord } from "sessile/testing";
import { AS_STORED, openStore } from "#dist/store/open-store.js";
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

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}
