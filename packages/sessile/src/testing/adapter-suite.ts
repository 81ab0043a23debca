// The suite of checks that every adapter must pass, registered with Node's test runner.

import { describe, test } from "node:test";
import { endingChecks } from "./adapter-endings.ts";
import { failureChecks } from "./adapter-failures.ts";
import { raceChecks } from "./adapter-races.ts";
import { responseChecks } from "./adapter-responses.ts";
import type { AdapterCheck, StartServer } from "./adapter-server.ts";
import { sessionChecks } from "./adapter-session.ts";
import { signInChecks } from "./adapter-sign-in.ts";
import { thrownChecks } from "./adapter-thrown.ts";

export type { SuiteAnswer, SuiteExchange, SuiteRoute } from "./adapter-routes.ts";
export type { AdapterCheck, StartedServer, StartServer } from "./adapter-server.ts";

/** All checks of an adapter, for any test runner. */
export const adapterChecks: readonly AdapterCheck[] = [
  ...signInChecks,
  ...raceChecks,
  ...failureChecks,
  ...endingChecks,
  ...responseChecks,
  ...thrownChecks,
  ...sessionChecks,
];

/**
 * Runs every check against the servers that `start` starts. Call it at the top level of a test file, one adapter a
 * file:
 *
 * ```ts
 * adapterSuite("my framework", async (manager, routes) => {
 *   const app = createApp();
 *   for (const route of routes) app.on(route.method, route.path, mount(route));
 *   return { url: await app.listen(), close: () => app.close() };
 * });
 * ```
 */
export function adapterSuite(name: string, start: StartServer): void {
  describe(`the adapter of ${name}`, () => {
    for (const check of adapterChecks) test(check.name, () => check.run(start));
  });
}
