// A store with copies of its records in this process, for `peek`. A source reports which of them are out of date.

import type { SessionDelta } from "../../core/delta.ts";
import type { SessionRecord } from "../../core/record.ts";
import type {
  Committed,
  Created,
  Page,
  RecordPage,
  SessionStore,
  StoreStats,
  StoreTouches,
  UserLimit,
} from "../../core/store.ts";
import { Copies } from "./copies.ts";
import type { ChangeListener, ChangeSource } from "./source.ts";

/** A store that can be watched, as what is behind a cache has to be. */
export type WatchedStore = SessionStore & Required<Pick<SessionStore, "watch">>;

/**
 * A copy may be given out because of three rules, which hold on their own:
 *
 * 1. A place for it is only made while the source reports changes, and before the load is sent. So every change that
 *    the load does not see comes after the place, and forgets it; also one that is reported before the load's answer.
 * 2. A lost source forgets every place, those of loads under way too.
 * 3. A write here forgets the place when its answer is there, whatever it is, before the caller gets it.
 */
export class CachedStore implements WatchedStore, ChangeListener {
  readonly #store: WatchedStore;
  readonly #source: ChangeSource;
  readonly #copies: Copies;
  /** Absent where the store has none. */
  readonly touch?: (touches: StoreTouches) => Promise<void>;
  readonly #counts = { hits: 0, misses: 0, invalidations: 0, resets: 0 };

  constructor(store: WatchedStore, source: ChangeSource, bounds: { maxEntries: number; maxBytes: number }) {
    this.#store = store;
    this.#source = source;
    this.#copies = new Copies(bounds.maxEntries, bounds.maxBytes);
    if (store.touch !== undefined) {
      const touch = store.touch.bind(store);
      this.touch = (touches) => touch(touches).finally(() => this.#forgetAll(touches.map(([sid]) => sid)));
    }
    source.start(this);
  }

  /** A load that begins while there is no place makes one; a load beside it is not kept. */
  load(sid: string): Promise<SessionRecord | null> {
    this.#counts.misses++;
    const copy = this.#copies.get(sid);
    if (copy?.record != null) return this.#loadAgain(sid, copy.record);
    const loading = this.#store.load(sid);
    if (copy === undefined && this.#source.isCurrent()) this.#copies.add(sid, loading);
    return loading;
  }

  peek(sid: string): SessionRecord | null {
    if (!this.#source.isCurrent()) return null;
    const copy = this.#copies.get(sid);
    if (copy?.record == null) return null;
    copy.wasUsed = true;
    this.#counts.hits++;
    return copy.record;
  }

  async create(record: SessionRecord, limit?: UserLimit): Promise<Created> {
    const created = await this.#store.create(record, limit);
    if (created.status === "created") for (const sid of created.evicted) this.#copies.forget(sid);
    return created;
  }

  async commit(sid: string, delta: SessionDelta, base?: SessionRecord): Promise<Committed> {
    try {
      const answer = await this.#store.commit(sid, delta, base);
      if (answer.status === "ok") for (const other of answer.evicted ?? []) this.#copies.forget(other);
      return answer;
    } finally {
      this.#copies.forget(sid);
    }
  }

  async delete(sid: string): Promise<boolean> {
    try {
      return await this.#store.delete(sid);
    } finally {
      this.#copies.forget(sid);
    }
  }

  list(userId: string, page?: Page): Promise<RecordPage> {
    return this.#store.list(userId, page);
  }

  scan(page?: Page): Promise<RecordPage> {
    return this.#store.scan(page);
  }

  async deleteByUser(userId: string, except?: string): Promise<readonly string[]> {
    return this.#forgetAll(await this.#store.deleteByUser(userId, except));
  }

  async deleteExpired(budget: { now: number; limit: number }): Promise<readonly string[]> {
    return this.#forgetAll(await this.#store.deleteExpired(budget));
  }

  async stats(): Promise<StoreStats> {
    const { size: entries, bytes, evictions } = this.#copies;
    const isCoherent = this.#source.isCurrent();
    const { problem } = this.#source;
    return {
      ...(await this.#store.stats()),
      cache: { isCoherent, problem, entries, bytes, evictions, ...this.#counts },
    };
  }

  watch(listener: (sid: string | null) => void): () => void {
    return this.#store.watch(listener);
  }

  async close(): Promise<void> {
    this.#source.close();
    this.#copies.clear();
    await this.#store.close();
  }

  changed(sid: string): void {
    if (this.#copies.forget(sid)) this.#counts.invalidations++;
  }

  reset(): void {
    this.#counts.resets++;
    this.#copies.clear();
  }

  /**
   * A copy that turns out to be outdated goes; one that is not stays, or a wrong secret could keep a session out of the
   * cache.
   */
  async #loadAgain(sid: string, copy: SessionRecord): Promise<SessionRecord | null> {
    const record = await this.#store.load(sid);
    if (record?.writes !== copy.writes) this.#copies.forget(sid);
    return record;
  }

  #forgetAll(sids: readonly string[]): readonly string[] {
    for (const sid of sids) this.#copies.forget(sid);
    return sids;
  }
}
