// Notices that Redis is out, and lets calls fail at once until a single probe has found it well. Knows no command.
//
// One for a store, not one for a node of a Cluster: which node a key lives on is the client's business. So that one node of
// three cannot close the way to the other two, not half but three quarters of the last calls must have failed.

/** `closed`: all calls pass. `open`: none does. `halfOpen`: one does, the probe. */
export type CircuitState = "closed" | "open" | "halfOpen";

/** For people who operate the store. */
export interface Circuit {
  readonly state: CircuitState;
  /** How often it opened since the store was made. */
  readonly opened: number;
}

const LAST_CALLS = 32;
const TOO_MANY_FAILED = 24;
const SHORTEST_PAUSE = 100;
const LONGEST_PAUSE = 2000;

export class Breaker {
  readonly #now: () => number;
  readonly #random: () => number;
  /** Of the last calls, oldest first, whether they failed. */
  #failed: boolean[] = [];
  #state: CircuitState = "closed";
  #opened = 0;
  /** Counts the changes of state, so that what an earlier state let pass says nothing about this one. */
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

  /** Asks to pass. `null`: no. Otherwise whoever passed says how it went, with what was given back. */
  enter(): number | null {
    if (this.#state === "closed") return this.#age;
    if (this.#state === "halfOpen" || this.#now() < this.#probesAt) return null;
    return this.#become("halfOpen");
  }

  leave(pass: number, hasFailed: boolean): void {
    if (pass !== this.#age) return;
    if (this.#state === "closed") this.#count(hasFailed);
    else if (hasFailed) this.#open(this.#pause * 2);
    else this.#close();
  }

  #count(hasFailed: boolean): void {
    this.#failed.push(hasFailed);
    if (this.#failed.length > LAST_CALLS) this.#failed.shift();
    if (hasFailed && this.#failed.filter(Boolean).length >= TOO_MANY_FAILED) this.#open(SHORTEST_PAUSE);
  }

  /** Half as long to one and a half times: processes that lost Redis together do not come back together. */
  #open(pause: number): void {
    this.#pause = Math.min(pause, LONGEST_PAUSE);
    this.#probesAt = this.#now() + this.#pause * (0.5 + this.#random());
    this.#opened++;
    this.#become("open");
  }

  #close(): void {
    this.#failed = [];
    this.#become("closed");
  }

  #become(state: CircuitState): number {
    this.#state = state;
    return ++this.#age;
  }
}
