import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:http2";
import { Readable } from "node:stream";
import { describe, test } from "node:test";
import Fastify, { type FastifyInstance } from "fastify";
import { cookieTransport, type Session, type SessionManager } from "sessile";
import { requireSession, sessions } from "sessile/fastify";
import { cookieFor, testManager } from "./support/session-server.ts";

const UNAVAILABLE = '{"detail":"Service unavailable"}';

type Server = { url: string; cookie: string; app: FastifyInstance } & ReturnType<typeof testManager>;

/** Serves what `mount` adds to an app with sessions, for the time of `body`. */
async function withApp(
  mount: (app: FastifyInstance) => unknown,
  body: (server: Server) => Promise<void>,
): Promise<void> {
  const { store, manager } = testManager();
  const app = Fastify({ forceCloseConnections: true });
  await app.register(sessions, { manager });
  await mount(app);
  try {
    const url = await app.listen({ port: 0, host: "127.0.0.1" });
    await body({ url, cookie: await cookieFor(manager), app, store, manager });
  } finally {
    await app.close();
    await manager.close();
  }
}

async function dataOf(manager: SessionManager, store: Server["store"]): Promise<string | undefined> {
  return (await store.load((await manager.list("anna")).sessions[0]?.sid ?? ""))?.data;
}

describe("what bypasses Fastify's reply", () => {
  const ways: Record<string, (app: FastifyInstance) => unknown> = {
    "reply.hijack": (app) =>
      app.get("/", async ({ session }, reply) => {
        reply.hijack();
        session.set("kept", 1);
        session.rotate();
        reply.raw.writeHead(200, { "set-cookie": ["a=1"] });
        reply.raw.write("raw ");
        reply.raw.end("body");
      }),
    "reply.raw alone": (app) =>
      app.get("/", async ({ session }, { raw }) => {
        session.set("kept", 1);
        session.rotate();
        raw.setHeader("set-cookie", "a=1");
        raw.end("raw body");
      }),
  };
  for (const [name, mount] of Object.entries(ways)) {
    test(`by ${name} is committed before it leaves, and carries the cookie`, () =>
      withApp(mount, async ({ url, cookie, manager, store }) => {
        const response = await fetch(url, { headers: { cookie } });
        assert.equal(await response.text(), "raw body");
        const [own, session] = response.headers.getSetCookie();
        assert.equal(own, "a=1");
        assert.match(session ?? "", /^__Host-session=ses_/);
        assert.equal(response.headers.get("cache-control"), "no-store");
        assert.equal(await dataOf(manager, store), '{"kept":1}');
      }));

    test(`P1: by ${name} becomes a 503 when the commit fails`, () =>
      withApp(mount, async ({ url, cookie, store }) => {
        store.fail("commit");
        const response = await fetch(url, { headers: { cookie } });
        assert.deepEqual([response.status, await response.text()], [503, UNAVAILABLE]);
      }));
  }

  test("a hijacked reply streams live", async () => {
    let end: () => void = () => {};
    await withApp(
      (app) =>
        app.get("/", async ({ session }, reply) => {
          reply.hijack();
          session.set("open", 1);
          reply.raw.writeHead(200, { "content-type": "text/event-stream" });
          reply.raw.write("data: 1\n\n");
          end = () => reply.raw.end();
        }),
      async ({ url, cookie }) => {
        const response = await fetch(url, { headers: { cookie } });
        const reader = (response.body as ReadableStream<Uint8Array>).getReader();
        assert.equal(Buffer.from((await reader.read()).value as Uint8Array).toString(), "data: 1\n\n");
        end();
        assert.equal((await reader.read()).done, true);
      },
    );
  });
});

