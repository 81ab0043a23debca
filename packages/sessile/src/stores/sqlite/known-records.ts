// Records that were read before, so that a row which did not change since need not be read whole and checked again. Knows no SQL.

import type { SessionRecord } from "../../core/record.ts";

/** Every commit counts the version up, and the checksum is over all fields: equal ones are one state of a record. */
export interface RowState {
  readonly version: unknown;
  readonly checksum: unknown;
}

interface Known extends RowState {
  readonly record: SessionRecord;
}

/** Together about 10 MB of records, most of them small; larger ones are read whole every time. */
const MOST = 10_000;
const LONGEST_DATA = 1000;

export class KnownRecords {
  readonly #known = new Map<string, Known>();

  has(sid: string): boolean {
    return this.#known.has(sid);
  }

  /** The record of `sid` when it is known in just this state; otherwise it is forgotten. */
  get(sid: string, state: RowState | null): SessionRecord | null {
    const known = this.#known.get(sid);
    const isSame = known?.version === state?.version && known?.checksum === state?.checksum;
    if (known !== undefined && isSame) return known.record;
    this.#known.delete(sid);
    return null;
  }

  /** The oldest goes when there are too many. */
  add(record: SessionRecord, { version, checksum }: RowState): void {
    if (record.data.length > LONGEST_DATA) return;
    this.#known.set(record.sid, { record, version, checksum });
    if (this.#known.size <= MOST) return;
    for (const oldest of this.#known.keys()) return void this.#known.delete(oldest);
  }
}
