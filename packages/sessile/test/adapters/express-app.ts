// An application of any version of Express for a test: sessions, `GET /public`, and the routes that the test is about.

import type express from "express";
import type { SessionTransport } from "sessile/adapter";
import { sessions } from "sessile/express";
import { type AppServer, withApp } from "./support/app-server.ts";

export type Express = typeof express;
export type Handler = (request: express.Request, response: express.Response, next: express.NextFunction) => unknown;
/** The steps of a test with the application after `sessions` is in use. */
export type Mount = (app: express.Express) => unknown;

/** Serves the application during `body`. Errors that the adapter reports go to `onError`. */
export function withExpress(
  createApp: Express,
  mount: Mount,
  body: (server: AppServer) => Promise<void>,
  { onError = () => {}, transport }: { onError?: (error: unknown) => void; transport?: SessionTransport } = {},
): Promise<void> {
  return withApp(
    (manager) => {
      const app = createApp().set("env", "test").use(sessions(manager, { onError }));
      app.get("/public", (_request, response) => void response.send("public"));
      mount(app);
      return app;
    },
    body,
    transport,
  );
}

/** The same, with one route for all methods: `/`. */
export function withRoute(
  createApp: Express,
  handler: Handler,
  body: (server: AppServer) => Promise<void>,
): Promise<void> {
  return withExpress(createApp, (app) => app.all("/", handler), body);
}

/** An error handler of an application, which answers with `answer`. */
export function errorHandler(
  answer: (error: ThrownError, response: express.Response) => unknown,
): express.ErrorRequestHandler {
  return (error, _request, response, _next) => void answer(error, response);
}

export interface ThrownError extends Error {
  readonly code?: string;
  readonly status?: number;
  readonly statusCode?: number;
}
