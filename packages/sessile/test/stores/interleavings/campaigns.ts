// The faults of a scenario and their places: a campaign runs the scenario once for every place.

import assert from "node:assert/strict";
import type { Explored } from "./explorer.ts";
import type { Scenario } from "./scenario.ts";

export interface Fault {
  /** This process is never resumed after so many of its steps. */
  readonly stop?: { readonly process: number; readonly after: number };
  readonly loss?: Loss;
}

/** A step, from 1, that is done, or not, and whose process gets an error for an answer. */
export interface Loss {
  readonly process: number;
  readonly at: number;
  readonly isDone: boolean;
}

export interface Simulated extends Explored {
  /** True when the step whose answer was to be lost was reached in some run. */
  readonly hasLost: boolean;
}

export type Campaign = (run: (fault?: Fault) => Promise<Simulated>, scenario: Scenario) => Promise<void>;

/** More than any operation has. One that fails at every step would have no end. */
const MOST_STEPS = 200;

export const nothing: Campaign = async (run) => {
  await run();
};

/** One operation is never resumed, after none of its steps, one, two, …, all but the last. */
export const crash: Campaign = async (run, { kinds }) => {
  for (const process of kinds.keys())
    for (let after = 0; (await run({ stop: { process, after } })).wasStopped; ) assert.ok(++after < MOST_STEPS);
};

/** One operation gets an error in place of its first answer, its second, …, while the step was done or was not. */
export const lostAnswer: Campaign = async (run, { kinds }) => {
  for (const process of kinds.keys())
    for (const isDone of [true, false])
      for (let at = 1; (await run({ loss: { process, at, isDone } })).hasLost; ) assert.ok(++at < MOST_STEPS);
};
