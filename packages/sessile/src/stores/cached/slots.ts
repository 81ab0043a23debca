// Copies of records and loads under way, bounded by count and bytes. Knows neither where records come from nor when one is
// out of date: whoever does calls `forget`.

import type { SessionRecord } from "../../core/record.ts";

/** The copy of one session's record; `null` while its load is under way. */
export interface Slot {
  record: SessionRecord | null;
  bytes: number;
  wasUsed: boolean;
}

/** About what an object, its fixed fields and its place in the map take. */
const FIXED_BYTES = 800;

export class Slots {
  readonly #slots = new Map<string, Slot>();
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  bytes = 0;
  evictions = 0;

  constructor(maxEntries: number, maxBytes: number) {
    this.#maxEntries = maxEntries;
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#slots.size;
  }

  get(sid: string): Slot | undefined {
    return this.#slots.get(sid);
  }

  /** Keeps the record that `loading` brings, unless the slot is forgotten before: then it may be out of date. */
  add(sid: string, loading: Promise<SessionRecord | null>): void {
    const slot: Slot = { record: null, bytes: 0, wasUsed: false };
    this.#slots.set(sid, slot);
    loading.then(
      (record) => this.#settle(sid, slot, record),
      () => this.#settle(sid, slot, null),
    );
  }

  /** True when there was one. */
  forget(sid: string): boolean {
    this.bytes -= this.#slots.get(sid)?.bytes ?? 0;
    return this.#slots.delete(sid);
  }

  clear(): void {
    this.#slots.clear();
    this.bytes = 0;
  }

  /** Neither a failure nor "there is none" is kept: a session that begins elsewhere must be known at once. */
  #settle(sid: string, slot: Slot, record: SessionRecord | null): void {
    if (this.#slots.get(sid) !== slot) return;
    const bytes = record === null ? Number.POSITIVE_INFINITY : bytesOf(record);
    if (bytes > this.#maxBytes) {
      this.forget(sid);
      return;
    }
    slot.record = record;
    slot.bytes = bytes;
    this.bytes += bytes;
    this.#evict();
  }

  /** The oldest goes, but one that was used since it was looked at last gets a second chance: a hit costs no more than a flag. */
  #evict(): void {
    for (const [sid, slot] of this.#slots) {
      if (this.#slots.size <= this.#maxEntries && this.bytes <= this.#maxBytes) return;
      if (slot.wasUsed) {
        slot.wasUsed = false;
        this.#slots.delete(sid);
        this.#slots.set(sid, slot);
      } else if (this.forget(sid)) this.evictions++;
    }
  }
}

/** Text counts twice its length, as UTF-16. */
function bytesOf({ sid, userId, secretDigest, retiredDigests, data, device }: SessionRecord): number {
  const texts = [sid, userId ?? "", secretDigest, ...retiredDigests, data, device ?? ""];
  return FIXED_BYTES + texts.reduce((bytes, text) => bytes + 2 * text.length, 0);
}
