// A clock that only a test moves.

/** A clock that stands still until it is moved. */
export interface TestClock {
  /** The time; give it to the manager as `clock`. */
  readonly now: () => number;
  /** Moves the time on by `ms`; backwards when negative. */
  readonly advance: (ms: number) => void;
}

/** A clock that stands still at `start` until `advance` is called. */
export function testClock(start = Date.UTC(2030, 0, 1)): TestClock {
  let now = start;
  return {
    now: () => now,
    advance(ms) {
      now += ms;
    },
  };
}
