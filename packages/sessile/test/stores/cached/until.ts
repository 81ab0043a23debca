// Waits for what Redis or the network do in their own time. Knows only the figures of the cache.

import type { SessionStore, StoreStats } from "sessile/store";
import { read } from "./fakes.ts";

export async function figures(store: SessionStore): Promise<NonNullable<StoreStats["cache"]>> {
  const { cache } = await store.stats();
  if (cache === undefined) throw new Error("there is no cache");
  return cache;
}

const PATIENCE = 60_000;

/** Looks at every turn, so that what is timed by this is timed well. */
export async function until(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  for (const end = performance.now() + PATIENCE; performance.now() < end; ) {
    if (await isSo()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error(`It never came that ${what}.`);
}

export function untilCoherent(store: SessionStore): Promise<void> {
  return until("the cache is coherent", async () => (await figures(store)).isCoherent);
}

/** There is a copy, which no word of the session's beginning will put out any more. */
export async function untilKept(store: SessionStore, sid: string): Promise<void> {
  const { hits } = await figures(store);
  await until("a copy is kept", async () => {
    await read(store, sid);
    return (await figures(store)).hits >= hits + 10;
  });
}
