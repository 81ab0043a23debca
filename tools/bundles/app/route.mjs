// The same application for Next.js: a route is a function of the request and its session.
import { headerTransport, SessionManager } from "sessile";
import { withSession } from "sessile/web";
import { openStore } from "../stores.mjs";

/** The store is opened at the first request: Next.js loads routes to build them, too. */
export function route(handler) {
  return async (request) => {
    globalThis.manager ??= openManager();
    return withSession(await globalThis.manager, handler)(request);
  };
}

async function openManager() {
  return new SessionManager({ store: await openStore(), transports: [headerTransport()] });
}
