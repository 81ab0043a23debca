// An application of any framework on a real server, whose store a test can stop or break.

import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { SessionManager } from "sessile";
import type { SessionTransport } from "sessile/adapter";
import { listen } from "./listen.ts";
import { cookieFor, testManager } from "./session-server.ts";

type Managed = ReturnType<typeof testManager>;

export interface AppServer extends Managed {
  readonly url: string;
  /** The cookie of a session of anna. */
  readonly cookie: string;
  /** Sends a request with anna's cookie. */
  readonly send: (path: string, init?: RequestInit) => Promise<Response>;
  /** The stored data of anna's session. */
  readonly stored: () => Promise<string | undefined>;
}

/**
 * Serves the application that `createListener` makes for the time of `body`. Every application answers `GET /public`
 * without its session.
 */
export async function withApp(
  createListener: (manager: SessionManager) => RequestListener,
  body: (server: AppServer) => Promise<void>,
  transport?: SessionTransport,
): Promise<void> {
  const { store, manager } = testManager(transport);
  const { url, close } = await listen(createServer(createListener(manager)));
  const cookie = await cookieFor(manager);
  const send: AppServer["send"] = (path, init) =>
    fetch(url + path, { redirect: "manual", ...init, headers: { cookie, ...init?.headers } });
  const stored: AppServer["stored"] = async () => {
    const { sessions } = await manager.list("anna");
    return (await store.load(sessions[0]?.sid ?? ""))?.data;
  };
  try {
    await body({ store, manager, url, cookie, send, stored });
  } finally {
    await close();
    await manager.close();
  }
}

/**
 * The response to a request that writes into the session, of which nothing must arrive before the store has confirmed.
 */
export async function heldResponse({ store, send }: AppServer, path: string, init?: RequestInit): Promise<Response> {
  const gate = store.pause("commit");
  let hasLeft = false;
  const response = send(path, init).finally(() => {
    hasLeft = true;
  });
  await gate.reached;
  for (let trips = 0; trips < 3; trips++) await (await send("/public")).text(); // had it left, it would be here by now
  assert.equal(hasLeft, false, `${path} answered before the session was stored`);
  gate.open();
  return response;
}
