// Values by sid, as a map, but one that can be walked from any sid on without looking at what comes before. Knows no session.

/** The shard of a sid, in the order of sids: of the first two characters there are 3,844, so that of a million sids about 260 share one. */
function shardOf(sid: string): number {
  return ((sid.charCodeAt(0) & 127) << 7) | (sid.charCodeAt(1) & 127);
}

export class SidMap<Value> {
  readonly #shards = new Map<number, Map<string, Value>>();
  readonly #shardOf: (key: string) => number;
  size = 0;

  /** `shard`: for other keys than sids, which cannot be walked then. */
  constructor(shard = shardOf) {
    this.#shardOf = shard;
  }

  get(sid: string): Value | undefined {
    return this.#shards.get(this.#shardOf(sid))?.get(sid);
  }

  set(sid: string, value: Value): void {
    const name = this.#shardOf(sid);
    const shard = this.#shards.get(name) ?? new Map<string, Value>();
    if (!shard.has(sid)) this.size++;
    this.#shards.set(name, shard.set(sid, value));
  }

  delete(sid: string): void {
    const name = this.#shardOf(sid);
    const shard = this.#shards.get(name);
    if (shard?.delete(sid)) this.size--;
    if (shard?.size === 0) this.#shards.delete(name);
  }

  clear(): void {
    this.#shards.clear();
    this.size = 0;
  }

  /** All values. May be changed meanwhile. */
  *values(): Generator<Value> {
    for (const shard of this.#shards.values()) yield* shard.values();
  }

  /** The first `limit` values whose sid comes after `after`, in the order of sids. */
  following(after: string, limit: number): Value[] {
    const found: Value[] = [];
    const names = [...this.#shards.keys()].filter((name) => name >= shardOf(after)).sort((a, b) => a - b);
    for (const name of names) {
      if (found.length >= limit) break;
      const shard = this.#shards.get(name) as Map<string, Value>;
      const sids = [...shard.keys()].filter((sid) => sid > after).sort();
      for (const sid of sids.slice(0, limit - found.length)) found.push(shard.get(sid) as Value);
    }
    return found;
  }
}
