import assert from "node:assert/strict";
import { test } from "node:test";
import { compile } from "./support/compile.ts";

test("session is typed by the manager's data, and narrowed by requireSession", async () => {
  const output = await compile(
    "elysia",
    `
    import { Elysia, t } from "elysia";
    import { cookieTransport, memoryStore, type Session, SessionManager } from "sessile";
    import { sessions } from "sessile/elysia";

    interface Data { cart: string[] }

    const manager = new SessionManager<Data>({ store: memoryStore(), transports: [cookieTransport()] });

    const app = new Elysia({ prefix: "/api" })
      .decorate("shop", "books")
      .use(sessions(manager))
      .get("/cart/:id", ({ session, params, shop }) => {
        const same: Session<Data> = session;
        const cart: readonly string[] | undefined = session.get("cart");
        session.set("cart", [params.id, shop]);
        // @ts-expect-error: no such key
        session.set("crat", []);
        // @ts-expect-error: not a list
        session.set("cart", "x");
        // @ts-expect-error: the session may be anonymous
        const id: string = session.userId;
        // @ts-expect-error: no such parameter
        params.name;
        return { cart, id, sid: same.sid };
      })
      .get("/profile", ({ session }) => {
        const user: string = session.userId;
        const since: number = session.authenticatedAt;
        const cart: readonly string[] | undefined = session.get("cart");
        // @ts-expect-error: no such key
        session.get("crat");
        return { cart, user, since };
      }, { requireSession: true })
      .post("/named", ({ body, session }) => body.name + session.userId.length, {
        body: t.Object({ name: t.String() }),
        requireSession: { detail: "Members only" },
      })
      .guard({ requireSession: true }, (group) => group.get("/me", ({ session }) => session.userId.length))
      // @ts-expect-error: no such option
      .get("/wrong", () => "", { requireSession: { details: "Members only" } });

    // @ts-expect-error: a manager is needed
    sessions();
    app.listen(0);
    `,
  );
  assert.equal(output, "");
});
