// The adapter for Koa 3.

import type { ExtendableContext, Middleware } from "koa";
import type { SessionManager } from "../core/manager.ts";
import type { Session, SessionData } from "../core/session.ts";
import { type Answer, answerTo, describesBody, type GuardOptions, notSignedIn } from "./shared/answer.ts";
import { hold } from "./shared/hold-response.ts";
import { NodeExchange } from "./shared/node-exchange.ts";
import { setSession } from "./shared/session-property.ts";
import { checkManager, guarded, guardOptions } from "./shared/wiring.ts";

declare module "koa" {
  interface DefaultContext {
    /** The session of this request, with the data of the manager that `Register` names. */
    session: Session;
  }
}

/** Middleware that adds only the session to the types of an application. */
type SessionMiddleware = Middleware<object, { session: Session }>;

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
  checkManager(manager, "sessions(manager)");
  return async (ctx, next) => {
    const report = (error: unknown): unknown => ctx.app.emit("error", error, ctx);
    const exchange = new NodeExchange<SessionData>(ctx.req, report, ctx.originalUrl);
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
export function requireSession(options: GuardOptions = {}): SessionMiddleware {
  const { detail } = guardOptions(options);
  return async (ctx, next) => {
    if (guarded(ctx.session).isSignedIn()) await next();
    else answer(ctx, notSignedIn(ctx.session, detail));
  };
}

function answer(ctx: ExtendableContext, { status, headers, cookies, body }: Answer): void {
  for (const name of Object.keys(ctx.response.headers)) if (describesBody(name)) ctx.remove(name);
  ctx.set(headers);
  if (cookies.length > 0) ctx.append("set-cookie", [...cookies]);
  ctx.status = status;
  ctx.body = body;
}
