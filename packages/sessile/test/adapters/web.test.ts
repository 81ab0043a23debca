import { createServer } from "node:http";
import { adapterSuite, type SuiteRoute } from "sessile/testing";
import { type SessionHandler, withSession } from "sessile/web";
import { listen } from "./support/listen.ts";
import { answerOf, routeOf } from "./support/routes.ts";
import { serveFetch } from "./support/serve-fetch.ts";
import { toResponse } from "./support/to-response.ts";

adapterSuite("Request and Response", (manager, routes) => {
  const handlers = new Map(routes.map((route) => [route, mount(route)]));
  const handle: SessionHandler = (request, session) => {
    const { pathname } = new URL(request.url);
    const handler = handlers.get(routeOf(routes, request.method, pathname) as SuiteRoute);
    return handler === undefined ? new Response(null, { status: 404 }) : handler(request, session);
  };
  return listen(createServer(serveFetch(withSession(manager, handle, { onError: () => {} }))));
});

function mount(route: SuiteRoute): SessionHandler {
  return async (request, session) => {
    if (route.isGuarded) session.require();
    const { pathname, search } = new URL(request.url);
    const answer = await answerOf(route, { session, url: pathname + search });
    if (answer.isThrown === true) throw toResponse(answer);
    return toResponse(answer);
  };
}
