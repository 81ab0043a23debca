// Waits for something that another process does in its own time.

import { setTimeout as pause } from "node:timers/promises";

const PATIENCE = 60_000;

/**
 * Asks again every 20 ms until the answer is `true`; a failure counts as no. Rejects after 60 seconds, and says `what` it
 * waited for.
 */
export async function waitUntil(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const givenUpAt = performance.now() + PATIENCE;
  let reason: unknown = "it is not so";
  while (performance.now() < givenUpAt) {
    try {
      if (await isSo()) return;
    } catch (error) {
      reason = error;
    }
    await pause(20);
  }
  throw new Error(`Waited ${PATIENCE / 1000} s in vain until ${what}: ${reason}`);
}