describe("what Fastify can send", () => {
  test("the headers of a web Response, and its status, are those that are kept", () =>
    withApp(
      (app) => {
        app.post("/", async ({ session }) => {
          await session.signIn("bob");
          const headers = [
            ["set-cookie", "a=1"],
            ["set-cookie", "b=2"],
            ["vary", "Origin"],
            ["cache-control", "public"],
          ] as [string, string][];
          return new Response("body", { status: 201, headers });
        });
        app.post("/fail", async ({ session }) => {
          session.set("kept", 1);
          return new Response(null, { status: 500 });
        });
      },
      async ({ url, cookie, manager, store }) => {
        const response = await fetch(url, { method: "POST" });
        assert.deepEqual([response.status, await response.text()], [201, "body"]);
        assert.deepEqual(
          response.headers.getSetCookie().map((each) => each.split("=")[0]),
          ["a", "b", "__Host-session"],
        );
        assert.deepEqual(
          [response.headers.get("vary"), response.headers.get("cache-control")],
          ["Origin, Cookie", "no-store"],
        );
        assert.equal((await fetch(`${url}/fail`, { method: "POST", headers: { cookie } })).status, 500);
        assert.equal(await dataOf(manager, store), "{}");
      },
    ));

  test("H8: what others put on reply.raw survives", () =>
    withApp(
      (app) =>
        app.post("/", async ({ session }, reply) => {
          reply.raw.setHeader("set-cookie", ["a=1", "b=2"]);
          reply.raw.setHeader("vary", "Origin");
          await session.signIn("bob");
          return "body";
        }),
      async ({ url }) => {
        const { headers } = await fetch(url, { method: "POST" });
        assert.deepEqual(
          headers.getSetCookie().map((each) => each.split("=")[0]),
          ["a", "b", "__Host-session"],
        );
        assert.equal(headers.get("vary"), "Origin, Cookie");
      },
    ));

  const streams: Record<string, () => [unknown, Promise<unknown>]> = {
    "a node stream": () => {
      const stream = Readable.from(["never"]);
      return [stream, once(stream, "close")];
    },
    "a web stream": () => {
      let cancel: () => void = () => {};
      const cancelled = new Promise<void>((resolve) => {
        cancel = resolve;
      });
      const pull = (controller: ReadableStreamDefaultController): void => controller.enqueue(Buffer.from("never"));
      return [new ReadableStream({ pull, cancel: () => cancel() }), cancelled];
    },
  };
  for (const [name, open] of Object.entries(streams)) {
    test(`P1: ${name} is freed when the commit fails`, async () => {
      const [stream, freed] = open();
      await withApp(
        (app) =>
          app.get("/", async ({ session }, reply) => {
            session.set("kept", 1);
            return reply.send(stream);
          }),
        async ({ url, cookie, store }) => {
          store.fail("commit");
          assert.equal(await (await fetch(url, { headers: { cookie } })).text(), UNAVAILABLE);
          await freed;
        },
      );
    });
  }

  test("a route without its own HEAD answers HEAD when the commit fails", () =>
    withApp(
      (app) => app.get("/", async ({ session }) => session.set("kept", 1) ?? "body"),
      async ({ url, cookie, store }) => {
        store.fail("commit");
        const response = await fetch(url, { method: "HEAD", headers: { cookie } });
        assert.deepEqual([response.status, response.headers.get("retry-after"), await response.text()], [503, "1", ""]);
      },
    ));
});

describe("errors", () => {
  test("an application's error handler has the last word on errors of the library that routes throw", () =>
    withApp(
      (app) => {
        app.setErrorHandler(async (error, _request, reply) =>
          reply.code(418).send({ mine: (error as { code?: string }).code }),
        );
        app.post("/", async ({ session }) => session.requireFresh(1));
      },
      async ({ url }) => {
        const response = await fetch(url, { method: "POST" });
        assert.deepEqual([response.status, await response.json()], [418, { mine: "ERR_SESSION_REQUIRED" }]);
      },
    ));

  test("an error handler that sends the error on gets the library's answer", () =>
    withApp(
      (app) => {
        app.setErrorHandler(async (error, _request, reply) => reply.send(error));
        app.post("/", async ({ session }) => session.requireFresh(1));
      },
      async ({ url }) => {
        const response = await fetch(url, { method: "POST" });
        assert.deepEqual([response.status, await response.text()], [401, '{"detail":"Not authenticated"}']);
        assert.equal(response.headers.get("www-authenticate"), "Bearer");
        assert.equal(response.headers.get("content-length"), "30");
      },
    ));

  test("P1: a store that is down is a 503 whatever the application's error handler makes of errors", () =>
    withApp(
      (app) => {
        app.setErrorHandler(async (_error, _request, reply) => reply.code(500).send("oops"));
        app.get("/", async ({ session }) => session.set("kept", 1) ?? "body");
      },
      async ({ url, cookie, store }) => {
        for (const method of ["load", "commit"] as const) {
          store.fail(method);
          const response = await fetch(url, { headers: { cookie } });
          assert.deepEqual([response.status, await response.text()], [503, UNAVAILABLE], method);
        }
      },
    ));

  test("errors that are not the library's are left to Fastify", () =>
    withApp(
      (app) => app.get("/", async () => Promise.reject(Object.assign(new Error("teapot"), { statusCode: 418 }))),
      async ({ url }) => {
        const response = await fetch(url);
        assert.deepEqual(await response.json(), { statusCode: 418, error: "I'm a Teapot", message: "teapot" });
      },
    ));

  test("a mistake that shows when the response leaves is a 500 that keeps nothing, and is logged", async () => {
    const logged: unknown[] = [];
    await withApp(
      (app) =>
        app.get("/", async ({ session, log }) => {
          log.error = (error: unknown) => void logged.push((error as { code?: string }).code);
          session.set("huge", "x".repeat(70_000));
          return "body";
        }),
      async ({ url, cookie, manager, store }) => {
        const response = await fetch(url, { headers: { cookie } });
        assert.deepEqual([response.status, await response.json()], [500, { detail: "Internal Server Error" }]);
        assert.equal(await dataOf(manager, store), "{}");
      },
    );
    assert.deepEqual(logged, ["ERR_SESSION_VALUE"]);
  });

  test("the guard's 401 is not bent by a response schema", () =>
    withApp(
      (app) => {
        const schema = { response: { "4xx": { type: "object", properties: { other: { type: "string" } } } } };
        app.get("/", { schema, preHandler: requireSession({ detail: "Sign in first" }) }, async () => "body");
      },
      async ({ url }) => assert.equal(await (await fetch(url)).text(), '{"detail":"Sign in first"}'),
    ));

  test("a hook that fails before the session is open is answered by Fastify", async () => {
    const { manager } = testManager();
    const app = Fastify();
    app.addHook("onRequest", async () => {
      throw new Error("early");
    });
    await app.register(sessions, { manager });
    app.get("/", async () => "body");
    assert.equal((await app.inject("/")).statusCode, 500);
    await app.close();
  });

  test("an onSend hook that fails is a 500 that keeps nothing", () =>
    withApp(
      (app) => {
        app.addHook("onSend", async (_request, reply) => {
          if (reply.statusCode === 200) throw new Error("late");
        });
        app.get("/", async ({ session }) => session.set("kept", 1) ?? "body");
      },
      async ({ url, cookie, manager, store }) => {
        assert.equal((await fetch(url, { headers: { cookie } })).status, 500);
        assert.equal(await dataOf(manager, store), "{}");
      },
    ));
});

