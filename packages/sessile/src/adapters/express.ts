// The adapter for Express 5 and 4, and for every host that calls `(request, response, next)`.

import type { IncomingMessage, ServerResponse } from "node:http";
import { finished } from "node:stream";
import type { Application, Request, RequestHandler, Response } from "express";
import type { SessionManager } from "../core/manager.ts";
import type { Session, SessionData, SignedInSession } from "../core/session.ts";
import { answerTo, type GuardOptions, notSignedIn } from "./shared/answer.ts";
import { answerInstead, hold } from "./shared/hold-response.ts";
import { NodeExchange } from "./shared/node-exchange.ts";
import { outcomeOf, settleWithoutHeaders } from "./shared/outcome.ts";
import { setSession } from "./shared/session-property.ts";
import { checkManager, checkOnError, guarded, guardOptions } from "./shared/wiring.ts";

declare global {
  namespace Express {
    interface Request {
      /** The session of this request, with the data of the manager that `Register` names. */
      session: Session;
    }
  }
}

/** Options of `sessions`. */
export interface SessionsOptions {
  /**
   * Called with mistakes that show only after the route has answered, such as too much data, and with errors of
   * handlers on hosts that do not catch them. Default `console.error`.
   */
  readonly onError?: (error: unknown) => void;
}

/** Answers a signed-in user. Its errors, thrown or rejected, reach the error handlers, with Express 4 too. */
type SignedInHandler<
  Params = Request["params"],
  ResBody = Request["body"],
  ReqBody = Request["body"],
  Query = Request["query"],
> = (
  request: Request<Params, ResBody, ReqBody, Query> & { readonly session: SignedInSession },
  response: Response<ResBody>,
  next: (error?: unknown) => void,
) => unknown;

/** Middleware for Express, Connect, `router`, Polka, `@fastify/middie` and `io.engine.use` of Socket.IO. */
export type SessionMiddleware = (request: IncomingMessage, response: ServerResponse, next: Next) => void;

// biome-ignore lint/suspicious/noExplicitAny: some hosts, such as h3 1, declare a `next` that takes an `Error` alone
type Next = (error?: any) => unknown;

/**
 * Adds a `session` to every request that passes, and settles it before the first byte of the response leaves:
 *
 * ```ts
 * app.use(sessions(manager));
 * ```
 *
 * In an Express application, an error of the library in a route is answered with `{"detail": …}`, unless an error
 * handler of the application answers; on other hosts `answerErrors` does that.
 */
export function sessions(manager: SessionManager, options: SessionsOptions = {}): SessionMiddleware {
  checkManager(manager, "sessions(manager)");
  checkOnError(options);
  const { onError = console.error } = options;
  return (request, response, next) => void run(manager, request as Hosted, response, next, onError);
}

async function run(
  manager: SessionManager,
  request: Hosted,
  response: ServerResponse,
  next: Next,
  onError: (error: unknown) => void,
): Promise<void> {
  const exchange = new NodeExchange<SessionData>(request, onError, request.originalUrl);
  try {
    const [opened, isThrown] = await outcomeOf(() => manager.open(exchange));
    if (isThrown) return answerErrors(opened, request, response, next);
    setSession(request, exchange.begin(opened));
    if (isStandIn(response)) await settleWithoutHeaders(opened, 200);
    else hold(response, exchange);
    answerLast(request.app);
    await next();
  } catch (error) {
    // Express and Connect catch the errors of handlers; Polka and programs of node:http do not.
    if (isStandIn(response)) onError(error);
    else exchange.fail(response, error);
  }
}

/** A request with the properties that hosts add. */
interface Hosted extends IncomingMessage {
  session: Session;
  readonly originalUrl?: string;
  readonly app?: MountedApplication;
}

/**
 * For an upgrade, Engine.IO (below Socket.IO) passes middleware an object instead of a response; nothing is written to
 * it.
 */
function isStandIn(response: ServerResponse): boolean {
  return (response as Partial<ServerResponse>).statusCode === undefined;
}

/** Lets signed-in users pass; all other requests get a 401. */
export function requireSession(options?: GuardOptions): SessionMiddleware;
/**
 * Lets a handler answer signed-in users only; all other requests get a 401. TypeScript does not see the path from here,
 * so name its parameters in the handlers that use them: `requireSession<{ id: string }>(…)`.
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
  const [handler, given] = typeof first === "function" ? [first, options] : [passOn, first];
  const { detail } = guardOptions(given);
  return async (request, response, next) => {
    try {
      const session = guarded(request.session);
      if (!session.isSignedIn()) return answerInstead(response, notSignedIn(session, detail));
      await handler(request as Parameters<SignedInHandler>[0], response, next);
    } catch (error) {
      next(error ?? new Error("A handler rejected with nothing."));
    }
  };
}

const passOn: SignedInHandler = (_request, _response, next) => next();

/**
 * An error handler that answers the library's errors with `{"detail": …}`, and passes all others on. Express needs
 * none; on other hosts it comes last:
 *
 * ```ts
 * connect().use(sessions(manager)).use(routes).use(answerErrors);
 * ```
 */
export function answerErrors(error: unknown, request: IncomingMessage, response: ServerResponse, next: Next): void {
  const answer = isStandIn(response) || response.headersSent ? null : answerTo(error, (request as Hosted).session);
  if (answer !== null) answerInstead(response, answer);
  // A complete answer, which may still be held, leaves before Express gets the error and cuts the connection.
  else if (response.writableEnded) finished(response, () => next(error));
  else next(error);
}

/** An application that was passed to `use` of another one has it as its `parent`. */
type MountedApplication = Application & { readonly parent?: MountedApplication };

const ANSWERING = new WeakSet<Application>();

/**
 * Puts `answerErrors` behind all error handlers that the application has at its first request, so that it only replaces
 * the answer of Express itself: an HTML page, in development with the stack.
 */
function answerLast(app: MountedApplication | undefined): void {
  if (app === undefined) return;
  let root = app;
  while (root.parent !== undefined) root = root.parent;
  if (!ANSWERING.has(root)) root.use(answerErrors);
  ANSWERING.add(root);
}
