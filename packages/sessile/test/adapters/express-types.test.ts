import assert from "node:assert/strict";
import { test } from "node:test";
import { compile } from "./support/compile.ts";

test("req.session is typed by the registered manager, and narrowed by requireSession", async () => {
  const output = await compile(
    "express",
    `
    import express, { type Request } from "express";
    import { cookieTransport, memoryStore, type Session, SessionManager } from "sessile";
    import { requireSession, sessions } from "sessile/express";

    declare module "sessile" {
      interface Register { manager: typeof manager }
    }

    const app = express();
    const manager = new SessionManager<{ cart: string[] }>({ store: memoryStore(), transports: [cookieTransport()] });
    app.use(sessions(manager, { onError: console.log }));

    app.get("/cart/:id", (request, response) => {
      const session: Session = request.session;
      const user: string | null = session.userId;
      const cart: readonly string[] | undefined = request.session.get("cart");
      request.session.set("cart", [request.params.id]);
      // @ts-expect-error: no such key
      request.session.set("crat", []);
      // @ts-expect-error: not a list
      request.session.set("cart", "x");
      // @ts-expect-error: the session may be anonymous
      const id: string = request.session.userId;
      response.json([user, cart, id]);
    });

    app.get("/users/:id", requireSession<{ id: string }>((request, response, next) => {
      const id: string = request.params.id;
      const user: string = request.session.userId;
      const cart: readonly string[] | undefined = request.session.get("cart");
      // @ts-expect-error: no such parameter
      request.params.name;
      // @ts-expect-error: no such key
      request.session.get("crat");
      if (id === user) next();
      else response.status(403).json(cart);
    }));
    app.get("/detail", requireSession(async (request, response) => {
      response.send(request.session.userId);
    }, { detail: "Members only" }));

    app.use("/private", requireSession());
    app.use(requireSession({ detail: "Members only" }));
    // @ts-expect-error: no such option
    app.use(requireSession({ details: "Members only" }));
    // @ts-expect-error: another manager than the registered one
    app.use(sessions(new SessionManager<{ other: string }>({ store: memoryStore(), transports: [cookieTransport()] })));
    // @ts-expect-error: a manager is needed
    app.use(sessions());

    const named = requireSession((request: Request<{ id: string }, string, { name: string }>, response) => {
      const name: string = request.body.name;
      response.send(name);
      // @ts-expect-error: the response is text
      response.send(1);
    });
    app.post("/named/:id", named);
    express.Router().get("/", requireSession((request, response) => { response.send(request.session.userId); }));
    `,
  );
  assert.equal(output, "");
});

test("req.session stays ours next to the types of express-session, when ours are read first", async () => {
  const output = await compile(
    "express-beside-express-session",
    `
    import express from "express";
    import { cookieTransport, memoryStore, SessionManager } from "sessile";
    import { sessions } from "sessile/express";
    import expressSession from "express-session";
    void expressSession;

    declare module "sessile" {
      interface Register { manager: typeof manager }
    }

    const app = express();
    const manager = new SessionManager<{ cart: string[] }>({ store: memoryStore(), transports: [cookieTransport()] });
    app.use(sessions(manager));
    app.get("/", (request, response) => {
      request.session.set("cart", ["x"]);
      // @ts-expect-error: no such key
      request.session.get("crat");
      // @ts-expect-error: the session may be anonymous
      const id: string = request.session.userId;
      response.send(id);
    });
    `,
  );
  assert.equal(output, "");
});
