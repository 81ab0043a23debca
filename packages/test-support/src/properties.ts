// Properties: statements that hold for every input. `npm test` tries each with a few inputs, `npm run test:long --
// fuzz` all of them with a million.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { byDepth } from "./depth.ts";

export interface Property {
  /** The statement as a sentence, after the requirements that it is about. */
  readonly name: string;
  /** Its share of a million inputs: smaller where one costs more. */
  readonly cases: number;
  /** Creates the property anew for each run, so that no run depends on an earlier one. */
  readonly make: () => fc.IRawProperty<unknown>;
  /** For `skip`: why it cannot run here; false where it can. */
  readonly skip?: string | false;
}

/** The choice of inputs: the same numbers give the same inputs. */
export interface Trial {
  readonly seed: number;
  readonly cases: number;
}

/** The result of one trial. */
export interface Finding extends Trial {
  /** The smallest input that breaks the property; `null` when none was found. */
  readonly report: string | null;
  readonly ms: number;
}

/** The part of a whole run's cases that a test tries. */
const TEST_PART = byDepth(1 / 1000, 1 / 250, 1 / 25);
const TEST_LEAST = 20;

/** Longer inputs are cut in the report; the seed reproduces the whole of them. */
const LONGEST_INPUT = 2000;

/** Tries one property. */
export async function tryProperty(property: Property, { seed, cases }: Trial): Promise<Finding> {
  const start = performance.now();
  const details = await fc.check(property.make(), { seed, numRuns: cases });
  const report = details.failed ? await describe(details) : null;
  return { seed, cases: details.numRuns, report, ms: Math.round(performance.now() - start) };
}

async function describe({
  counterexample,
  counterexamplePath,
  errorInstance,
}: fc.RunDetails<unknown>): Promise<string> {
  const input = (await fc.asyncStringify(counterexample)).slice(0, LONGEST_INPUT);
  const error = errorInstance instanceof Error ? errorInstance.stack : String(errorInstance);
  return `It breaks with ${input}\n(path ${counterexamplePath})\n${error?.slice(0, LONGEST_INPUT)}`;
}

/** Registers a test for each property. The inputs stay the same for a day, so that a failure can be reproduced. */
export function testProperties(properties: readonly Property[]): void {
  const seed = Math.floor(Date.now() / 86_400_000);
  for (const property of properties) {
    test(property.name, { skip: property.skip ?? false }, async (context) => {
      const trial = { seed, cases: Math.max(Math.ceil(property.cases * TEST_PART), TEST_LEAST) };
      context.diagnostic(`seed ${trial.seed}, ${trial.cases} cases`);
      const { report } = await tryProperty(property, trial);
      assert.ok(
        report === null,
        `${report}\n\nAgain: npm run test:long -- fuzz --seed ${seed} --only "${property.name}"`,
      );
    });
  }
}
