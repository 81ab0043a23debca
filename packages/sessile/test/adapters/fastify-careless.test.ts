// Fastify programs that answer without returning the reply. With a session that is being written they behave as without
// one.

import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { describe, test } from "node:test";
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RouteShorthandOptions,
} from "fastify";
import { cookieTransport, memoryStore, type Session, SessionManager } from "sessile";
import { sessions } from "sessile/fastify";
import { pausingStore, testClock } from "sessile/testing";
import { cookieFor } from "./support/session-server.ts";

type Use = (session: Session) => void;
type Program = (app: FastifyInstance, use: Use, note: (step: string) => void) => void;
type Refuse = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

const HOOKS = ["onRequest", "preParsing", "preValidation", "preHandler"] as const;

/** A route behind `hook`, whose handler leaves a note. */
function behind(options: (use: Use) => RouteShorthandOptions): Program {
  return (app, use, note) =>
    app.get("/", options(use), async () => {
      note("the handler ran");
      return "secret";
    });
}

const refusing =
  (use: Use, answer: (reply: FastifyReply) => unknown): Refuse =>
  async ({ session }, reply) => {
    use(session);
    answer(reply);
  };

const PROGRAMS: Readonly<Record<string, Program>> = {
  ...Object.fromEntries(
    HOOKS.map((hook) => [
      `an async ${hook} hook that refuses`,
      behind((use) => ({ [hook]: refusing(use, (reply) => reply.code(403).send({ detail: "no" })) })),
    ]),
  ),
  "an async hook that redirects": behind((use) => ({ preHandler: refusing(use, (reply) => reply.redirect("/login")) })),
  "an async hook that sends nothing but a status": behind((use) => ({
    preHandler: refusing(use, (reply) => reply.code(403).send()),
  })),
  "an async hook that answers as if there were no such route": behind((use) => ({
    preHandler: refusing(use, (reply) => reply.callNotFound()),
  })),
  "a hook with a callback that refuses and calls it all the same": behind((use) => ({
    preHandler: ({ session }, reply, done) => {
      use(session);
      reply.code(403).send({ detail: "no" });
      done();
    },
  })),
  "a hook after one that refuses": (app, use, note) => {
    const hooks = [
      refusing(use, (reply) => reply.code(403).send({ detail: "no" })),
      async () => note("the next hook ran"),
    ];
    app.get("/", { preHandler: hooks }, async () => note("the handler ran"));
  },
  "an async handler that sends": (app, use) =>
    app.get("/", async ({ session }, reply) => {
      use(session);
      reply.code(201).send({ made: true });
    }),
  "an async handler that sends and changes its mind": (app, use) =>
    app.get("/", async ({ session }, reply) => {
      use(session);
      reply.code(403).send({ detail: "no" });
      reply.code(200).header("x-late", "yes").type("text/html").send("<b>secret</b>");
    }),
  "an async handler that sends and returns something else": (app, use) =>
    app.get("/", async ({ session }, reply) => {
      use(session);
      reply.code(403).send({ detail: "no" });
      return "secret";
    }),
  "an async handler that sends and throws": (app, use) =>
    app.get("/", async ({ session }, reply) => {
      use(session);
      reply.code(403).send({ detail: "no" });
      throw new Error("afterwards");
    }),
  "a handler that sends twice": (app, use) =>
    app.get("/", ({ session }, reply) => {
      use(session);
      reply.code(403).send({ detail: "no" });
      reply.code(200).send("secret");
    }),
  "an async error handler that sends": (app, use) => {
    app.setErrorHandler(async (_error, { session }, reply) => {
      use(session);
      reply.code(418).send({ mine: true });
    });
    app.get("/", async () => Promise.reject(new Error("broken")));
  },
  "an async handler of unknown paths that sends": (app, use) =>
    app.setNotFoundHandler(async ({ session }, reply) => {
      use(session);
      reply.code(404).send({ detail: "none" });
    }),
};

const CAUSES: Readonly<Record<string, Use>> = {
  "a value is set": (session) => session.set("kept", 1),
  "a touch is due": (session) => void session.userId,
};

interface Outcome {
  readonly status: number;
  readonly body: string;
  readonly headers: readonly unknown[];
  readonly notes: readonly string[];
  readonly logged: readonly unknown[];
}

/**
 * The answer and the log of `program`, with sessions whose store is slow. `use` is null for a program without sessions.
 */
async function outcomeOf(program: Program, use: Use | null): Promise<Outcome> {
  const [notes, logged]: [string[], unknown[]] = [[], []];
  const clock = testClock();
  const store = pausingStore(memoryStore());
  const transports = [cookieTransport()];
  const manager = new SessionManager({ store, transports, sweepInterval: 0, clock: clock.now, touch: "before" });
  const app = Fastify({ forceCloseConnections: true, logger: { level: "warn", stream: into(logged) } });
  if (use !== null) await app.register(sessions, { manager });
  program(app, use ?? (() => {}), (note) => notes.push(note));
  app.get("/public", async () => "public");
  const cookie = await cookieFor(manager);
  clock.advance(61_000);
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  try {
    const gate = store.pause("commit");
    const asked = fetch(url, { redirect: "manual", headers: { cookie } });
    await Promise.race([gate.reached, asked]);
    for (let trips = 0; trips < 3; trips++) await (await fetch(`${url}/public`)).text();
    gate.open();
    const response = await asked;
    const headers = ["content-type", "content-length", "x-late", "location"].map((name) => response.headers.get(name));
    return { status: response.status, body: await response.text(), headers, notes, logged };
  } finally {
    await app.close();
    await manager.close();
  }
}

/** Keeps the messages of log lines, and the codes of the errors in them. */
function into(logged: unknown[]): Writable {
  return new Writable({
    write(line, _encoding, done) {
      const { msg, err } = JSON.parse(String(line)) as { msg: string; err?: { code?: string } };
      logged.push([msg, err?.code]);
      done();
    },
  });
}

for (const [cause, use] of Object.entries(CAUSES)) {
  describe(`while ${cause} and the store is slow`, () => {
    for (const [name, program] of Object.entries(PROGRAMS)) {
      test(`${name} does what it does without sessions`, async () => {
        assert.deepEqual(await outcomeOf(program, use), await outcomeOf(program, null));
      });
    }

    test("the route of a guard that answers without returning the reply does not run", async () => {
      const { status, notes, logged } = await outcomeOf(
        PROGRAMS["an async preHandler hook that refuses"] as Program,
        use,
      );
      assert.deepEqual({ status, notes, logged }, { status: 403, notes: [], logged: [] });
    });
  });
}
