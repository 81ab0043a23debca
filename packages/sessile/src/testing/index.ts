// The module `sessile/testing`: suites for authors of stores and adapters, and helpers for tests of applications.

export {
  type AdapterCheck,
  adapterChecks,
  adapterSuite,
  type StartedServer,
  type StartServer,
  type SuiteAnswer,
  type SuiteExchange,
  type SuiteRoute,
} from "./adapter-suite.ts";
export { type TestClock, testClock } from "./clock.ts";
export { type Counting, countingStore } from "./counting-store.ts";
export { type Failing, failingStore } from "./failing-store.ts";
export type { Gate } from "./gate.ts";
export type { StoreMethod } from "./intercepted-store.ts";
export { type MintedSession, mintSession } from "./mint.ts";
export { type Pausing, pausingStore } from "./pausing-store.ts";
export { fullRecord, randomDigest, sampleRecord } from "./records.ts";
export { closingCheck, type StoreCheck, type StoresUnderTest, storeChecks } from "./store-checks.ts";
export { storeSuite } from "./store-suite.ts";
