// The recipe for SvelteKit of docs/guide/meta-frameworks.md. SvelteKit needs a build of its own, so `respond` imitates
// the part of it that calls the hook, as its version 3.2 does it: `resolve` never throws, an error of a route is a
// response by then, and cookies that a route sets through `event.cookies` are on the response before the hook gets it.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import type { Session, SessionManager } from "sessile";
import type { SuiteRoute } from "sessile/testing";
import { withSession } from "sessile/web";
import { listen } from "./support/listen.ts";
import { recipeSuite } from "./support/recipe-suite.ts";
import { answerOf, routeOf } from "./support/routes.ts";
import { serveFetch } from "./support/serve-fetch.ts";
import { testManager } from "./support/session-server.ts";
import { toResponse } from "./support/to-response.ts";

/** As much of SvelteKit's types as the hook uses. */
interface RequestEvent {
  readonly request: Request;
  readonly url: URL;
  readonly locals: { session: Session };
  readonly cookies: { set(name: string, value: string): void };
}
type Resolve = (event: RequestEvent) => Response | Promise<Response>;
type Handle = (input: { event: RequestEvent; resolve: Resolve }) => Response | Promise<Response>;

/** The hook of the recipe, which guards the paths that `isGuarded` names. */
function hook(manager: SessionManager, isGuarded: (url: URL) => boolean = () => false): Handle {
  const run = withSession(manager, (_request, session, { event, resolve }: Parameters<Handle>[0]) => {
    event.locals.session = session;
    if (isGuarded(event.url)) session.require();
    return resolve(event);
  });
  return (input) => run(input.event.request, input);
}

type Endpoint = (event: RequestEvent) => Promise<Response>;

/** The steps of SvelteKit with a request. */
async function respond(request: Request, handle: Handle, endpoint: Endpoint): Promise<Response> {
  const set: string[] = [];
  const cookies = { set: (name: string, value: string) => void set.push(`${name}=${value}; Path=/; HttpOnly`) };
  const event = { request, url: new URL(request.url), locals: {} as RequestEvent["locals"], cookies };
  const resolve: Resolve = async () => {
    const response = await endpoint(event).catch(() => new Response("Internal Error", { status: 500 }));
    for (const cookie of set) response.headers.append("set-cookie", cookie);
    return response;
  };
  return handle({ event, resolve });
}

recipeSuite("SvelteKit", (manager, routes) => {
  const handle = hook(manager, (url) => routeOf(routes, undefined, url.pathname)?.isGuarded === true);
  const endpoint: Endpoint = async ({ request, url, locals: { session } }) => {
    const route = routeOf(routes, request.method, url.pathname) as SuiteRoute;
    return toResponse(await answerOf(route, { session, url: url.pathname + url.search }));
  };
  return listen(createServer(serveFetch((request) => respond(request, handle, endpoint))));
});

test("cookies that a route sets through SvelteKit stand beside that of the session", async () => {
  const { manager } = testManager();
  const response = await respond(new Request("http://localhost/", { method: "POST" }), hook(manager), async (event) => {
    event.cookies.set("theme", "dark");
    await event.locals.session.signIn("anna");
    return new Response("welcome");
  });
  const [theme, session] = response.headers.getSetCookie();
  assert.equal(theme, "theme=dark; Path=/; HttpOnly");
  assert.match(session ?? "", /^__Host-session=ses_/);
});
