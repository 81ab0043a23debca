// A source of changes and a store in a test's hands. They know no Redis.

import { memoryStore } from "sessile";
import type { SessionRecord, SessionStore } from "sessile/store";
import type { ChangeListener, ChangeSource } from "#dist/stores/cached/source.js";
import { CachedStore, type WatchedStore } from "#dist/stores/cached/store.js";

export class FakeSource implements ChangeSource {
  isOn = true;
  isClosed = false;
  problem = null;
  listener: ChangeListener = { changed() {}, reset() {} };

  start(listener: ChangeListener): void {
    this.listener = listener;
  }

  isCurrent(): boolean {
    return this.isOn;
  }

  close(): void {
    this.isClosed = true;
  }
}

export interface CachedBench {
  /** The store behind the cache. */
  readonly inner: WatchedStore;
  readonly source: FakeSource;
  readonly cached: CachedStore;
}

export function benchOver(
  inner: SessionStore = memoryStore(),
  { maxEntries = 1000, maxBytes = 1e9 }: { maxEntries?: number; maxBytes?: number } = {},
): CachedBench {
  const source = new FakeSource();
  const watched = inner as WatchedStore;
  return { inner: watched, source, cached: new CachedStore(watched, source, { maxEntries, maxBytes }) };
}

/** The record as a request with the right secret sees it: a copy where there is one. */
export async function read(store: SessionStore, sid: string): Promise<SessionRecord | null> {
  return store.peek?.(sid) ?? store.load(sid);
}

/** Lets everything go on that waits for nothing outside. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A store whose every load takes a copy where there is one. */
export function greedy(store: SessionStore): SessionStore {
  return new Proxy(store, {
    get(target, name: keyof SessionStore) {
      if (name === "load") return (sid: string) => read(target, sid);
      return target[name]?.bind(target);
    },
  });
}
