// The library's main entry: the manager, the transports, the memory store, and every public type.

export type { DataSchema, Json, JsonObject } from "./core/data.ts";
export { applyDelta, type SessionDelta } from "./core/delta.ts";
export { isSessionError, SessionError, type SessionErrorCode } from "./core/errors.ts";
export type { SessionEvent, SessionEvents } from "./core/events.ts";
export {
  type OpenSession,
  type SessionDetails,
  type SessionInfo,
  SessionManager,
  type SessionPage,
} from "./core/manager.ts";
export type { DataLimits, SessionManagerOptions } from "./core/options.ts";
export type { SessionRecord } from "./core/record.ts";
export type {
  DefaultData,
  Frozen,
  Session,
  SessionData,
  SignedInSession,
} from "./core/session.ts";
export type { SignInOptions } from "./core/sign-in.ts";
export type {
  Committed,
  Created,
  Page,
  RecordPage,
  SessionStore,
  StoreStats,
  UserLimit,
} from "./core/store.ts";
export type { KeyRing } from "./core/token.ts";
export type { SessionRequest, SessionResponse, SessionTransport } from "./core/transport.ts";
export { type MemoryStoreOptions, memoryStore } from "./stores/memory.ts";
export { type CookieOptions, cookieTransport } from "./transports/cookie.ts";
export { bearerTransport, headerTransport } from "./transports/header.ts";
