// A store that counts who asks it. Knows no store.

import type { SessionStore } from "../core/store.ts";
import { intercept, type StoreMethod } from "./intercepted-store.ts";

export interface Counting {
  /** How often `method` was called; all methods together when none is named. */
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