describe("an answer that fails before its first byte", () => {
  const broken = (): never => {
    throw new Error("broken");
  };
  const failures: Record<string, (app: FastifyInstance, keep: (session: Session) => void) => unknown> = {
    "a stream that fails": (app, keep) =>
      app.get("/", async ({ session }, reply) => {
        keep(session);
        const stream = new Readable({ read: () => stream.destroy(new Error("broken")) });
        return reply.send(stream);
      }),
    "a web stream that fails": (app, keep) =>
      app.get("/", async ({ session }, reply) => {
        keep(session);
        return reply.send(new ReadableStream({ pull: broken }));
      }),
    "a hook that fails after others have waited": (app, keep) => {
      app.addHook("onSend", async () => undefined);
      app.addHook("onSend", async (_request, reply) => (reply.statusCode === 200 ? broken() : undefined));
      app.get("/", async ({ session }) => {
        keep(session);
        return "body";
      });
    },
    "a value whose toJSON fails": (app, keep) =>
      app.get("/", async ({ session }) => {
        keep(session);
        return { toJSON: broken };
      }),
    "a header with a line break": (app, keep) => {
      app.setErrorHandler((_error, _request, reply) => void reply.removeHeader("x-bad").code(500).send("failed"));
      app.get("/", async ({ session }, reply) => {
        keep(session);
        reply.header("x-bad", "a\nb");
        return "body";
      });
    },
  };
  for (const [name, mount] of Object.entries(failures)) {
    test(`${name} is a 500 that keeps nothing`, () =>
      withApp(
        (app) => mount(app, (session) => session.set("kept", 1)),
        async ({ url, cookie, manager, store }) => {
          assert.equal((await fetch(url, { headers: { cookie } })).status, 500);
          assert.equal(await dataOf(manager, store), "{}");
        },
      ));
  }
});

describe("mounting", () => {
  test("routes of plugins below have the session, and unknown paths answer 404", () =>
    withApp(
      async (app) => {
        app.decorate("greeting", "hello");
        await app.register(async (child) => {
          child.get<{ Params: { name: string } }>("/hello/:name", async function ({ params, session }) {
            return `${this.getDecorator<string>("greeting")} ${params.name} from ${session.userId}`;
          });
        });
      },
      async ({ url, cookie }) => {
        assert.equal(await (await fetch(`${url}/hello/bob`, { headers: { cookie } })).text(), "hello bob from anna");
        assert.equal((await fetch(`${url}/nowhere`, { headers: { cookie } })).status, 404);
      },
    ));

  test("inject works as a client does", () =>
    withApp(
      (app) => app.get("/", async ({ session }) => session.require().userId),
      async ({ app, cookie }) => {
        assert.equal((await app.inject({ url: "/", headers: { cookie } })).body, "anna");
        const { statusCode, body } = await app.inject("/");
        assert.deepEqual([statusCode, body], [401, '{"detail":"Not authenticated"}']);
      },
    ));

  test("HTTP/2 works", async () => {
    const { manager } = testManager(cookieTransport());
    const app = Fastify({ http2: true, forceCloseConnections: true } as never) as unknown as FastifyInstance;
    await app.register(sessions, { manager });
    app.post("/", async ({ session }) => `signed in ${(await session.signIn("anna")).length}`);
    const client = connect(await app.listen({ port: 0, host: "127.0.0.1" }));
    const stream = client.request({ ":method": "POST", ":path": "/" });
    const [head] = (await once(stream, "response")) as [Record<string, unknown>];
    assert.match(String(head["set-cookie"]), /^__Host-session=ses_/);
    assert.equal(Buffer.concat(await stream.toArray()).toString(), "signed in 76");
    client.destroy();
    await app.close();
  });
});
