import assert from "node:assert/strict";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import { pipeline, Readable } from "node:stream";
import { test } from "node:test";
import { type SessionHandler, withSession } from "sessile/node";
import { adapterSuite, type SuiteAnswer, type SuiteRoute } from "sessile/testing";
import { listen } from "./support/listen.ts";
import { answerOf, routeOf } from "./support/routes.ts";
import { serve } from "./support/session-server.ts";

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
