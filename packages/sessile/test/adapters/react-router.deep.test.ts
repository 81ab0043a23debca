// The recipe for React Router 7 of docs/guide/meta-frameworks.md, in React Router's own server runtime. The routes are
// resource routes, as they have no components.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import {
  createContext,
  createRequestHandler,
  data,
  type LoaderFunctionArgs,
  type MiddlewareFunction,
  RouterContextProvider,
  redirect,
  type ServerBuild,
} from "react-router";
import type { Session, SessionManager } from "sessile";
import type { SuiteRoute } from "sessile/testing";
import { withSession } from "sessile/web";
import { listen } from "./support/listen.ts";
import { recipeSuite } from "./support/recipe-suite.ts";
import { answerOf } from "./support/routes.ts";
import { serveFetch } from "./support/serve-fetch.ts";
import { testManager } from "./support/session-server.ts";
import { toResponse } from "./support/to-response.ts";

declare module "react-router" {
  interface Future {
    v8_middleware: true; // as `future` in react-router.config.ts makes it
  }
}

const sessionContext = createContext<Session>();

/** The middleware of the recipe. */
function sessionMiddleware(
  manager: SessionManager,
  act?: (session: Session, url: URL) => unknown,
): MiddlewareFunction<Response> {
  const run = withSession(
    manager,
    async ({ url }, session, [{ context }, next]: Parameters<MiddlewareFunction<Response>>) => {
      context.set(sessionContext, session);
      await act?.(session, new URL(url));
      return next() as Promise<Response>;
    },
  );
  return (args, next) => run(args.request, [args, next]);
}

/** The guard of the recipe; an API answers 401 instead of redirecting. */
const requireUser: MiddlewareFunction<Response> = ({ context }) => {
  if (!context.get(sessionContext).isSignedIn()) throw redirect("/login");
};

recipeSuite("React Router", (manager, routes) => {
  const modules = Object.fromEntries(routes.map((route) => [route.path, toModule(route)]));
  const guarded = new Set(routes.filter(({ isGuarded }) => isGuarded).map(({ path }) => path));
  const middleware = sessionMiddleware(manager, (session, { pathname }) => guarded.has(pathname) && session.require());
  return listen(createServer(serveFetch(handlerOf(middleware, modules))));
});

test("a loader redirects clients that are not signed in, and an action that throws a redirect keeps what it wrote", async () => {
  const { manager } = testManager();
  const login = async ({ context }: LoaderFunctionArgs): Promise<never> => {
    await context.get(sessionContext).signIn("anna");
    throw redirect("/profile");
  };
  const loader = async ({ context }: LoaderFunctionArgs) => Response.json(context.get(sessionContext).userId);
  const handle = handlerOf(sessionMiddleware(manager), {
    "/login": { action: login },
    "/profile": { middleware: [requireUser], loader },
  });
  const refused = await handle(new Request("http://localhost/profile"));
  assert.deepEqual([refused.status, refused.headers.get("location")], [302, "/login"]);
  assert.deepEqual([refused.headers.get("cache-control"), refused.headers.get("vary")], [null, "Cookie"]);
  const welcome = await handle(new Request("http://localhost/login", { method: "POST" }));
  assert.deepEqual([welcome.status, welcome.headers.get("location")], [302, "/profile"]);
  const cookie = (welcome.headers.get("set-cookie") ?? "").split(";")[0] as string;
  const profile = await handle(new Request("http://localhost/profile", { headers: { cookie } }));
  assert.equal(await profile.text(), '"anna"');
});

for (const path of ["/profile", "/profile.data"]) {
  test(`the session's own middleware may throw a redirect, with the cookie, at ${path}`, async () => {
    const { manager } = testManager();
    const middleware = sessionMiddleware(manager, async (session) => {
      await session.signIn("anna");
      throw redirect("/welcome");
    });
    const handle = handlerOf(middleware, { "/profile": { loader: () => "never", default: () => null } });
    const response = await handle(new Request(`http://localhost${path}`));
    assert.match(response.headers.get("set-cookie") ?? "", /^__Host-session=ses_/);
    if (path === "/profile") {
      assert.deepEqual([response.status, response.headers.get("location")], [302, "/welcome"]);
    } else {
      assert.equal(response.status, 202); // how React Router tells its own client
      assert.match(await response.text(), /\/welcome/);
    }
  });

  test(`the session's own middleware may throw data(), which React Router answers, at ${path}`, async () => {
    const { manager } = testManager();
    const middleware = sessionMiddleware(manager, () => {
      throw data("taken", { status: 409 });
    });
    const handle = handlerOf(middleware, { "/profile": { loader: () => "never", default: () => null } });
    assert.equal((await handle(new Request(`http://localhost${path}`))).status, 409);
  });
}

function toModule(route: SuiteRoute): object {
  const answer = async ({ request, context }: LoaderFunctionArgs): Promise<Response> => {
    const { pathname, search } = new URL(request.url);
    return toResponse(await answerOf(route, { session: context.get(sessionContext), url: pathname + search }));
  };
  return { [route.method === "GET" ? "loader" : "action"]: answer };
}

/** Stands for the page that React Router would render. */
const render = (_request: Request, status: number): Response => new Response(null, { status });

/** The handler of an application with these route modules, whose root has the middleware. */
function handlerOf(middleware: MiddlewareFunction<Response>, modules: Record<string, object>) {
  const root = { id: "root", path: "", module: { middleware: [middleware], default: () => null } };
  const routes = Object.entries(modules).map(([path, module]) => ({ id: path, parentId: "root", path, module }));
  const build = {
    entry: { module: { default: render, handleError: () => {} } },
    routes: Object.fromEntries([root, ...routes].map((route) => [route.id, route])),
    assets: { entry: { imports: [], module: "" }, routes: {}, url: "", version: "" },
    future: { v8_middleware: true },
    publicPath: "/",
    assetsBuildDirectory: "",
    ssr: true,
    isSpaMode: false,
    prerender: [],
    routeDiscovery: { mode: "initial", manifestPath: "" },
  };
  const handle = createRequestHandler(build as unknown as ServerBuild, "production");
  return (request: Request): Promise<Response> => handle(request, new RouterContextProvider());
}
