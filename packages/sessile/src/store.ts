// `sessile/store`: the contract of a store, for authors of stores and for programs that wrap one.

export { applyDelta, type SessionDelta } from "./core/delta.ts";
export type { SessionRecord } from "./core/record.ts";
export type { Committed, Created, Page, RecordPage, SessionStore, StoreStats, UserLimit } from "./core/store.ts";
