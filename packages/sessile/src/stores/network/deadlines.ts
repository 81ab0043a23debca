// The deadlines of everything that waits for an answer, kept by one timer.

import { type Waiting, WaitingList } from "./waiting-list.ts";

/**
 * A turn of the event loop that takes longer counts as this many milliseconds. While the process is blocked no command
 * leaves and no answer comes in: a burst of requests, or a garbage collection, is no sign of a slow server.
 */
const LONGEST_TURN = 25;

/** Milliseconds between two looks at what waits: a deadline is late by this at most. */
const INTERVAL = 20;

interface Deadline {
  readonly endsAt: number;
  readonly giveUp: () => void;
}

/**
 * Nearly all that waits is answered long before its time is over, so a timer for each would cost more than it is good
 * for.
 */
export class Deadlines {
  readonly #waiting = new WaitingList<Deadline>();
  #timer: NodeJS.Timeout | undefined;
  #time = 0;
  #lookedAt = performance.now();

  /**
   * Milliseconds, as far as they count: all of them while nothing waits, because then nothing shows how long a turn
   * takes.
   */
  now(): number {
    const turn = performance.now() - this.#lookedAt;
    return this.#time + (this.#timer === undefined ? turn : Math.min(turn, LONGEST_TURN));
  }

  /** Calls `giveUp` soon after `endsAt`, by `now()`, unless it is removed before. */
  add(endsAt: number, giveUp: () => void): Waiting<Deadline> {
    const waiting = this.#waiting.add({ endsAt, giveUp });
    if (this.#timer === undefined) {
      this.#look();
      this.#timer = setInterval(() => this.#giveUp(), INTERVAL);
    }
    return waiting;
  }

  /** Does nothing where it was removed or given up before. */
  remove(waiting: Waiting<Deadline>): void {
    this.#waiting.remove(waiting);
  }

  #look(): void {
    this.#time = this.now();
    this.#lookedAt = performance.now();
  }

  #giveUp(): void {
    this.#look();
    const isOver = ({ endsAt }: Deadline) => endsAt <= this.#time;
    this.#waiting.removeWhere(isOver, ({ giveUp }) => giveUp());
    if (this.#waiting.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** Those of all commands of this process. */
export const DEADLINES = new Deadlines();
