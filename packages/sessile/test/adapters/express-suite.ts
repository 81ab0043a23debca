// The adapter suite on any version of Express.

import { createServer } from "node:http";
import { pipeline, Readable } from "node:stream";
import type express from "express";
import { requireSession, sessions } from "sessile/express";
import { adapterSuite, type SuiteAnswer, type SuiteRoute } from "sessile/testing";
import { listen } from "./support/listen.ts";

export function expressSuite(name: string, createApp: typeof express): void {
  adapterSuite(name, (manager, routes) => {
    const app = createApp().set("env", "test");
    app.disable("etag");
    app.use(sessions(manager, { onError: () => {} }));
    for (const route of routes) {
      const method = route.method === "GET" ? "get" : "post";
      if (route.guard !== undefined) app[method](route.path, guard(route.guard));
      app[method](route.path, route.isGuarded ? requireSession(mount(route)) : passErrors(mount(route)));
    }
    return listen(createServer(app));
  });
}

type Handler = (request: express.Request, response: express.Response) => Promise<void>;

function mount(route: SuiteRoute): Handler {
  return async ({ session, originalUrl }, response) => {
    const answer = await route.answer({ session, url: originalUrl });
    if (answer.isThrown === true && (answer.status ?? 200) >= 400) throw Object.assign(new Error("thrown"), answer);
    send(response, answer);
  };
}

function guard(answerOf: NonNullable<SuiteRoute["guard"]>): express.RequestHandler {
  return async ({ session, originalUrl }, response, next) => {
    const answer = await answerOf({ session, url: originalUrl });
    if (answer === null) next();
    else send(response, answer);
  };
}

/** Express 4 does not wait for handlers. */
function passErrors(handler: Handler): express.RequestHandler {
  return (request, response, next) => void handler(request, response).catch(next);
}

function send(response: express.Response, { status = 200, headers = {}, body }: SuiteAnswer): void {
  response.status(status).set(headers as Record<string, string | string[]>);
  if (body === undefined) response.end();
  else if (typeof body === "string") response.send(body);
  else pipeline(Readable.from(body), response, () => {}); // a body that breaks off cuts the connection
}
