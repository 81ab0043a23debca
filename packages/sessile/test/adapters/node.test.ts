import assert from "node:assert/strict";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import { pipeline, Readable } from "node:stream";
import { test } from "node:test";
import { nodeRequest, type SessionHandler, withSession } from "sessile/node";
import { adapterSuite, type SuiteAnswer, type SuiteRoute } from "sessile/testing";
import { listen } from "./support/listen.ts";
import { answerOf, routeOf } from "./support/routes.ts";
import { serve, testManager } from "./support/session-server.ts";

adapterSuite("node:http", (manager, routes) => {
  const handlers = new Map(routes.map((route) => [route, mount(route)]));
  const handle: SessionHandler = (request, response, session) => {
    const handler = handlers.get(routeOf(routes, request.method, request.url) as SuiteRoute);
    return handler === undefined ? response.writeHead(404).end() : handler(request, response, session);
  };
  return listen(createServer(withSession(manager, handle, { onError: () => {} })));
});

function mount(route: SuiteRoute): SessionHandler {
  return async (request, response, session) => {
    if (route.isGuarded) session.require();
    write(response, await answerOf(route, { session, url: request.url ?? "/" }));
  };
}

function write(response: ServerResponse, { status = 200, headers = {}, body }: SuiteAnswer): void {
  response.writeHead(status, headers as Record<string, string | string[]>);
  if (body === undefined || typeof body === "string") response.end(body);
  else pipeline(Readable.from(body), response, () => {}); // a body that breaks off cuts the connection
}

test("the cookies that count are those that middleware leaves in `request.headers`", async () => {
  let cookies: string | undefined;
  const middleware =
    (listener: RequestListener): RequestListener =>
    (request, response) => {
      if (cookies === undefined) delete request.headers.cookie;
      else request.headers.cookie = cookies;
      listener(request, response);
    };
  const server = await serve((_request, response, session) => response.end(String(session.userId)), middleware);
  const ask = async (headers: Record<string, string>): Promise<string> => (await fetch(server.url, { headers })).text();
  assert.equal(await ask({ cookie: server.cookie }), "null");
  cookies = server.cookie;
  assert.equal(await ask({}), "anna");
  await server.close();
});

test("nodeRequest makes a request that a manager opens, and the caller hands the new token to the client", async () => {
  const { manager } = testManager();
  const server = await listen(
    createServer(async (request, response) => {
      const seen = nodeRequest(request, "/mounted?a=1");
      const { session, commit } = await manager.open(seen);
      if (seen.method === "POST") await session.signIn("anna");
      const headers = { get: () => undefined, set: () => {}, append: () => {} };
      const { newToken } = await commit(200, headers);
      response.end(JSON.stringify([seen.path, seen.header("x-none"), session.userId, newToken]));
    }),
  );
  const ask = async (method: string, headers: [string, string][]): Promise<unknown[]> =>
    (await (await fetch(server.url, { method, headers })).json()) as unknown[];
  const [path, none, user, token] = await ask("POST", []);
  assert.deepEqual([path, none, user], ["/mounted", null, "anna"]);
  const cookie = `__Host-session=${String(token)}`;
  assert.deepEqual(await ask("GET", [["cookie", cookie]]), ["/mounted", null, "anna", null]);
  await server.close();
});
