import assert from "node:assert/strict";
import { test } from "node:test";
import { compile } from "./support/compile.ts";

test("c.var.session is typed by the manager's data, and narrowed by requireSession", async () => {
  const output = await compile(
    "hono",
    `
    import { Hono } from "hono";
    import { cookieTransport, memoryStore, type Session, SessionManager } from "sessile";
    import { requireSession, type SessionEnv, sessions } from "sessile/hono";

    interface Data { cart: string[] }

    const manager = new SessionManager<Data>({ store: memoryStore(), transports: [cookieTransport()] });

    new Hono()
      .use(sessions(manager))
      .get("/cart/:id", (c) => {
        const session: Session<Data> = c.get("session");
        const cart: readonly string[] | undefined = c.var.session.get("cart");
        session.set("cart", [c.req.param("id")]);
        // @ts-expect-error: no such key
        c.var.session.set("crat", []);
        // @ts-expect-error: not a list
        c.var.session.set("cart", "x");
        // @ts-expect-error: the session may be anonymous
        const id: string = c.var.session.userId;
        return c.json({ cart, id });
      })
      .get("/users/:id", requireSession({ detail: "Members only" }), (c) => {
        const user: string = c.var.session.userId;
        const since: number = c.get("session").authenticatedAt;
        const cart: readonly string[] | undefined = c.var.session.get("cart");
        // @ts-expect-error: no such key
        c.var.session.get("crat");
        return c.json({ cart, user, since, id: c.req.param("id") });
      })
      .use("/private/*", requireSession())
      .get("/private/me", (c) => c.text(c.var.session.userId.toUpperCase()));

    const named = new Hono<SessionEnv<Data>>();
    named.use(sessions(manager));
    named.get("/", requireSession(), (c) => {
      // @ts-expect-error: no such key
      c.var.session.get("crat");
      return c.text(c.var.session.userId);
    });

    // @ts-expect-error: no such option
    requireSession({ details: "Members only" });
    // @ts-expect-error: a manager is needed
    sessions();
    `,
  );
  assert.equal(output, "");
});
