// app/session.ts
import { createContext, type MiddlewareFunction, redirect } from "react-router";
import type { Session } from "sessile";
import { withSession } from "sessile/web";
import { manager } from "../manager";

export const sessionContext = createContext<Session>();

type Arguments = Parameters<MiddlewareFunction<Response>>;

const run = withSession(manager, (_request, session, ...[{ context }, next]: Arguments) => {
  context.set(sessionContext, session);
  return next() as Promise<Response>;
});

/** For the root route: `export const middleware = [sessionMiddleware]`. */
export const sessionMiddleware: MiddlewareFunction<Response> = (...args) => run(args[0].request, ...args);

/** For routes that need a signed-in user: `export const middleware = [requireUser]`. */
export const requireUser: MiddlewareFunction<Response> = ({ context }) => {
  if (!context.get(sessionContext).isSignedIn()) throw redirect("/login");
};
