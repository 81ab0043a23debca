// A queue that runs work on one key one after the other, and work on different keys side by side.

interface Line<T> {
  last: Promise<T>;
  length: number;
}

export class KeyedQueue<T> {
  readonly #lines = new Map<string, Line<T>>();

  /** The number of keys with work under way. */
  get size(): number {
    return this.#lines.size;
  }

  /** The number of steps of `key` that are under way or wait. */
  lengthOf(key: string): number {
    return this.#lines.get(key)?.length ?? 0;
  }

  /**
   * Runs `step` when all earlier steps of `key` are over. `step` is given what the step just before it returned;
   * nothing when there was none or it failed.
   */
  run(key: string, step: (previous: T | undefined) => Promise<T>): Promise<T> {
    const before = this.#lines.get(key);
    const mine = before === undefined ? step(undefined) : before.last.then(step, () => step(undefined));
    const line = before ?? { last: mine, length: 0 };
    line.last = mine;
    line.length++;
    this.#lines.set(key, line);
    const leave = () => {
      if (--line.length === 0) this.#lines.delete(key);
    };
    mine.then(leave, leave);
    return mine;
  }
}
