// A gate for password hashes: a few run at once, a few more wait, and the rest is refused.

/** Two of the four threads that hashes share with files and DNS, and 256 MiB. */
const SLOTS = 2;

/** Some three seconds of waiting. When the queue is full, clients are asked to come back later. */
const PLACES = 16;

export class HashGate {
  readonly #slots: number;
  readonly #places: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor({ slots = SLOTS, places = PLACES }: { readonly slots?: number; readonly places?: number } = {}) {
    this.#slots = slots;
    this.#places = places;
  }

  /** Whether `run` would refuse work now. */
  get isFull(): boolean {
    return this.#running >= this.#slots && this.#waiting.length >= this.#places;
  }

  /** Runs `work` as soon as a slot is free; returns `null` at once when the queue is full. */
  run<T>(work: () => Promise<T>): Promise<T> | null {
    return this.isFull ? null : this.#run(work);
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#slots) this.#running++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next(); // passes the slot on
    }
  }
}
