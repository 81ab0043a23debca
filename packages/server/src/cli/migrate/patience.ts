// Helpers for long walks through a store: retries during an outage, work in parallel, pages that stop on request.

import { setTimeout as wait } from "node:timers/promises";
import { isSessionError } from "sessile";
import type { RecordPage, SessionRecord, SessionStore } from "sessile/store";

/** The longest outage that a walk survives, in milliseconds. */
const PATIENCE = 60_000;
const LONGEST_PAUSE = 2000;

/** The user pressed Ctrl-C. */
export class Stopped extends Error {}

/** Repeats `work`, which must be safe to run twice, until the store answers. */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  const until = performance.now() + PATIENCE;
  for (let pause = 50; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    try {
      return await work();
    } catch (error) {
      if (!isSessionError(error, "ERR_SESSION_STORE") || performance.now() > until) throw error;
      await wait(pause);
    }
  }
}

/** Runs `work` on each item, at most `most` of them at once. */
export async function inParallel<T>(items: Iterable<T>, most: number, work: (item: T) => Promise<void>): Promise<void> {
  const rest = items[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = rest.next(); !next.done; next = rest.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: most }, worker));
}

/** All records, page by page. Starts again where the store asks for it, so records may come twice. */
export async function* pagesOf(store: SessionStore, signal: AbortSignal): AsyncGenerator<readonly SessionRecord[]> {
  for (let after: string | null | undefined; after !== null; ) {
    if (signal.aborted) throw new Stopped();
    const page: RecordPage | "again" = await patiently(() => nextPage(store, after ?? undefined));
    if (page !== "again") yield page.records;
    after = page === "again" ? undefined : page.next;
  }
}

async function nextPage(store: SessionStore, after: string | undefined): Promise<RecordPage | "again"> {
  try {
    return await store.scan({ limit: 1000, ...(after !== undefined && { after }) });
  } catch (error) {
    if (after !== undefined && isSessionError(error, "ERR_SESSION_PAGE")) return "again";
    throw error;
  }
}
