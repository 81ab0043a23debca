// Copies of records, bounded by count and bytes. The caller loads the records and forgets a copy that is out of date.

import type { SessionRecord } from "../../core/record.ts";

/** The copy of one session's record; `record` is `null` while its load is under way. */
export interface Copy {
  record: SessionRecord | null;
  bytes: number;
  wasUsed: boolean;
}

/** About what an object, its fixed fields and its place in the map take. */
const FIXED_BYTES = 800;

export class Copies {
  readonly #copies = new Map<string, Copy>();
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  bytes = 0;
  evictions = 0;

  constructor(maxEntries: number, maxBytes: number) {
    this.#maxEntries = maxEntries;
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#copies.size;
  }

  get(sid: string): Copy | undefined {
    return this.#copies.get(sid);
  }

  /** Keeps the record that `loading` brings, unless its place is forgotten before: then it may be out of date. */
  add(sid: string, loading: Promise<SessionRecord | null>): void {
    const copy: Copy = { record: null, bytes: 0, wasUsed: false };
    this.#copies.set(sid, copy);
    loading.then(
      (record) => this.#settle(sid, copy, record),
      () => this.#settle(sid, copy, null),
    );
  }

  /** True when there was one. */
  forget(sid: string): boolean {
    this.bytes -= this.#copies.get(sid)?.bytes ?? 0;
    return this.#copies.delete(sid);
  }

  clear(): void {
    this.#copies.clear();
    this.bytes = 0;
  }

  /** Neither a failure nor "there is none" is kept: a session that begins elsewhere must be known at once. */
  #settle(sid: string, copy: Copy, record: SessionRecord | null): void {
    if (this.#copies.get(sid) !== copy) return;
    const bytes = record === null ? Number.POSITIVE_INFINITY : bytesOf(record);
    if (bytes > this.#maxBytes) return void this.forget(sid);
    copy.record = record;
    copy.bytes = bytes;
    this.bytes += bytes;
    this.#evict();
  }

  /**
   * The oldest goes, but one that was used since it was looked at last gets a second chance: a hit costs no more than a
   * flag.
   */
  #evict(): void {
    for (const [sid, copy] of this.#copies) {
      if (this.#copies.size <= this.#maxEntries && this.bytes <= this.#maxBytes) return;
      if (copy.wasUsed) {
        copy.wasUsed = false;
        this.#copies.delete(sid);
        this.#copies.set(sid, copy);
      } else if (this.forget(sid)) this.evictions++;
    }
  }
}

/** Text counts twice its length, as UTF-16. */
function bytesOf({ sid, userId, secretDigest, rotation, data, device }: SessionRecord): number {
  const digests = rotation === null ? [] : [rotation.family, rotation.offer ?? "", ...rotation.previous];
  const texts = [sid, userId ?? "", secretDigest, ...digests, data, device ?? ""];
  return FIXED_BYTES + 2 * texts.join("").length;
}
