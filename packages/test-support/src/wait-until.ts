// Waits for an event in another process.

import { setTimeout as pause } from "node:timers/promises";

const PATIENCE = 60_000;

/**
 * Calls `isSo` every 20 ms until it returns `true`; a failure counts as false. Rejects after 60 seconds, naming `what`
 * it waited for.
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
