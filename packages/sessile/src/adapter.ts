// `sessile/adapter`: requests, responses and transports, for authors of adapters and transports.

export type { OpenSession } from "./core/manager.ts";
export type { SessionRequest, SessionResponse, SessionTransport, Settled } from "./core/transport.ts";
