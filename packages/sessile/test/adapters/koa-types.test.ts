import assert from "node:assert/strict";
import { test } from "node:test";
import { compile } from "./support/compile.ts";

test("ctx.session is typed by the registered manager, and narrowed by require", async () => {
  const output = await compile(
    "koa",
    `
    import Koa, { type DefaultContext } from "koa";
    import { cookieTransport, memoryStore, type Session, SessionManager } from "sessile";
    import { requireSession, sessions } from "sessile/koa";

    declare module "sessile" {
      interface Register { manager: typeof manager }
    }

    const manager = new SessionManager<{ cart: string[] }>({ store: memoryStore(), transports: [cookieTransport()] });
    const app = new Koa();
    app.use(sessions(manager));

    app.use(async (ctx, next) => {
      const session: Session = ctx.session;
      const user: string | null = session.userId;
      const cart: readonly string[] | undefined = ctx.session.get("cart");
      ctx.session.set("cart", [ctx.path]);
      // @ts-expect-error: no such key
      ctx.session.set("crat", []);
      // @ts-expect-error: not a list
      ctx.session.set("cart", "x");
      // @ts-expect-error: the session may be anonymous
      const id: string = ctx.session.userId;
      ctx.body = [user, cart, id];
      await next();
    });

    app.use(async (ctx, next) => {
      const session = ctx.session.require();
      const user: string = session.userId;
      const cart: readonly string[] | undefined = session.get("cart");
      // @ts-expect-error: no such key
      session.get("crat");
      ctx.body = [user, cart];
      await next();
    });

    app.use(requireSession());
    app.use(requireSession({ detail: "Members only" }));
    // @ts-expect-error: no such option
    app.use(requireSession({ details: "Members only" }));
    // @ts-expect-error: another manager than the registered one
    app.use(sessions(new SessionManager<{ other: string }>({ store: memoryStore(), transports: [cookieTransport()] })));
    // @ts-expect-error: a manager is needed
    app.use(sessions());

    interface State { language: "en" | "de" }
    interface Own extends DefaultContext { log(text: string): void }
    const typed = new Koa<State, Own>();
    typed.use(sessions(manager)).use((ctx) => {
      const language: "en" | "de" = ctx.state.language;
      ctx.log(language + ctx.session.userId);
      // @ts-expect-error: no such language
      const french: "fr" = ctx.state.language;
      ctx.body = french;
    });
    typed.use(requireSession());
    `,
  );
  assert.equal(output, "");
});
