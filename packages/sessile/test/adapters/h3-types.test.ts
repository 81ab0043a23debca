import assert from "node:assert/strict";
import { test } from "node:test";
import { compile } from "./support/compile.ts";

test("event.context.session is typed by the registered manager, and narrowed by require", async () => {
  const output = await compile(
    "h3",
    `
    import { defineHandler, H3, type H3Event } from "h3";
    import { cookieTransport, memoryStore, type Session, SessionManager } from "sessile";
    import { requireSession, sessions } from "sessile/h3";

    declare module "sessile" {
      interface Register { manager: typeof manager }
    }

    const app = new H3();
    const manager = new SessionManager<{ cart: string[] }>({ store: memoryStore(), transports: [cookieTransport()] });
    app.use(sessions(manager));

    app.get("/cart", ({ context, url }) => {
      const session: Session = context.session;
      const cart: readonly string[] | undefined = context.session.get("cart");
      context.session.set("cart", [url.pathname]);
      // @ts-expect-error: no such key
      context.session.set("crat", []);
      // @ts-expect-error: not a list
      context.session.set("cart", "x");
      // @ts-expect-error: the session may be anonymous
      const id: string = context.session.userId;
      return { cart, id, session: session.sid };
    });

    app.get("/profile", async (event) => {
      const session = event.context.session.require();
      const user: string = session.userId;
      const cart: readonly string[] | undefined = session.get("cart");
      // @ts-expect-error: no such key
      session.get("crat");
      return { cart, user, path: event.url.pathname };
    });
    app.use("/account/**", requireSession({ detail: "Members only" }));
    app.get("/guarded", ({ context }) => context.session.userId, { middleware: [requireSession()] });
    app.get("/defined", defineHandler({ middleware: [requireSession()], handler: ({ context }) => context.session.userId }));
    const handler = (event: H3Event): string | null => event.context.session.userId;
    app.get("/plain", handler);

    // @ts-expect-error: no such option
    requireSession({ details: "Members only" });
    // @ts-expect-error: another manager than the registered one
    app.use(sessions(new SessionManager<{ other: string }>({ store: memoryStore(), transports: [cookieTransport()] })));
    // @ts-expect-error: a manager is needed
    app.use(sessions());
    `,
  );
  assert.equal(output, "");
});
