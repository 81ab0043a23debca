// The adapter for Fastify 5.

import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import { isSessionError, type SessionError } from "../core/errors.ts";
import type { SessionManager } from "../core/manager.ts";
import { checkNames } from "../core/options.ts";
import type { Session as SessileSession, SessionData } from "../core/session.ts";
import { answerTo, type GuardOptions, notSignedIn } from "./shared/answer.ts";
import { type AnyReply, isFastifysOwn, prepare } from "./shared/fastify-reply.ts";
import { hold } from "./shared/hold-response.ts";
import { NodeExchange } from "./shared/node-exchange.ts";
import { keepSession, PROPERTY } from "./shared/session-property.ts";
import { checkManager, guarded, guardOptions } from "./shared/wiring.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** The session of this request, with the data of the manager that `Register` names. */
    session: SessileSession; // plain `Session` would be the one that @fastify/session declares in this module
  }
}

/** Options of the plugin `sessions`. */
export interface SessionsOptions {
  /** Opens the session of each request. */
  readonly manager: SessionManager;
}

const FAILED = Symbol("sessile.failed");

interface Failure {
  /** The library's error that ended the route, unless an error handler answers it. */
  [FAILED]: SessionError | null;
}

/**
 * Adds a `session` to every request of the instance that it is registered on, and of the instances below:
 *
 * ```ts
 * await app.register(sessions, { manager });
 * ```
 *
 * Output that bypasses Fastify's reply, as after `reply.hijack()`, is held back as well until the session is settled.
 */
export const sessions: FastifyPluginAsync<SessionsOptions> = Object.assign(register, {
  [Symbol.for("skip-override")]: true,
  [Symbol.for("fastify.display-name")]: "sessile",
  [Symbol.for("plugin-meta")]: { name: "sessile", fastify: "5.x" },
});

/** A hook of a route or of an instance. */
type SessionHook = (request: SessionHolder, reply: AnyReply) => Promise<unknown>;

interface SessionHolder {
  readonly session: SessileSession;
}

/** Lets signed-in users pass; all other requests get a 401. A hook for `preHandler`, of one route or of all. */
export function requireSession(options: GuardOptions = {}): SessionHook {
  const { detail } = guardOptions(options);
  return async ({ session }, reply) =>
    guarded(session).isSignedIn() ? undefined : reply.send(prepare(reply, notSignedIn(session, detail)));
}

/** For Fastify to put on the prototype of its requests: a property of every request would cost each half a microsecond. */
const SESSION = { getter: PROPERTY.get, setter: PROPERTY.set } as { getter(): SessileSession; setter(): never };

/** The plugin's own, and those that Fastify takes with every plugin. */
const KNOWN: ReadonlySet<string> = new Set(["manager", "prefix", "logLevel", "logSerializers", "encapsulate"]);

async function register(app: FastifyInstance, options: SessionsOptions): Promise<void> {
  const { manager } = options;
  checkManager(manager, "register(sessions, { manager })", options);
  checkNames(options, KNOWN);
  app.decorateRequest("session", SESSION);
  app.decorateRequest(FAILED, null);
  app.addHook("onRequest", (request, reply) => open(manager, request, reply));
  app.addHook("onError", async (request, _reply, error) => {
    if (isSessionError(error)) (request as unknown as Failure)[FAILED] = error;
  });
  app.addHook("onSend", answerFailure);
}

/**
 * Output is held back below Fastify, on the raw response; no hook waits for the store. During a hook that waits,
 * `reply.sent` is false, and Fastify runs the route after a guard that has answered but did not return the reply.
 */
async function open(manager: SessionManager, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const exchange = new NodeExchange<SessionData>(request.raw, (error) => request.log.error(error));
  try {
    keepSession(request, exchange.begin(await manager.open(exchange)));
    hold(reply.raw, exchange);
    return undefined;
  } catch (error) {
    const answer = answerTo(error);
    if (answer === null) throw error; // for Fastify to show
    return reply.send(prepare(reply, answer));
  }
}

/** The `onSend` hook: replaces Fastify's own answer to an error of the library. */
function answerFailure(request: FastifyRequest, reply: FastifyReply, payload: unknown, done: Done): void {
  const { [FAILED]: failed } = request as unknown as Failure;
  const answer = failed !== null && isFastifysOwn(payload, failed) ? answerTo(failed, request.session) : null;
  done(null, answer === null ? payload : prepare(reply, answer));
}

type Done = (error: null, payload: unknown) => void;
