// Copies of the records that a store has read, with the text of each: a text that did not change is not parsed again.

import type { SessionRecord } from "../core/record.ts";

interface Known {
  readonly record: SessionRecord;
  readonly text: string;
}

/** About the size of a record without its texts. */
const FIXED_BYTES = 480;

/**
 * Two generations: a full young one becomes the old one, and the former old one is dropped, with all entries that were
 * not read meanwhile. In a single map, finding the oldest entry would pass the places of all entries deleted before it.
 */
export class KnownRecords {
  readonly #mostOfYoung: number;
  #young = new Map<string, Known>();
  #old = new Map<string, Known>();
  /** Bytes of the young generation, replaced entries included. */
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#mostOfYoung = maxBytes / 2;
  }

  /** The record of `sid` if it was made of `text`; otherwise drops it. */
  get(sid: string, text: string | null): SessionRecord | null {
    const young = this.#young.get(sid);
    const known = young ?? this.#old.get(sid);
    if (known === undefined) return null;
    if (known.text === text) {
      if (young === undefined) this.#put(sid, known);
      return known.record;
    }
    this.#young.delete(sid);
    this.#old.delete(sid);
    return null;
  }

  /** The text of which this very object was made; `null` where it is not at hand. */
  textOf(record: SessionRecord): string | null {
    const known = this.#young.get(record.sid) ?? this.#old.get(record.sid);
    return known?.record === record ? known.text : null;
  }

  add(record: SessionRecord, text: string): void {
    this.#put(record.sid, { record, text });
  }

  #put(sid: string, known: Known): void {
    const bytes = bytesOf(known);
    if (bytes > this.#mostOfYoung) return;
    if (this.#bytes + bytes > this.#mostOfYoung) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#bytes = 0;
    }
    this.#young.set(sid, known);
    this.#bytes += bytes;
  }
}

/** V8 stores a text that is all Latin-1 in one byte a character. The record holds a copy of its part of the text. */
function bytesOf({ record, text }: Known): number {
  const width = /[^\0-\xff]/.test(text) ? 2 : 1;
  return FIXED_BYTES + width * (text.length + record.data.length);
}
