import assert from "node:assert/strict";
import { test } from "node:test";
import { compile } from "./support/compile.ts";

const PREAMBLE = `
  import Fastify, { type FastifyTypeProvider } from "fastify";
  import { readFileSync } from "node:fs";
  import { cookieTransport, memoryStore, SessionManager } from "sessile";
  import { requireSession, sessions } from "sessile/fastify";

  declare module "sessile" {
    interface Register { manager: typeof manager }
  }

  const manager = new SessionManager<{ cart: string[] }>({ store: memoryStore(), transports: [cookieTransport()] });
`;

/** One program, since a compiler takes seconds to start. */
const PROGRAM = `${PREAMBLE}
  // request.session is typed by the registered manager, and narrowed by require
  {
    const app = Fastify();
    await app.register(sessions, { manager });
    app.get("/", async ({ session }) => {
      session.set("cart", ["x"]);
      // @ts-expect-error: no such key
      session.get("crat");
      // @ts-expect-error: the session may be anonymous
      const id: string = session.userId;
      return id;
    });
    app.get("/me", async (request) => {
      const session = request.session.require();
      const user: string = session.userId;
      // @ts-expect-error: no such key
      session.get("crat");
      return user;
    });
  }

  // requireSession is a hook, of a route and of an application
  {
    const app = Fastify({ logger: true });
    app.get("/one", { preHandler: requireSession() }, async ({ session }) => session.userId);
    app.get("/two", { preHandler: [requireSession({ detail: "Members only" })] }, async () => "");
    app.get("/early", { onRequest: requireSession() }, async () => "");
    app.route({ method: "GET", url: "/three", preHandler: requireSession(), handler: async () => "" });
    app.addHook("preHandler", requireSession());
    app.get<{ Params: { id: string } }>("/:id", { preHandler: requireSession() }, async ({ params }) => params.id);
    const secure = Fastify({ http2: true });
    secure.get("/one", { preHandler: requireSession() }, async () => "");
    secure.addHook("preHandler", requireSession());
    // @ts-expect-error: no such option
    app.addHook("preHandler", requireSession({ details: "Members only" }));
  }

  // requireSession fits every server of Fastify, without a cast
  {
    const key = readFileSync("key");
    const plain = Fastify({ http2: true });
    await plain.register(sessions, { manager });
    plain.get("/me", { preHandler: requireSession() }, async ({ session }) => session.require().userId.length);
    plain.route({
      method: ["GET", "POST"], url: "/two", preHandler: requireSession(), handler: async ({ session }) => session.userId,
    });
    const secure = Fastify({ http2: true, https: { key, cert: key } });
    await secure.register(sessions, { manager });
    secure.get("/me", { preHandler: requireSession() }, async ({ session }) => session.userId);
    const tls = Fastify({ https: { key, cert: key }, logger: true });
    await tls.register(sessions, { manager });
    tls.get("/me", { preHandler: requireSession() }, async ({ session }) => session.userId);
  }

  // beside requireSession, a type provider tells what the schema holds
  {
    interface Provider extends FastifyTypeProvider {
      validator: this["schema"] extends { of: infer T } ? T : unknown;
      serializer: unknown;
    }
    const app = Fastify().withTypeProvider<Provider>();
    await app.register(sessions, { manager });
    app.post("/", { schema: { body: { of: { name: "" as string } } }, preHandler: requireSession() }, async ({ body, session }) => {
      const name: string = body.name;
      // @ts-expect-error: not in the schema
      body.nothing;
      return name + session.require().userId;
    });
    app.post("/plain", { schema: {}, preHandler: requireSession() }, async ({ session }) => session.userId);
  }
`;

test("request.session, requireSession and a type provider are typed on every server of Fastify", async () => {
  assert.equal(await compile("fastify", PROGRAM), "");
});

for (const other of ["@fastify/session", "@fastify/passport"]) {
  test(`request.session stays ours next to the types of ${other}`, async () => {
    const output = await compile(
      `fastify-beside-${other.split("/")[1]}`,
      `${PREAMBLE}
      import other from "${other}";
      void other;
      const app = Fastify();
      await app.register(sessions, { manager });
      app.get("/", async ({ session }) => {
        session.set("cart", ["x"]);
        // @ts-expect-error: no such key
        session.get("crat");
        // @ts-expect-error: the session may be anonymous
        const id: string = session.userId;
        return id;
      });
      app.get("/me", { preHandler: requireSession() }, async ({ session }) => session.require().userId.toUpperCase());
      `,
    );
    assert.equal(output, "");
  });
}
