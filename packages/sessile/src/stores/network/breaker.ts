// A circuit breaker: it notices that a server is out, and lets calls fail at once until a single probe succeeds.
//
// One for a store, not one for a node of a Cluster: which node a key lives on is the client's business. So that one
// node of three cannot close the way to the other two, failures open it only where they are more than three quarters of
// the calls.

/** `closed`: all calls pass. `open`: none does. `halfOpen`: one does, the probe. */
export type CircuitState = "closed" | "open" | "halfOpen";

/** For people who operate the store. */
export interface Circuit {
  readonly state: CircuitState;
  /** The number of times that it opened since the store was made. */
  readonly opened: number;
}

/** This number of failures opens it; a success takes away three. */
const TOO_MANY_FAILED = 24;
const SUCCESS = 3;
const SHORTEST_PAUSE = 100;
const LONGEST_PAUSE = 2000;

export class Breaker {
  readonly #now: () => number;
  readonly #random: () => number;
  #failures = 0;
  #state: CircuitState = "closed";
  #opened = 0;
  /**
   * Counts the changes of state, so that the outcome of a call that an earlier state let pass does not count in this
   * one.
   */
  #age = 0;
  #pause = SHORTEST_PAUSE;
  #probesAt = 0;

  /** `now` in milliseconds; `random` from 0 to 1. */
  constructor(now: () => number = () => performance.now(), random: () => number = Math.random) {
    this.#now = now;
    this.#random = random;
  }

  get circuit(): Circuit {
    return { state: this.#state, opened: this.#opened };
  }

  /** Asks to pass. `null`: refused. Otherwise a pass, which the caller gives back with the outcome. */
  enter(): number | null {
    if (this.#state === "closed") return this.#age;
    if (this.#state === "halfOpen" || this.#now() < this.#probesAt) return null;
    return this.#become("halfOpen");
  }

  leave(pass: number, hasFailed: boolean): void {
    if (pass !== this.#age) return;
    if (this.#state === "halfOpen") {
      if (hasFailed) this.#open(this.#pause * 2);
      else this.#become("closed");
      return;
    }
    this.#failures = hasFailed ? this.#failures + 1 : Math.max(0, this.#failures - SUCCESS);
    if (this.#failures === TOO_MANY_FAILED) this.#open(SHORTEST_PAUSE);
  }

  /** Half as long to one and a half times: processes that lost a server together do not come back together. */
  #open(pause: number): void {
    this.#pause = Math.min(pause, LONGEST_PAUSE);
    this.#probesAt = this.#now() + this.#pause * (0.5 + this.#random());
    this.#opened++;
    this.#become("open");
  }

  #become(state: CircuitState): number {
    this.#state = state;
    this.#failures = 0;
    return ++this.#age;
  }
}
