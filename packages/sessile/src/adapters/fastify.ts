// Sessions for Fastify 5. Translates, and decides nothing.

import type {
  FastifyInstance,
  FastifyPluginAsync,
  FastifyReply,
  FastifyRequest,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
  RouteGenericInterface,
  RouteHandlerMethod,
} from "fastify";
import { isSessionError, type SessionError } from "../core/errors.ts";
import type { SessionManager } from "../core/manager.ts";
import type { DefaultData, Session, SignedInSession } from "../core/session.ts";
import type { SessionResponse } from "../core/transport.ts";
import { type Answer, answerTo, describesBody, type GuardOptions, notSignedIn } from "./answer.ts";
import { hold, release } from "./hold-response.ts";
import { NodeExchange } from "./node-exchange.ts";

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
export type SignedInRequest<Route extends RouteGenericInterface = RouteGenericInterface> = FastifyRequest<Route> & {
  readonly session: SignedInSession<DefaultData>;
};

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

/** Lets a handler answer signed-in users only; everybody else gets a 401. */
export function requireSession<Route extends RouteGenericInterface = RouteGenericInterface>(
  handler: (this: FastifyInstance, request: SignedInRequest<Route>, reply: FastifyReply<Route>) => unknown,
  { detail }: GuardOptions = {},
): RouteHandlerMethod<RawServerDefault, RawRequestDefaultExpression, RawReplyDefaultExpression, Route> {
  const guarded = function (this: FastifyInstance, request: FastifyRequest, reply: FastifyReply): unknown {
    const { session } = request;
    if (!session.isSignedIn()) return reply.send(prepare(reply, notSignedIn(session, detail)));
    return handler.call(this, request as SignedInRequest<Route>, reply as FastifyReply<Route>);
  };
  return guarded as RouteHandlerMethod<RawServerDefault, RawRequestDefaultExpression, RawReplyDefaultExpression, Route>;
}

async function register(app: FastifyInstance, { manager }: SessionsOptions): Promise<void> {
  app.decorateRequest("session", null as unknown as Session);
  app.decorateRequest(EXCHANGE, null);
  app.decorateRequest(FAILED, null);
  app.addHook("onRequest", (request, reply) => open(manager, request, reply));
  app.addHook("onError", async (request, _reply, error) => {
    if (isSessionError(error)) keptOf(request)[FAILED] = error;
  });
  app.addHook("onSend", settle);
}

async function open(manager: SessionManager, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const exchange = new NodeExchange<DefaultData>(request.raw, (error) => request.log.error(error));
  try {
    request.session = await exchange.open(manager);
  } catch (error) {
    const answer = answerTo(error);
    if (answer === null) throw error;
    return reply.send(prepare(reply, answer));
  }
  keptOf(request)[EXCHANGE] = exchange;
  hold(reply.raw, exchange);
  return undefined;
}

/** The `onSend` hook. Gives back the payload to send. */
async function settle(request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
  const { [EXCHANGE]: exchange, [FAILED]: failed } = keptOf(request);
  if (exchange === null) return payload;
  const content = unwrap(reply, payload);
  try {
    await exchange.commit(reply.statusCode, new ReplyHeaders(reply));
  } catch (error) {
    discard(content);
    const answer = answerTo(error, request.session);
    if (answer === null) throw error;
    return prepare(reply, answer);
  } finally {
    release(reply.raw);
  }
  const answer = failed !== null && isFastifysOwn(content, failed) ? answerTo(failed, request.session) : null;
  return answer === null ? content : prepare(reply, answer);
}

class ReplyHeaders implements SessionResponse {
  readonly #reply: FastifyReply;

  constructor(reply: FastifyReply) {
    this.#reply = reply;
  }

  set(name: string, value: string): void {
    this.#reply.header(name, value);
  }

  /** What is present may also be on `reply.raw`, where other plugins put it; Fastify's own headers would replace it there. */
  append(name: string, value: string): void {
    const present = this.#reply.getHeader(name);
    const values = present === undefined ? [value] : [present, value].flat().map(String);
    this.#reply.removeHeader(name).header(name, name === "set-cookie" ? values : values.join(", "));
  }
}

/** Gives the reply the status and headers of `answer`, and its body to the caller. */
function prepare(reply: FastifyReply, { status, headers, body }: Answer): string {
  for (const name of Object.keys(reply.getHeaders())) if (describesBody(name)) reply.removeHeader(name);
  reply.code(status).headers(headers);
  return body;
}

/** Takes a web `Response` apart as Fastify does after its hooks: its headers would replace those of the session then. */
function unwrap(reply: FastifyReply, payload: unknown): unknown {
  if (Object.prototype.toString.call(payload) !== "[object Response]") return payload;
  const { status, headers, body } = payload as Response;
  reply.code(status);
  for (const [name, value] of headers) reply.header(name, value);
  return body;
}

/**
 * Whether `payload` is what Fastify itself makes of an error that no error handler answered. Only then the answer is ours:
 * an application's `setErrorHandler` has the last word, also on the errors of this library.
 */
function isFastifysOwn(payload: unknown, error: SessionError): boolean {
  if (typeof payload !== "string" || !payload.startsWith('{"statusCode":')) return false;
  const { code, message } = JSON.parse(payload) as { code?: unknown; message?: unknown };
  return code === error.code && message === error.message;
}

/** Frees what would have been streamed. */
function discard(payload: unknown): void {
  const stream = payload as { destroy?: () => void; cancel?: () => Promise<void> } | null | undefined;
  if (typeof stream?.destroy === "function") stream.destroy();
  else if (typeof stream?.cancel === "function") stream.cancel().catch(() => {});
}

function keptOf(request: FastifyRequest): Kept {
  return request as unknown as Kept;
}
