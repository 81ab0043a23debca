// Runs a campaign over many scenarios, and reports their numbers.

import type { TestContext } from "node:test";
import type { UserLimit } from "sessile/store";
import type { Campaign, Fault, Simulated } from "./campaigns.ts";
import type { Kind, Scenario } from "./scenario.ts";

export const LIMITS: readonly UserLimit[] = [
  { max: 1, onExceeded: "evictOldest" },
  { max: 2, onExceeded: "evictOldest" },
  { max: 1, onExceeded: "refuse" },
  { max: 2, onExceeded: "refuse" },
];

/** Under a limit only those that create a session, or make one the user's. */
export function scenarios(kinds: readonly (readonly Kind[])[], limit?: UserLimit): Scenario[] {
  const all = kinds.filter((each) => limit === undefined || /create|join/.test(each.join()));
  const under = limit === undefined ? "" : ` under ${JSON.stringify(limit)}`;
  return all.map((each) => ({ name: each.join(" + ") + under, kinds: each, ...(limit && { limit }) }));
}

export type Simulate = (scenario: Scenario, fault?: Fault) => Promise<Simulated>;

/** Scenarios run `sideBySide`, where they share a connection and so its round trips. */
export async function runAll(
  t: TestContext,
  all: readonly Scenario[],
  campaign: Campaign,
  simulate: Simulate,
  sideBySide = 1,
): Promise<void> {
  const count = { orders: 0, faults: 0, complete: 0 };
  const waiting = [...all];
  const runOf = (scenario: Scenario) => async (fault?: Fault) => {
    const simulated = await simulate(scenario, fault);
    count.orders += simulated.runs;
    count.faults++;
    if (simulated.isComplete) count.complete++;
    return simulated;
  };
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await campaign(runOf(next), next);
  };
  await Promise.all(Array.from({ length: sideBySide }, work));
  const places = count.faults === all.length ? "" : ` with ${count.faults} places to fail`;
  t.diagnostic(`${count.orders} orders of ${all.length} scenarios${places}, ${count.complete} of them in every order`);
}
