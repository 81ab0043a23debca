// Types of the data: from a schema, by name, registered; and what the compilers print for the mistakes that people make.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { compileAll } from "../adapters/support/compile.ts";

const PREAMBLE = `
  import { z } from "zod";
  import { memoryStore, headerTransport, SessionManager, type Json, type Session, type SessionData } from "sessile";
  import { withSession } from "sessile/web";
  const base = { store: memoryStore(), transports: [headerTransport()] };
  const shop = new SessionManager({
    ...base,
    schema: z.object({ cart: z.array(z.string()), visits: z.number(), user: z.object({ name: z.string() }) }).partial(),
  });
`;

const FRAMEWORKS = `
  import express from "express";
  import Fastify from "fastify";
  import { Hono } from "hono";
  import { sessions as fastifySessions } from "sessile/fastify";
  import * as onExpress from "sessile/express";
  import * as onHono from "sessile/hono";
  import * as onKoa from "sessile/koa";
  import * as onH3 from "sessile/h3";
`;

/** Programs that are right but for the lines after the comments that say what is wrong. */
const PROGRAMS = {
  "a schema gives the data its type, one of zod and one of valibot": `${PREAMBLE}
    import * as v from "valibot";
      const ofZod = new SessionManager({
        ...base,
        schema: z.object({
          cart: z.array(z.string()).default([]),
          theme: z.enum(["dark", "light"]).optional(),
          count: z.union([z.string(), z.number()]).transform(Number).optional(),
        }),
      });
      const ofValibot = new SessionManager({ ...base, schema: v.partial(v.object({ cart: v.array(v.string()) })) });
      withSession(ofZod, (_request, session) => {
        const cart: readonly string[] | undefined = session.get("cart");
        const theme: "dark" | "light" | undefined = session.get("theme");
        const count: number | undefined = session.get("count");
        session.update("cart", (list) => [...(list ?? []), "book"]);
        // @ts-expect-error: no such theme
        session.set("theme", "blue");
        // @ts-expect-error: no such key
        session.get("crat");
        return Response.json({ cart, theme, count });
      });
      withSession(ofValibot, async (_request, session) => {
        await session.signIn("42", { data: { cart: [] }, keep: ["cart"] });
        // @ts-expect-error: no list
        await session.signIn("42", { data: { cart: "book" } });
        // @ts-expect-error: what a session returns is read-only
        session.get("cart")?.push("book");
        return new Response();
      });
    `,
  "the data is any JSON without a schema, and any type of JSON by name": `${PREAMBLE}
      interface Tree { readonly name: string; children: Tree[] }
      interface Data { tree: Tree; pair: [number, string | null]; theme?: "dark"; any: any; json: Json; record: Record<string, Json> }
      const named = new SessionManager<Data>(base);
      const plain = new SessionManager(base);
      const withBoth = new SessionManager<{ cart?: string[] | undefined }>({ ...base, schema: z.object({ cart: z.array(z.string()) }).partial() });
      withSession(named, (_request, session) => {
        const tree: string | undefined = session.get("tree")?.children[0]?.name;
        session.set("tree", { name: "root", children: [] });
        return Response.json(tree);
      });
      withSession(plain, (_request, session) => {
        session.set("whatever", { list: [1, null] });
        // @ts-expect-error: not JSON
        session.set("when", new Date());
        return new Response();
      });
      withSession(withBoth, (_request, session) => Response.json(session.get("cart") ?? []));
    `,
  "each of several managers in one program has data of its own": `${PREAMBLE}${FRAMEWORKS}
      const admin = new SessionManager<{ rights: string[] }>(base);
      new Hono().use(onHono.sessions(shop)).get("/", (c) => c.json(c.var.session.get("cart") ?? []));
      new Hono().use(onHono.sessions(admin)).get("/", (c) => {
        // @ts-expect-error: a key of the other manager
        c.var.session.get("cart");
        return c.json(c.var.session.require().get("rights") ?? []);
      });
      // Where the type of requests is global and no manager is registered, each adapter takes any.
      express().use(onExpress.sessions(shop)).use(onExpress.sessions(admin));
      onKoa.sessions(shop);
      onKoa.sessions(admin);
      onH3.sessions(shop);
      onH3.sessions(admin);
      await Fastify().register(fastifySessions, { manager: shop });
      await Fastify().register(fastifySessions, { manager: admin });
      express().get("/", (request) => {
        const anything: Json | undefined = request.session.get("anything");
        const session: Session<SessionData> = request.session;
        console.log(anything, session);
      });
    `,
};

