// What store authors, adapter authors and applications need to test against sessile.

export { fullRecord, randomDigest, sampleRecord } from "./records.ts";
export { closingCheck, type StoreCheck, type StoresUnderTest, storeChecks } from "./store-checks.ts";
export { storeSuite } from "./store-suite.ts";
