// What is given up when its time is over, all of it with one timer. Knows no command.

/**
 * A turn of the event loop that takes longer counts as so many milliseconds. While this process is busy no command can leave and no answer
 * come in: that a thousand requests came at once, or that garbage was collected, says nothing about Redis.
 */
const LONGEST_TURN = 25;

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
  #time = 0;
  #lookedAt = performance.now();

  /** Milliseconds, as far as they count: all of them while nothing waits, because then nobody looks how long a turn takes. */
  now(): number {
    const turn = performance.now() - this.#lookedAt;
    return this.#time + (this.#timer === undefined ? turn : Math.min(turn, LONGEST_TURN));
  }

  /** Calls `giveUp` at `endsAt`, by `now()`, unless it is removed before. */
  add(endsAt: number, giveUp: () => void): Waiting {
    if (this.#timer === undefined) this.#look();
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
    this.#timer = undefined;
    this.#wakesAt = endsAt;
    if (endsAt === Number.POSITIVE_INFINITY) return;
    const pause = Math.min(Math.ceil(endsAt - this.#time), LONGEST_TURN);
    this.#timer = setTimeout(() => this.#wake(), Math.max(1, pause));
  }

  #look(): void {
    this.#time = this.now();
    this.#lookedAt = performance.now();
  }

  #wake(): void {
    this.#look();
    for (let first = this.#ring.after; first.endsAt <= this.#time; first = this.#ring.after) {
      this.remove(first);
      first.giveUp();
    }
    this.#wakeAt(this.#ring.after.endsAt);
  }
}

/** Those of all commands of this process. */
export const DEADLINES = new Deadlines();

/** A ring of nobody: its own end, which is never over and never in anybody's way. */
function newRing(): Waiting {
  const ring = { endsAt: Number.POSITIVE_INFINITY, giveUp() {} } as Waiting;
  ring.before = ring;
  ring.after = ring;
  return ring;
}
