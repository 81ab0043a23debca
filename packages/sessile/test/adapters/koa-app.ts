// A Koa application for a test: sessions, `GET /public`, and the middleware that the test is about.

import Koa, { type Middleware } from "koa";
import type { SessionTransport } from "sessile/adapter";
import { sessions } from "sessile/koa";
import { type AppServer, withApp } from "./support/app-server.ts";

/** Functions that a test may put around its middleware. */
export interface Around {
  /** Comes before `sessions`. */
  readonly above?: Middleware;
  /** Hears of the application's errors. */
  readonly onError?: (error: unknown) => void;
  readonly transport?: SessionTransport;
}

/** Serves an application whose last middleware is `handler` for the time of `body`. */
export function withKoa(
  handler: Middleware,
  body: (server: AppServer) => Promise<void>,
  { above = (_ctx, next) => next(), onError = () => {}, transport }: Around = {},
): Promise<void> {
  return withApp(
    (manager) => {
      const app = new Koa().on("error", onError);
      app.use(above).use(sessions(manager));
      app.use((ctx, next) => {
        if (ctx.path !== "/public") return next();
        ctx.body = "public";
        return undefined;
      });
      const answer = app.use(handler).callback();
      return (request, response) => void answer(request, response);
    },
    body,
    transport,
  );
}
