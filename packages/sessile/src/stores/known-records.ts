// Records that were read before, so that one whose stored text did not change since need not be taken apart and checked again. Knows no
// store.

import type { SessionRecord } from "../core/record.ts";

interface Known {
  readonly record: SessionRecord;
  /** As it was stored; `null` where it was not kept, so that it cannot be compared. */
  readonly text: string | null;
  /** How often all were doubted before it was read or compared. */
  era: number;
}

/** Bytes of a generation; and about what a record takes of them apart from the texts that may be long. */
const MOST_BYTES = 56 * 1024 * 1024;
const FIXED_BYTES = 430;
const DIGEST_BYTES = 64;

/** Larger ones are read whole every time. */
const LONGEST_DATA = 1000;

/**
 * In two generations: once the young one is full, it becomes the old one, and what was not asked for since the last time is dropped with
 * the old one before. So nothing is ever looked for that could be dropped; in one map, the way to the oldest entry leads past the places
 * of all that were deleted before it.
 */
export class KnownRecords {
  #young = new Map<string, Known>();
  #old = new Map<string, Known>();
  /** Of the young generation. What was replaced or forgotten counts too, until it is full. */
  #bytes = 0;
  #era = 0;

  /** The record of `sid` when its text is still what it was; otherwise it is forgotten. Asks only about a record whose text is kept. */
  get(sid: string, textNow: () => string | null): SessionRecord | null {
    const known = this.#find(sid);
    if (known === undefined || known.text === null) return null;
    if (known.text === textNow()) {
      known.era = this.#era;
      return known.record;
    }
    this.forget(sid);
    return null;
  }

  /** The record of `sid` when it was read or compared after the last `doubt`. */
  sure(sid: string): SessionRecord | null {
    const known = this.#find(sid);
    return known?.era === this.#era ? known.record : null;
  }

  /** Any record may have changed. */
  doubt(): void {
    this.#era++;
  }

  /** This one has. */
  forget(sid: string): void {
    this.#young.delete(sid);
    this.#old.delete(sid);
  }

  has(sid: string): boolean {
    return this.#find(sid) !== undefined;
  }

  add(record: SessionRecord, text: string | null): void {
    if (record.data.length <= LONGEST_DATA) this.#put(record.sid, { record, text, era: this.#era });
  }

  #find(sid: string): Known | undefined {
    const known = this.#young.get(sid);
    if (known !== undefined) return known;
    const older = this.#old.get(sid);
    if (older !== undefined) this.#put(sid, older);
    return older;
  }

  #put(sid: string, known: Known): void {
    this.#young.set(sid, known);
    this.#bytes += bytesOf(known);
    if (this.#bytes <= MOST_BYTES) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#bytes = 0;
  }
}

/** Text counts twice its length, as UTF-16. */
function bytesOf({ record: { userId, data, device, retiredDigests }, text }: Known): number {
  const length = data.length + (userId?.length ?? 0) + (device?.length ?? 0) + (text?.length ?? 0);
  return FIXED_BYTES + 2 * length + DIGEST_BYTES * retiredDigests.length;
}
