// Lets work on one key run one after the other, and work on different keys side by side. Knows nothing of what it runs.

export class KeyedQueue<T> {
  readonly #last = new Map<string, Promise<T>>();

  /** How many keys have work under way. */
  get size(): number {
    return this.#last.size;
  }

  /**
   * Runs `step` when all earlier steps of `key` are over. `step` is given what the step just before it returned; nothing
   * when there was none or it failed.
   */
  run(key: string, step: (previous: T | undefined) => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const mine = before === undefined ? step(undefined) : before.then(step, () => step(undefined));
    this.#last.set(key, mine);
    const leave = () => {
      if (this.#last.get(key) === mine) this.#last.delete(key);
    };
    mine.then(leave, leave);
    return mine;
  }
}
