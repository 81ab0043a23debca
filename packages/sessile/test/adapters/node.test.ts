import { createServer, type ServerResponse } from "node:http";
import { pipeline, Readable } from "node:stream";
import { requireSession, type SessionHandler, withSession } from "sessile/node";
import { adapterSuite, type SuiteAnswer, type SuiteRoute } from "sessile/testing";
import { listen } from "./support/listen.ts";
import { routeOf } from "./support/routes.ts";

adapterSuite("node:http", (manager, routes) => {
  const handlers = new Map(routes.map((route) => [route, mount(route)]));
  const handle: SessionHandler = (request, response, session) => {
    const handler = handlers.get(routeOf(routes, request.method, request.url) as SuiteRoute);
    return handler === undefined ? response.writeHead(404).end() : handler(request, response, session);
  };
  return listen(createServer(withSession(manager, handle, { onError: () => {} })));
});

function mount(route: SuiteRoute): SessionHandler {
  const handler: SessionHandler = async (request, response, session) => {
    write(response, await route.answer({ session, url: request.url ?? "/" }));
  };
  return route.isGuarded ? requireSession(handler) : handler;
}

function write(response: ServerResponse, { status = 200, headers = {}, body }: SuiteAnswer): void {
  response.writeHead(status, headers as Record<string, string | string[]>);
  if (body === undefined || typeof body === "string") response.end(body);
  else pipeline(Readable.from(body), response, () => {}); // a body that breaks off cuts the connection
}
