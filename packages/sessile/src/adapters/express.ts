// Sessions for Express 5 and 4. Translates, and decides nothing.

import { finished } from "node:stream";
import type { Application, ErrorRequestHandler, Request, RequestHandler, Response } from "express";
import type { SessionManager } from "../core/manager.ts";
import type { DefaultData, Session, SignedInSession } from "../core/session.ts";
import { answerTo, type GuardOptions, notSignedIn } from "./answer.ts";
import { answerInstead, hold } from "./hold-response.ts";
import { NodeExchange } from "./node-exchange.ts";
import { setSession } from "./session-property.ts";

export type { GuardOptions } from "./answer.ts";

declare global {
  namespace Express {
    interface Request {
      /** The session of this request; typed by `SessionData`. */
      session: Session<DefaultData>;
    }
  }
}

export interface SessionsOptions {
  /** Hears of mistakes that show only when the route has answered, such as too much data. Default `console.error`. */
  readonly onError?: (error: unknown) => void;
}

/** Answers a signed-in user. What it throws, or rejects with, reaches the error handlers, with Express 4 too. */
export type SignedInHandler<
  Params = Request["params"],
  ResBody = Request["body"],
  ReqBody = Request["body"],
  Query = Request["query"],
> = (
  request: Request<Params, ResBody, ReqBody, Query> & { readonly session: SignedInSession<DefaultData> },
  response: Response<ResBody>,
  next: (error?: unknown) => void,
) => unknown;

/**
 * Gives every request that comes by a `session`, and settles it before the first byte of the response leaves:
 *
 * ```ts
 * app.use(sessions(manager));
 * ```
 *
 * What the library throws in a route is answered with `{"detail": …}`, unless an error handler of the application answers.
 */
export function sessions(manager: SessionManager, { onError = console.error }: SessionsOptions = {}): RequestHandler {
  return (request, response, next) => {
    const exchange = new NodeExchange<DefaultData>(request, onError, request.originalUrl);
    const begin = (session: Session): void => {
      setSession(request, session);
      hold(response, exchange);
      answerLast(request.app);
      next();
    };
    exchange.open(manager).then(begin, (error) => answerError(error, request, response, next));
  };
}

/** Lets signed-in users pass; everybody else gets a 401. */
export function requireSession(options?: GuardOptions): RequestHandler;
/**
 * Lets a handler answer signed-in users only; everybody else gets a 401. TypeScript does not see the path from here, so name its
 * parameters where they are used: `requireSession<{ id: string }>(…)`.
 */
export function requireSession<
  Params = Request["params"],
  ResBody = Request["body"],
  ReqBody = Request["body"],
  Query = Request["query"],
>(
  handler: SignedInHandler<Params, ResBody, ReqBody, Query>,
  options?: GuardOptions,
): RequestHandler<Params, ResBody, ReqBody, Query>;
export function requireSession(first: SignedInHandler | GuardOptions = {}, options: GuardOptions = {}): RequestHandler {
  const [handler, { detail }] = typeof first === "function" ? [first, options] : [passOn, first];
  return async (request, response, next) => {
    if (!request.session.isSignedIn()) return answerInstead(response, notSignedIn(request.session, detail));
    try {
      await handler(request as Parameters<SignedInHandler>[0], response, next);
    } catch (error) {
      next(error ?? new Error("A handler rejected with nothing."));
    }
  };
}

const passOn: SignedInHandler = (_request, _response, next) => next();

/** An answer that is whole, and may still be held, goes out before Express hears of the error and cuts the connection. */
const answerError: ErrorRequestHandler = (error, request, response, next) => {
  const answer = response.headersSent ? null : answerTo(error, request.session);
  if (answer !== null) answerInstead(response, answer);
  else if (response.writableEnded) finished(response, () => next(error));
  else next(error);
};

/** An application that was given to another one's `use` knows that one. */
type MountedApplication = Application & { readonly parent?: MountedApplication };

const ANSWERING = new WeakSet<Application>();

/**
 * Puts `answerError` behind all error handlers that the application has by its first request, so that it only answers instead
 * of Express itself, which would show an HTML page, in development with the stack.
 */
function answerLast(app: MountedApplication): void {
  let root = app;
  while (root.parent !== undefined) root = root.parent;
  if (!ANSWERING.has(root)) root.use(answerError);
  ANSWERING.add(root);
}
