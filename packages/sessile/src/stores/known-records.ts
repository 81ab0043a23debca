// Records that were read before, so that one whose stored text did not change since need not be taken apart and checked again. Knows no
// store.

import type { SessionRecord } from "../core/record.ts";

interface Known {
  readonly record: SessionRecord;
  /** As it was stored. */
  readonly text: string;
  /** How often all were doubted before it was read or compared. */
  era: number;
}

/** Together about 20 MB of records and their texts, most of them small; larger ones are read whole every time. */
const MOST = 10_000;
const LONGEST_DATA = 1000;

export class KnownRecords {
  readonly #known = new Map<string, Known>();
  #era = 0;

  /** The record of `sid` when its text is still what it was; otherwise it is forgotten. Asks only about a record that is known. */
  get(sid: string, textNow: () => string | null): SessionRecord | null {
    const known = this.#known.get(sid);
    if (known === undefined) return null;
    if (known.text === textNow()) {
      known.era = this.#era;
      return known.record;
    }
    this.#known.delete(sid);
    return null;
  }

  /** The record of `sid` when it was read or compared after the last `doubt`. */
  sure(sid: string): SessionRecord | null {
    const known = this.#known.get(sid);
    return known?.era === this.#era ? known.record : null;
  }

  /** Any record may have changed. */
  doubt(): void {
    this.#era++;
  }

  /** This one has. */
  forget(sid: string): void {
    this.#known.delete(sid);
  }

  /** The oldest goes when there are too many. */
  add(record: SessionRecord, textOf: () => string): void {
    if (record.data.length > LONGEST_DATA) return;
    this.#known.set(record.sid, { record, text: textOf(), era: this.#era });
    if (this.#known.size <= MOST) return;
    for (const oldest of this.#known.keys()) return void this.#known.delete(oldest);
  }
}
