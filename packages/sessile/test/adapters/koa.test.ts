import { createServer } from "node:http";
import { Readable } from "node:stream";
import Koa, { type Context, type Middleware } from "koa";
import { requireSession, sessions } from "sessile/koa";
import { adapterSuite, type SuiteAnswer, type SuiteRoute } from "sessile/testing";
import { listen } from "./support/listen.ts";
import { answerOf, routeOf } from "./support/routes.ts";

adapterSuite("Koa", (manager, routes) => {
  const app = new Koa();
  app.silent = true;
  app.use(sessions(manager));
  const handlers = new Map(routes.map((route) => [route, mount(route)]));
  app.use((ctx, next) => handlers.get(routeOf(routes, ctx.method, ctx.path) as SuiteRoute)?.(ctx, next));
  return listen(createServer(app.callback()));
});

function mount(route: SuiteRoute): Middleware {
  const guard = requireSession();
  const handler: Middleware = async (ctx) => {
    const answer = await answerOf(route, { session: ctx.session, url: ctx.originalUrl });
    if (answer.isThrown === true && (answer.status ?? 200) >= 400) ctx.throw(answer.status ?? 500);
    write(ctx, answer);
  };
  return route.isGuarded ? (ctx, next) => guard(ctx, () => handler(ctx, next)) : handler;
}

function write(ctx: Context, { status = 200, headers = {}, body }: SuiteAnswer): void {
  ctx.set(headers as Record<string, string | string[]>);
  ctx.body = body === undefined || typeof body === "string" ? (body ?? null) : Readable.from(body);
  ctx.status = status;
}
