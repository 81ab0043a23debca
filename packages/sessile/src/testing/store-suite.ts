// The suite of checks that every store must pass, registered with Node's test runner.

import { after, before, describe, test } from "node:test";
import { closingCheck, type StoresUnderTest, storeChecks } from "./store-checks.ts";

/**
 * Runs every check against the stores that `open` returns. Call it at the top level of a test file:
 *
 * ```ts
 * storeSuite("my store", async () => ({ stores: [await connect(), await connect()], close: async () => {} }));
 * ```
 */
export function storeSuite(name: string, open: () => Promise<StoresUnderTest>): void {
  describe(name, () => {
    let under: StoresUnderTest;
    before(async () => {
      under = await open();
    });
    after(() => under?.close());
    for (const check of [...storeChecks, closingCheck]) test(check.name, () => check.run(under));
  });
}
