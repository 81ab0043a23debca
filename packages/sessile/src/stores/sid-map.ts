// Values by sid, as a map, but one that can be walked from any sid on without looking at what comes before, and that never
// stops to rearrange itself as a large map does. Knows no session.

/** Base62 has as many characters, and a few more between them: so the first two of a sid tell its shard. */
const CHARACTERS = 75;

/** Sids are random, so that as many are in each shard; and what is in a later shard comes later. */
function shardOf(sid: string): number {
  return (sid.charCodeAt(0) - 48) * CHARACTERS + sid.charCodeAt(1) - 48;
}

/**
 * Each of its 3,844 shards is a map that is made when it is first needed: of a million sids, one holds 260, and to sort or to move
 * those takes well under a millisecond.
 */
export class SidMap<Value> {
  /** In the order of sids. */
  readonly #shards: (Map<string, Value> | undefined)[] = Array(CHARACTERS ** 2).fill(undefined);
  readonly #shardOf: (key: string) => number;
  size = 0;

  /** `shard`: for other keys than sids, which cannot be walked in order then. */
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

  /** All entries. May be changed meanwhile: none that stays is missed. */
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
