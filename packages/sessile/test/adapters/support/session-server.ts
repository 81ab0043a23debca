// A server of node:http around one handler, with everything a test may want to hold on to.

import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { cookieTransport, memoryStore, type Session, SessionManager } from "sessile";
import type { SessionTransport } from "sessile/adapter";
import { type SessionHandler, withSession } from "sessile/node";
import { failingStore, pausingStore } from "sessile/testing";
import { listen } from "./listen.ts";

export const COOKIE_NAME = "__Host-session";

export function testManager(transport: SessionTransport = cookieTransport()) {
  const store = pausingStore(failingStore(memoryStore())) as ReturnType<typeof pausingStore> &
    ReturnType<typeof failingStore>;
  const manager = new SessionManager({ store, transports: [transport], sweepInterval: 0 });
  return { store, manager };
}

/** A cookie of a session of `user` that was made without any request. */
export async function cookieFor(manager: SessionManager, user = "anna"): Promise<string> {
  const { session } = await manager.open({ method: "POST", path: "/", header: () => undefined });
  return `${COOKIE_NAME}=${await session.signIn(user)}`;
}

export async function serve(
  handler: SessionHandler,
  wrap: (listener: RequestListener) => RequestListener = (listener) => listener,
) {
  const { store, manager } = testManager();
  const errors: unknown[] = [];
  const server = createServer(wrap(withSession(manager, handler, { onError: (error) => errors.push(error) })));
  const { url, close } = await listen(server);
  const cookie = await cookieFor(manager);
  return { url, store, manager, errors, cookie, server, close: () => close().then(() => manager.close()) };
}

export type Handler = (request: IncomingMessage, response: ServerResponse, session: Session) => unknown;

/** Serves `handler` for the time of `body`. */
export async function withHandler(
  handler: Handler,
  body: (server: Awaited<ReturnType<typeof serve>>) => Promise<void>,
): Promise<void> {
  const server = await serve(handler);
  try {
    await body(server);
  } finally {
    await server.close();
  }
}
