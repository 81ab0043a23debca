// Copies of records that a store has read, with the text of each: a text that did not change is not parsed again. Knows
// no store.

import type { SessionRecord } from "../core/record.ts";

interface Known {
  readonly record: SessionRecord;
  readonly text: string;
}

/** About what a record takes, apart from its texts. */
const FIXED_BYTES = 480;

/**
 * In two generations: once the young one is full, it becomes the old one, and the old one before is dropped with all that
 * was not asked for meanwhile. In one map, the way to the oldest entry would lead past the places of all that were
 * deleted before it.
 */
export class KnownRecords {
  readonly #mostOfYoung: number;
  #young = new Map<string, Known>();
  #old = new Map<string, Known>();
  /** Of the young generation, with what was replaced in it. */
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#mostOfYoung = maxBytes / 2;
  }

  /** The record of `sid` when `text` is what it was made of; otherwise it is forgotten. */
  get(sid: string, text: string | null): SessionRecord | null {
    let known = this.#young.get(sid);
    if (known === undefined) {
      known = this.#old.get(sid);
      if (known !== undefined) this.#put(sid, known);
    }
    if (known === undefined) return null;
    if (known.text === text) return known.record;
    this.#young.delete(sid);
    this.#old.delete(sid);
    return null;
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

/** V8 keeps a text in one byte a character where none is beyond Latin-1. What the record has of it is a copy. */
function bytesOf({ record, text }: Known): number {
  const width = /[^\0-\xff]/.test(text) ? 2 : 1;
  return FIXED_BYTES + width * (text.length + record.data.length);
}
