// Lets a few password hashes run at once and a few more wait, and turns the rest away. Knows no password.

/** Two of the four threads that hashes share with files and DNS, and 256 MiB. */
const SLOTS = 2;

/** Some three seconds of waiting; who would wait longer is told to come back. */
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

  /** Whether `run` would turn work away now. */
  get isFull(): boolean {
    return this.#running >= this.#slots && this.#waiting.length >= this.#places;
  }

  /** Runs `work` as soon as a slot is free; `null` at once, when too many wait already. */
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
      else next(); // takes over the slot
    }
  }
}
