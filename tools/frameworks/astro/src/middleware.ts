// src/middleware.ts
import type { APIContext, MiddlewareNext } from "astro";
import { withSession } from "sessile/web";
import { manager } from "../manager";

const run = withSession(manager, (_request, session, context: APIContext, next: MiddlewareNext) => {
  context.locals.session = session;
  if (context.url.pathname.startsWith("/account") && !session.isSignedIn()) return context.redirect("/login");
  return next();
});

export const onRequest = (context: APIContext, next: MiddlewareNext) => run(context.request, context, next);
