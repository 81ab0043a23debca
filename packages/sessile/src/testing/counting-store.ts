// A store that counts its calls.

import type { SessionStore } from "../core/store.ts";
import { intercept, type StoreMethod } from "./intercepted-store.ts";

export interface Counting {
  /** Number of calls of `method`; of all methods together if none is named. */
  readonly calls: (method?: StoreMethod) => number;
}

/** `store` with counters. */
export function countingStore(store: SessionStore): SessionStore & Counting {
  const counts = new Map<StoreMethod, number>();
  const count = (method: StoreMethod): void => {
    counts.set(method, (counts.get(method) ?? 0) + 1);
  };
  return intercept(store, count, {
    calls: (method?: StoreMethod): number =>
      method === undefined ? [...counts.values()].reduce((sum, each) => sum + each, 0) : (counts.get(method) ?? 0),
  });
}
