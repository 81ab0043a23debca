// Values by sid, as a map, but one that can be walked from any sid on without looking at what comes before, and that never
// stops to rearrange itself as a large map does. Knows no session.

import { BASE62 } from "../core/random.ts";

/**
 * Keys that share a shard, on average, before the shards become more: few enough that to sort them, or to move them, takes
 * well under a millisecond; so many that the shards themselves take little.
 */
const SHARD_SIZE = 500;

const RANKS = Uint8Array.from({ length: 128 }, (_, code) => Math.max(BASE62.indexOf(String.fromCharCode(code)), 0));

/** Where a sid is among all that there can be, from 0 up to 1. Sids are random, so that as many are in each part. */
function placeOf(sid: string): number {
  return (rank(sid, 0) + (rank(sid, 1) + (rank(sid, 2) + rank(sid, 3) / 62) / 62) / 62) / 62;
}

function rank(sid: string, index: number): number {
  return RANKS[sid.charCodeAt(index) & 127] as number;
}

export class SidMap<Value> {
  /** In the order of sids. The first `#split` parts of `#parts` are in two halves already. */
  #shards = [new Map<string, Value>()];
  #parts = 1;
  #split = 0;
  readonly #placeOf: (key: string) => number;
  size = 0;

  /** `place`: for other keys than sids, which cannot be walked in order then. */
  constructor(place = placeOf) {
    this.#placeOf = place;
  }

  get(sid: string): Value | undefined {
    return this.#shardOf(sid).get(sid);
  }

  set(sid: string, value: Value): void {
    const shard = this.#shardOf(sid);
    const { size } = shard;
    this.size += shard.set(sid, value).size - size;
    if (this.size > this.#shards.length * SHARD_SIZE) this.#splitNext();
  }

  delete(sid: string): void {
    if (this.#shardOf(sid).delete(sid)) this.size--;
  }

  clear(): void {
    this.#shards = [new Map()];
    this.#parts = 1;
    this.#split = 0;
    this.size = 0;
  }

  /** All entries, in no order. May be changed meanwhile: then one may come twice, but none that stays is missed. */
  *entries(): Generator<[string, Value]> {
    for (let index = 0; index < this.#shards.length; index++) {
      const shard = this.#shards[index] as Map<string, Value>;
      yield* shard;
      if (this.#shards[index] !== shard) index--;
    }
  }

  /** The first `limit` sids after `after`, in their order. */
  following(after: string, limit: number): string[] {
    const found: string[] = [];
    for (let index = this.#indexOf(after); index < this.#shards.length && found.length < limit; index++) {
      const shard = this.#shards[index] as Map<string, Value>;
      const sids = [...shard.keys()].filter((sid) => sid > after).sort();
      found.push(...sids.slice(0, limit - found.length));
    }
    return found;
  }

  #shardOf(sid: string): Map<string, Value> {
    return this.#shards[this.#indexOf(sid)] as Map<string, Value>;
  }

  #indexOf(sid: string): number {
    const place = this.#placeOf(sid);
    const part = Math.floor(place * this.#parts);
    return part < this.#split ? Math.floor(place * this.#parts * 2) : part + this.#split;
  }

  /** Divides one part at a time (linear hashing, Litwin 1980), so that no `set` has to move more than one shard. */
  #splitNext(): void {
    const index = this.#split * 2;
    const shard = this.#shards[index] as Map<string, Value>;
    const entries = [...shard];
    shard.clear(); // or a walk that is under way would go on in what nobody keeps up to date
    this.#shards.splice(index, 1, new Map(), new Map());
    this.#split++;
    for (const [sid, value] of entries) this.#shardOf(sid).set(sid, value);
    if (this.#split === this.#parts) [this.#parts, this.#split] = [this.#parts * 2, 0];
  }
}
