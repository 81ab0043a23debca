// The adapters on the servers that Bun and Deno have of their own. `npm run test:long -- runtimes` runs this, Node
// cannot.

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Elysia } from "elysia";
import { cookieTransport, memoryStore, type Session, SessionManager } from "sessile";
import { sessions } from "sessile/elysia";
import { mintSession, type StartServer, type SuiteRoute } from "sessile/testing";
import { type SessionHandler, withSession } from "sessile/web";
import { honoApp } from "../adapters/support/hono-app.ts";
import { ANSWERS_FOR_BODIES, suiteWithout } from "../adapters/support/recipe-suite.ts";
import { answerOf, routeOf } from "../adapters/support/routes.ts";
import { toResponse } from "../adapters/support/to-response.ts";

type Fetch = (request: Request) => Response | Promise<Response>;

/** As much of both as is used here. */
declare const Bun: { serve(options: { hostname: string; port: number; fetch: Fetch }): NativeServer } | undefined;
declare const Deno: {
  serve(options: { hostname: string; port: number; onListen(): void }, fetch: Fetch): NativeServer;
};

interface NativeServer {
  readonly port: number;
  readonly addr: { readonly port: number };
  stop(abrupt: boolean): Promise<void>;
  shutdown(): Promise<void>;
}

mock.method(console, "error", () => {}); // where Hono reports what a handler throws

const isBun = typeof Bun !== "undefined";
const HERE = { hostname: "127.0.0.1", port: 0 };

function listen(fetch: Fetch): Awaited<ReturnType<StartServer>> {
  if (isBun) return started(Bun.serve({ ...HERE, fetch }));
  const server = Deno.serve({ ...HERE, onListen: () => {} }, fetch);
  return { url: `http://127.0.0.1:${server.addr.port}`, close: () => server.shutdown() };
}

function started(server: Pick<NativeServer, "port" | "stop">): Awaited<ReturnType<StartServer>> {
  return { url: `http://127.0.0.1:${server.port}`, close: () => server.stop(true) };
}

suiteWithout(ANSWERS_FOR_BODIES, "the adapter of Request and Response, natively", async (manager, routes) => {
  const handlers = new Map(routes.map((route) => [route, mount(route)]));
  const handle: SessionHandler = (request, session) => {
    const route = routeOf(routes, request.method, new URL(request.url).pathname);
    return handlers.get(route as SuiteRoute)?.(request, session) ?? new Response(null, { status: 404 });
  };
  return listen(withSession(manager, handle, { onError: () => {} }));
});

suiteWithout(ANSWERS_FOR_BODIES, "the adapter of Hono, natively", async (manager, routes) =>
  listen(honoApp(manager, routes).fetch),
);

suiteWithout(ANSWERS_FOR_BODIES, "the adapter of Elysia, natively", async (manager, routes) => {
  const app = new Elysia().use(sessions(manager, { onError: () => {} }));
  for (const route of routes) {
    const answer = mount(route);
    const handler = ({ request, session }: { request: Request; session: Session }) => answer(request, session);
    app.route(route.method, route.path, handler, { requireSession: route.isGuarded });
  }
  return isBun ? started(app.listen(HERE).server as unknown as NativeServer) : listen(app.fetch);
});

function mount(route: SuiteRoute): SessionHandler {
  return async (request, session) => {
    if (route.isGuarded) session.require();
    const { pathname, search } = new URL(request.url);
    return toResponse(await answerOf(route, { session, url: pathname + search }));
  };
}

test("a WebSocket of Elysia has its user, and no other client gets one", { skip: !isBun }, async () => {
  const manager = new SessionManager({ store: memoryStore(), transports: [cookieTransport()], sweepInterval: 0 });
  const app = new Elysia().use(sessions(manager)).ws("/", {
    requireSession: true,
    open: (socket) => void socket.send(socket.data.session.userId),
  });
  const { url, close } = started(app.listen(HERE).server as unknown as NativeServer);
  const { headers } = await mintSession(manager, "anna");
  assert.equal(await firstMessage(url, headers), "anna");
  await assert.rejects(firstMessage(url, {}));
  await close();
});

/** The first message on a socket; rejects when it is refused. Bun's client takes headers. */
function firstMessage(url: string, headers: Record<string, string>): Promise<unknown> {
  const Socket = WebSocket as unknown as new (url: string, options: object) => WebSocket;
  const socket = new Socket(url.replace("http", "ws"), { headers });
  return new Promise((resolve, reject) => {
    socket.onmessage = ({ data }) => resolve(data);
    socket.onclose = reject;
  }).finally(() => socket.close());
}
