import { createServer } from "node:http";
import { adapterSuite, type SuiteAnswer, type SuiteRoute } from "sessile/testing";
import { requireSession, type SessionHandler, withSession } from "sessile/web";
import { listen } from "./support/listen.ts";
import { answerOf, routeOf } from "./support/routes.ts";
import { serveFetch } from "./support/serve-fetch.ts";

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
  const handler: SessionHandler = async (request, session) => {
    const { pathname, search } = new URL(request.url);
    const answer = await answerOf(route, { session, url: pathname + search });
    if (answer.isThrown === true) throw toResponse(answer);
    return toResponse(answer);
  };
  return route.isGuarded ? requireSession(handler) : handler;
}

function toResponse({ status = 200, headers = {}, body }: SuiteAnswer): Response {
  const lines = Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().map((value): [string, string] => [name, value]),
  );
  const content = body === undefined || typeof body === "string" ? (body ?? null) : streamOf(body[Symbol.iterator]());
  return new Response(content, { status, headers: lines });
}

/** Not `ReadableStream.from`: Node's tells a synchronous iterator nothing when the stream is cancelled before it is read. */
function streamOf(chunks: Iterator<Uint8Array>): ReadableStream {
  return new ReadableStream({
    pull(controller) {
      const { done, value } = chunks.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    cancel: () => void chunks.return?.(),
  });
}
