// The library's main entry: what an application needs. Authors of stores import `sessile/store`, authors of adapters
// `sessile/adapter`.

export type { Json, JsonObject } from "./core/data.ts";
export { isSessionError, SessionError, type SessionErrorCode } from "./core/errors.ts";
export type { SessionEvent, SessionEvents } from "./core/events.ts";
export { type SessionDetails, type SessionInfo, SessionManager, type SessionPage } from "./core/manager.ts";
export type { SessionManagerOptions } from "./core/options.ts";
export type { Register, Session, SessionData, SignedInSession } from "./core/session.ts";
export type { Elevation, SignInOptions } from "./core/sign-in.ts";
export { type MemoryStoreOptions, memoryStore } from "./stores/memory.ts";
export { type CookieOptions, cookieTransport } from "./transports/cookie.ts";
export { bearerTransport, headerTransport } from "./transports/header.ts";
