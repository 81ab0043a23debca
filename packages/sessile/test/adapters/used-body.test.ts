// A response whose body was read before, on hosts that map a request to a response: no server can send it. Not on Hono,
// since the question whether a body was read makes the responses of @hono/node-server stream theirs.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Elysia } from "elysia";
import { H3 } from "h3";
import type { Session, SessionManager } from "sessile";
import { sessions as elysiaSessions } from "sessile/elysia";
import { sessions as h3Sessions } from "sessile/h3";
import { withSession } from "sessile/web";
import { testManager } from "./support/session-server.ts";

type Handler = (session: Session) => Promise<Response>;
type Send = (request: Request) => Response | Promise<Response>;

const HOSTS: Record<string, (manager: SessionManager, handler: Handler) => Send> = {
  web: (manager, handler) => withSession(manager, (_request, session) => handler(session), { onError() {} }),
  h3(manager, handler) {
    const app = new H3({ silent: true }).use(h3Sessions(manager));
    app.get("/", ({ context }) => handler(context["session"] as Session));
    return (request) => app.fetch(request);
  },
  Elysia(manager, handler) {
    const app = new Elysia().use(elysiaSessions(manager, { onError() {} }));
    app.get("/", ({ session }) => handler(session as Session));
    return (request) => app.handle(request);
  },
};

for (const [name, mount] of Object.entries(HOSTS)) {
  test(`on ${name} it is a 500 after a sign-in, which leaves no session and sends no token`, async () => {
    const { manager } = testManager();
    const send = mount(manager, async (session) => {
      await session.signIn("bob");
      const response = Response.json({ ok: true });
      await response.text();
      return response;
    });
    const { status, headers } = await send(new Request("http://localhost/"));
    assert.deepEqual([status, headers.get("set-cookie")], [500, null]);
    assert.deepEqual((await manager.list("bob")).sessions, []);
  });
}
