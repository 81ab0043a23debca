// The routes of the adapter suite as an application of Hono.

import { type Context, Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import type { Session, SessionManager } from "sessile";
import { requireSession, sessions } from "sessile/hono";
import type { SuiteRoute } from "sessile/testing";
import { answerOf } from "./routes.ts";
import { bodyOf, toResponse } from "./to-response.ts";

export function honoApp(manager: SessionManager, routes: readonly SuiteRoute[]): Hono {
  const app = new Hono();
  app.use(sessions(manager));
  for (const route of routes) {
    if (route.isGuarded) app.on(route.method, route.path, requireSession(), mount(route));
    else app.on(route.method, route.path, mount(route));
  }
  return app;
}

function mount(route: SuiteRoute): (c: Context<{ Variables: { session: Session } }>) => Promise<Response> {
  return async (c) => {
    const { pathname, search } = new URL(c.req.url);
    const answer = await answerOf(route, { session: c.var.session, url: pathname + search });
    const { status = 200, headers = {}, body, isThrown } = answer;
    if (isThrown === true) throw new HTTPException(status as 404, { res: toResponse(answer) });
    return c.newResponse(bodyOf(body), status as 200, headers as Record<string, string | string[]>);
  };
}
