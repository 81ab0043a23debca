// Sessions for Fastify 5. Translates, and decides nothing.

import type {
  FastifyInstance,
  FastifyPluginAsync,
  FastifyReply,
  FastifyRequest,
  FastifySchema,
  FastifyTypeProvider,
  FastifyTypeProviderDefault,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerBase,
  RawServerDefault,
  RouteGenericInterface,
  RouteHandlerMethod,
} from "fastify";
import { isSessionError, type SessionError } from "../core/errors.ts";
import { SETTLED } from "../core/exchange.ts";
import type { SessionManager } from "../core/manager.ts";
import { isPromise } from "../core/promise.ts";
import type { DefaultData, Session, SignedInSession } from "../core/session.ts";
import { type Answer, answerTo, type GuardOptions, notSignedIn } from "./answer.ts";
import { type AnyReply, isFastifysOwn, prepare, ReplyHeaders, refuse, unwrap } from "./fastify-reply.ts";
import { hold, release } from "./hold-response.ts";
import { NodeExchange } from "./node-exchange.ts";
import { discard } from "./payload.ts";

export type { GuardOptions } from "./answer.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** The session of this request; typed by `SessionData`. */
    session: Session<DefaultData>;
  }
}

export interface SessionsOptions {
  readonly manager: SessionManager;
}

/** A request of which it is known that somebody is signed in. */
export type SignedInRequest<
  Route extends RouteGenericInterface = RouteGenericInterface,
  Server extends RawServerBase = RawServerDefault,
  Schema extends FastifySchema = FastifySchema,
  Provider extends FastifyTypeProvider = FastifyTypeProviderDefault,
> = FastifyRequest<Route, Server, RawRequestDefaultExpression<Server>, Schema, Provider> & {
  readonly session: SignedInSession<DefaultData>;
};

/** Answers a signed-in user. */
export type SignedInHandler<
  Route extends RouteGenericInterface = RouteGenericInterface,
  Server extends RawServerBase = RawServerDefault,
  Schema extends FastifySchema = FastifySchema,
  Provider extends FastifyTypeProvider = FastifyTypeProviderDefault,
> = (
  this: FastifyInstance<Server>,
  request: SignedInRequest<Route, Server, Schema, Provider>,
  reply: FastifyReply<
    Route,
    Server,
    RawRequestDefaultExpression<Server>,
    RawReplyDefaultExpression<Server>,
    unknown,
    Schema,
    Provider
  >,
) => unknown;

const EXCHANGE = Symbol("sessile.exchange");
const FAILED = Symbol("sessile.failed");

/** What the plugin keeps of a request, beside `request.session`. */
interface Kept {
  [EXCHANGE]: NodeExchange<DefaultData> | null;
  /** The library's error that ended the route, unless an error handler answers it. */
  [FAILED]: SessionError | null;
}

/**
 * Gives every request of the instance it is registered on, and of those below, a `session`:
 *
 * ```ts
 * await app.register(sessions, { manager });
 * ```
 *
 * What bypasses Fastify's reply, such as `reply.hijack()` and writing to `reply.raw`, is held back until the session is settled.
 */
export const sessions: FastifyPluginAsync<SessionsOptions> = Object.assign(register, {
  [Symbol.for("skip-override")]: true,
  [Symbol.for("fastify.display-name")]: "sessile",
  [Symbol.for("plugin-meta")]: { name: "sessile", fastify: "5.x" },
});

/** Lets signed-in users pass; everybody else gets a 401: a hook for `preHandler`, of one route or of all. */
export function requireSession(
  options?: GuardOptions,
): (request: { readonly session: Session<DefaultData> }, reply: AnyReply) => Promise<unknown>;
/** Lets a handler answer signed-in users only; everybody else gets a 401. */
export function requireSession<
  Route extends RouteGenericInterface = RouteGenericInterface,
  Server extends RawServerBase = RawServerDefault,
  Schema extends FastifySchema = FastifySchema,
  Provider extends FastifyTypeProvider = FastifyTypeProviderDefault,
>(
  handler: SignedInHandler<Route, Server, Schema, Provider>,
  options?: GuardOptions,
): RouteHandlerMethod<
  Server,
  RawRequestDefaultExpression<Server>,
  RawReplyDefaultExpression<Server>,
  Route,
  unknown,
  Schema,
  Provider
>;
export function requireSession(first: SignedInHandler | GuardOptions = {}, options: GuardOptions = {}): unknown {
  const [handler, { detail }] = typeof first === "function" ? [first, options] : [passOn, first];
  return function (this: FastifyInstance, request: SignedInRequest, reply: FastifyReply): unknown {
    if (request.session.isSignedIn()) return handler.call(this, request, reply);
    return reply.send(prepare(reply, notSignedIn(request.session, detail)));
  };
}

async function passOn(): Promise<void> {}

async function register(app: FastifyInstance, { manager }: SessionsOptions): Promise<void> {
  app.decorateRequest("session", null as unknown as Session);
  app.decorateRequest(EXCHANGE, null);
  app.decorateRequest(FAILED, null);
  app.addHook("onRequest", (request, reply, next) => open(manager, request, reply, next));
  app.addHook("onError", async (request, _reply, error) => {
    if (isSessionError(error)) keptOf(request)[FAILED] = error;
  });
  app.addHook("onSend", settle);
}

/** The `onRequest` hook. Calls `next`, or gives back a promise when it has to wait for the store. */
function open(manager: SessionManager, request: FastifyRequest, reply: FastifyReply, next: () => void): unknown {
  const exchange = new NodeExchange<DefaultData>(request.raw, (error) => request.log.error(error));
  const begin = (session: Session): void => {
    request.session = session;
    keptOf(request)[EXCHANGE] = exchange;
    hold(reply.raw, exchange);
  };
  const session = exchange.open(manager);
  if (isPromise(session)) return session.then(begin, (error) => refuse(reply, error));
  begin(session);
  return next();
}

type Done = (error: null, payload: unknown) => void;

/** The `onSend` hook. Tells `done` the payload to send, or gives it back when it has to wait for the store: most requests only read. */
function settle(request: FastifyRequest, reply: FastifyReply, payload: unknown, done: Done): unknown {
  const { [EXCHANGE]: exchange, [FAILED]: failed } = keptOf(request);
  if (exchange === null) return void done(null, payload);
  const content = unwrap(reply, payload);
  const answer = failed !== null && isFastifysOwn(content, failed) ? answerTo(failed, request.session) : null;
  const settled = (instead: Answer | null): unknown => {
    release(reply.raw);
    return instead === null ? content : prepare(reply, instead);
  };
  const settling = exchange.commit(reply.statusCode, new ReplyHeaders(reply));
  if (settling === undefined || settling === SETTLED) return void done(null, settled(answer));
  return settling.then(
    () => settled(answer),
    (error) => {
      discard(content);
      release(reply.raw);
      const instead = answerTo(error, request.session);
      if (instead === null) throw error;
      return prepare(reply, instead);
    },
  );
}

function keptOf(request: FastifyRequest): Kept {
  return request as unknown as Kept;
}
