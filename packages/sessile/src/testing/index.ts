// The module `sessile/testing`: suites for authors of stores and adapters, and helpers for tests of applications.

export {
  adapterChecks,
  adapterSuite,
  type StartServer,
  type SuiteAnswer,
  type SuiteRoute,
} from "./adapter-suite.ts";
export { type TestClock, testClock } from "./clock.ts";
export { countingStore } from "./counting-store.ts";
export { failingStore } from "./failing-store.ts";
export { type MintedSession, mintSession } from "./mint.ts";
export { pausingStore } from "./pausing-store.ts";
export { fullRecord, sampleRecord } from "./records.ts";
export { storeChecks } from "./store-checks.ts";
export { storeSuite } from "./store-suite.ts";
