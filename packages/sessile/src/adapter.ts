// `sessile/adapter`: requests, responses and transports, for authors of adapters and transports.

export type { GuardOptions } from "./adapters/shared/answer.ts";
export type { OpenSession } from "./core/manager.ts";
export type { SessionRequest, SessionResponse, SessionTransport, Settled } from "./core/transport.ts";
