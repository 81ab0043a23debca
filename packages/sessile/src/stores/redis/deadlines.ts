// What is given up when its time is over, all of it with one timer. Knows no command.

/** Something that waits; a place in a ring. */
export interface Waiting {
  readonly endsAt: number;
  readonly giveUp: () => void;
  before: Waiting;
  after: Waiting;
}

/**
 * Nearly everything that waits is done long before its time is over, so a timer for each would cost more than it is good for. The ring is in
 * the order of the deadlines; as most have the same time, what is added goes to its end.
 */
export class Deadlines {
  readonly #ring = newRing();
  #timer: NodeJS.Timeout | undefined;
  #wakesAt = Number.POSITIVE_INFINITY;

  /** Calls `giveUp` at `endsAt`, by `performance.now()`, unless it is removed before. Keeps no process alive. */
  add(endsAt: number, giveUp: () => void): Waiting {
    let before = this.#ring.before;
    while (before !== this.#ring && before.endsAt > endsAt) before = before.before;
    const waiting: Waiting = { endsAt, giveUp, before, after: before.after };
    before.after = waiting;
    waiting.after.before = waiting;
    if (endsAt < this.#wakesAt) this.#wakeAt(endsAt);
    return waiting;
  }

  /** Nothing happens where it was removed or given up before. */
  remove(waiting: Waiting): void {
    waiting.before.after = waiting.after;
    waiting.after.before = waiting.before;
    waiting.before = waiting;
    waiting.after = waiting;
  }

  /** The timer goes on when what it was set for is removed: it then looks what is next. */
  #wakeAt(endsAt: number): void {
    clearTimeout(this.#timer);
    this.#wakesAt = endsAt;
    if (endsAt === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.#wake(), Math.max(1, Math.ceil(endsAt - performance.now()))).unref();
  }

  #wake(): void {
    const now = performance.now();
    for (let first = this.#ring.after; first.endsAt <= now; first = this.#ring.after) {
      this.remove(first);
      first.giveUp();
    }
    this.#wakeAt(this.#ring.after.endsAt);
  }
}

/** A ring of nobody: its own end, which is never over and never in anybody's way. */
function newRing(): Waiting {
  const ring = { endsAt: Number.POSITIVE_INFINITY, giveUp() {} } as Waiting;
  ring.before = ring;
  ring.after = ring;
  return ring;
}