const REGISTERED = `${PREAMBLE}${FRAMEWORKS}
      declare module "sessile" {
        interface Register { manager: typeof shop }
      }
      const cartOf = (session: Session): readonly string[] => session.get("cart") ?? [];
      const first: SessionData = { cart: ["book"] };
      express().use(onExpress.sessions(shop)).get("/", (request) => {
        request.session.set("visits", 1);
        // @ts-expect-error: no such key
        request.session.set("vists", 1);
        cartOf(request.session);
      });
      const app = Fastify();
      await app.register(fastifySessions, { manager: shop });
      app.get("/", async ({ session }) => ({ cart: cartOf(session), name: session.require().get("user")?.name, first }));
      // @ts-expect-error: another manager
      await Fastify().register(fastifySessions, { manager: new SessionManager<{ rights: string[] }>(base) });
      onKoa.sessions(shop);
      onH3.sessions(shop);
      // @ts-expect-error: another manager
      onH3.sessions(new SessionManager<{ rights: string[] }>(base));
    `;

/** The mistake, and what each compiler prints: a code and the words that say what is wrong. */
const MISTAKES: Readonly<Record<string, readonly [program: string, code: string, ...words: readonly string[]]>> = {
  "a key that is misspelt": [
    'withSession(shop, (_request, session) => Response.json(session.get("crat")))',
    "TS2345",
    `'"crat"' is not assignable to parameter of type '"cart" | "`,
  ],
  "a value of another type": [
    'withSession(shop, (_request, session) => { session.set("visits", "1"); return new Response(); })',
    "TS2345",
    "Argument of type 'string' is not assignable to parameter of type 'number",
  ],
  "a change of a value that a session returned": [
    'withSession(shop, (_request, session) => { session.get("cart")?.push("book"); return new Response(); })',
    "TS2339",
    "Property 'push' does not exist on type 'readonly string[]'",
  ],
  "the user's id where no user may be signed in": [
    "withSession(shop, (_request, session) => Response.json(session.userId.length))",
    "TS18047",
    "'session.userId' is possibly 'null'",
  ],
  "a date in the data": [
    "new SessionManager<{ user: { avatar: { at: Date } } }>(base)",
    "TS2344",
    "The types of 'user.avatar.at' are incompatible",
    "NotJson",
  ],
  "a function in the data": ["new SessionManager<{ act: () => void }>(base)", "TS2344", "'() => void'", "'NotJson'"],
  "a schema that makes dates": [
    "new SessionManager({ ...base, schema: z.object({ when: z.date() }).partial() })",
    "TS2322",
    "Type 'Date | undefined' is not assignable to type 'NotJson | undefined'",
  ],
  "a schema with keys that are not optional": [
    "new SessionManager({ ...base, schema: z.object({ cart: z.array(z.string()) }) })",
    "TS2322",
    '"every key of the schema must be optional: use .partial()"',
  ],
  "a schema that does not accept what it has made": [
    "new SessionManager({ ...base, schema: z.object({ n: z.string().transform(Number) }).partial() })",
    "TS2322",
    '"the schema must accept its own output"',
  ],
};

const OTHER = `${PREAMBLE}${FRAMEWORKS}
express().use(onExpress.sessions(new SessionManager<{ rights: string[] }>(base)));
`;

describe("types of the data", () => {
  let outputs: readonly string[] = [];
  const linesOf = (output: string, name: string): string => {
    const blocks = output.split(/^(?=\S+\.mts\(\d)/m);
    return blocks.filter((block) => block.startsWith(`${name}.mts(`)).join("");
  };

  before(async () => {
    const mistakes = Object.entries(MISTAKES).map(([name, [program]]) => [fileOf(name), `${PREAMBLE}${program};\n`]);
    const programs = Object.entries(PROGRAMS).map(([name, program]) => [fileOf(name), program]);
    outputs = await compileAll(Object.fromEntries([...programs, ...mistakes]));
  });

  for (const name of Object.keys(PROGRAMS)) {
    test(name, () => {
      for (const output of outputs) assert.equal(linesOf(output, fileOf(name)), "");
    });
  }

  for (const [mistake, [, code, ...words]] of Object.entries(MISTAKES)) {
    test(`the compiler refuses ${mistake}, and says so`, () => {
      for (const output of outputs) {
        const lines = linesOf(output, fileOf(mistake));
        assert.equal(lines.match(/error TS/g)?.length, 1, lines || output);
        for (const expected of [`error ${code}:`, ...words]) assert.ok(lines.includes(expected), lines);
      }
    });
  }

  test("the registered manager gives its data to every framework that has one type of requests, and is the only one", async () => {
    for (const output of await compileAll({ registered: REGISTERED, other: OTHER })) {
      assert.equal(linesOf(output, "registered"), "");
      assert.match(
        linesOf(output, "other"),
        /TS2345: .*'SessionManager<\{ rights: string\[\]; \}>' is not assignable to/,
      );
    }
  });
});

function fileOf(name: string): string {
  return name.replaceAll(/\W/g, "-");
}
