import { createAdaptorServer } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { requireSession, sessions } from "sessile/hono";
import { adapterSuite, type SuiteRoute } from "sessile/testing";
import { listen } from "./support/listen.ts";
import { bodyOf } from "./support/to-response.ts";

adapterSuite("Hono", (manager, routes) => {
  const app = new Hono().use(sessions(manager)).onError((_error, c) => c.text("Internal Server Error", 500));
  for (const route of routes) {
    if (route.isGuarded) app.on(route.method, route.path, requireSession(), mount(route));
    else app.on(route.method, route.path, mount(route));
  }
  return listen(createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false }));
});

type Environment = { Variables: { session: Parameters<SuiteRoute["answer"]>[0]["session"] } };

function mount(route: SuiteRoute): (c: Context<Environment>) => Promise<Response> {
  return async (c) => {
    const { pathname, search } = new URL(c.req.url);
    const { status = 200, headers = {}, body } = await route.answer({ session: c.var.session, url: pathname + search });
    return c.body(bodyOf(body), status as 200, headers as Record<string, string | string[]>);
  };
}
