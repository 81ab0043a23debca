// The adapter for Koa 3.

import type { Context, ExtendableContext, Middleware, Next } from "koa";
import type { SessionManager } from "../core/manager.ts";
import type { DefaultData, Session, SignedInSession } from "../core/session.ts";
import { type Answer, answerTo, describesBody, type GuardOptions, notSignedIn } from "./shared/answer.ts";
import { hold } from "./shared/hold-response.ts";
import { NodeExchange } from "./shared/node-exchange.ts";
import { setSession } from "./shared/session-property.ts";

export type { GuardOptions } from "./shared/answer.ts";

declare module "koa" {
  interface DefaultContext {
    /** The session of this request; typed by `SessionData`. */
    session: Session<DefaultData>;
  }
}

/** Middleware that adds only the session to the types of an application. */
type SessionMiddleware = Middleware<object, { session: Session<DefaultData> }>;

/** Answers a signed-in user. */
export type SignedInHandler<Ctx extends ExtendableContext = Context> = (
  ctx: Ctx & { readonly session: SignedInSession<DefaultData> },
  next: Next,
) => unknown;

/**
 * Adds a `session` to every request that passes, and settles it before the first byte of the response leaves:
 *
 * ```ts
 * app.use(sessions(manager));
 * ```
 *
 * An error of the library further down is answered with `{"detail": …}`. Middleware that answers it differently comes
 * below.
 */
export function sessions(manager: SessionManager): SessionMiddleware {
  return async (ctx, next) => {
    const report = (error: unknown): unknown => ctx.app.emit("error", error, ctx);
    const exchange = new NodeExchange<DefaultData>(ctx.req, report, ctx.originalUrl);
    try {
      setSession(ctx, exchange.begin(await manager.open(exchange)));
      hold(ctx.res, exchange);
      await next();
    } catch (error) {
      const result = ctx.headerSent ? null : answerTo(error, ctx.session);
      if (result === null) throw error;
      answer(ctx, result);
    }
  };
}

/** Lets signed-in users pass; all other requests get a 401. */
export function requireSession(options?: GuardOptions): SessionMiddleware;
/**
 * Lets a handler answer signed-in users only; all other requests get a 401. TypeScript does not see the application's
 * own types from here, so name its context in the handlers that use them:
 * `requireSession<ParameterizedContext<State>>(…)`.
 */
export function requireSession<Ctx extends ExtendableContext = Context>(
  handler: SignedInHandler<Ctx>,
  options?: GuardOptions,
): (ctx: Ctx, next: Next) => Promise<void>;
export function requireSession(
  first: SignedInHandler | GuardOptions = {},
  options: GuardOptions = {},
): SessionMiddleware {
  const [handler, { detail }] = typeof first === "function" ? [first, options] : [passOn, first];
  return async (ctx, next) => {
    if (ctx.session.isSignedIn()) await handler(ctx as Parameters<SignedInHandler>[0], next);
    else answer(ctx, notSignedIn(ctx.session, detail));
  };
}

const passOn: SignedInHandler = (_ctx, next) => next();

function answer(ctx: ExtendableContext, { status, headers, cookies, body }: Answer): void {
  for (const name of Object.keys(ctx.response.headers)) if (describesBody(name)) ctx.remove(name);
  ctx.set(headers);
  if (cookies.length > 0) ctx.append("set-cookie", [...cookies]);
  ctx.status = status;
  ctx.body = body;
}
