// A map by sid, split into 3,844 small ones by the sid's first two characters: a walk can start at any sid, and no map
// is large enough for its rehash to stall the process.

/** The range of characters that base62 needs, with the gaps between digits, upper and lower case. */
const CHARACTERS = 75;

/** Sids are random, so shards are about equally large; and their order is the order of sids. */
function shardOf(sid: string): number {
  return (sid.charCodeAt(0) - 48) * CHARACTERS + sid.charCodeAt(1) - 48;
}

/** With a million sids a shard has 260, which are sorted or moved in well under a millisecond. */
export class SidMap<Value> {
  /** In the order of sids. */
  readonly #shards: (Map<string, Value> | undefined)[] = Array(CHARACTERS ** 2).fill(undefined);
  readonly #shardOf: (key: string) => number;
  size = 0;

  /** `shard` is for keys other than sids; those cannot be walked in order. */
  constructor(shard = shardOf) {
    this.#shardOf = shard;
  }

  get(sid: string): Value | undefined {
    return this.#shards[this.#shardOf(sid)]?.get(sid);
  }

  set(sid: string, value: Value): void {
    const index = this.#shardOf(sid);
    const shard = this.#shards[index] ?? new Map<string, Value>();
    this.#shards[index] = shard;
    const { size } = shard;
    this.size += shard.set(sid, value).size - size;
  }

  delete(sid: string): boolean {
    const isDeleted = this.#shards[this.#shardOf(sid)]?.delete(sid) === true;
    if (isDeleted) this.size--;
    return isDeleted;
  }

  clear(): void {
    this.#shards.fill(undefined);
    this.size = 0;
  }

  /** All entries. The map may be changed meanwhile: no entry that stays is missed. */
  *entries(): Generator<[string, Value]> {
    for (const shard of this.#shards) yield* shard ?? [];
  }

  /** The first `limit` sids after `after`, in their order. */
  following(after: string, limit: number): string[] {
    const found: string[] = [];
    for (let index = this.#shardOf(after) || 0; index < this.#shards.length && found.length < limit; index++) {
      const sids = [...(this.#shards[index]?.keys() ?? [])];
      found.push(...sids.filter((sid) => sid > after).sort());
    }
    return found.slice(0, limit);
  }
}
