import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { get } from "node:http";
import { PassThrough, Readable } from "node:stream";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Context, Middleware } from "koa";
import { cookieTransport, isSessionError } from "sessile";
import { requireSession } from "sessile/koa";
import { withKoa } from "./koa-app.ts";
import { heldResponse } from "./support/app-server.ts";

const THIS_FILE = fileURLToPath(import.meta.url);

interface Expected {
  readonly status?: number;
  readonly text: string | RegExp;
  readonly headers?: Readonly<Record<string, string>>;
}

const TEXT = { "content-type": "text/plain; charset=utf-8" };
const BYTES = { "content-type": "application/octet-stream" };

const WAYS: Readonly<Record<string, readonly [(ctx: Context) => unknown, Expected]>> = {
  "a text": [body("text"), { text: "text", headers: { ...TEXT, "content-length": "4" } }],
  JSON: [body({ a: 1 }), { text: '{"a":1}', headers: { "content-type": "application/json; charset=utf-8" } }],
  "a buffer": [body(Buffer.from("bytes")), { text: "bytes", headers: BYTES }],
  "a stream": [(ctx) => body(Readable.from(["a", "b"]))(ctx), { text: "ab", headers: BYTES }],
  "a file": [(ctx) => body(createReadStream(THIS_FILE))(ctx), { text: /^import assert/, headers: BYTES }],
  "a web stream": [(ctx) => body(new Blob(["web"]).stream())(ctx), { text: "web", headers: BYTES }],
  "a blob": [
    body(new Blob(["blob"], { type: "image/x-own" })),
    { text: "blob", headers: { "content-type": "image/x-own" } },
  ],
  "a web response": [
    (ctx) => body(new Response("made", { status: 201, headers: { "x-own": "yes" } }))(ctx),
    { status: 201, text: "made", headers: { "x-own": "yes" } },
  ],
  "a redirect": [
    (ctx) => ctx.redirect("/next"),
    { status: 302, text: /Redirecting to \/next/, headers: { location: "/next" } },
  ],
  "no body, which is a 204": [body(null), { status: 204, text: "" }],
  "nothing, which is a 404": [() => {}, { status: 404, text: "Not Found" }],
  "ctx.throw below 500": [(ctx) => ctx.throw(410, "it is gone"), { status: 410, text: "it is gone", headers: TEXT }],
  "ctx.flushHeaders": [
    (ctx) => {
      const stream = new PassThrough();
      body(stream)(ctx);
      ctx.flushHeaders();
      setImmediate(() => stream.end("later"));
    },
    { text: "later", headers: BYTES },
  ],
  "writing to ctx.res": [
    (ctx) => {
      ctx.respond = false;
      ctx.res.writeHead(201, { "x-own": "yes" });
      ctx.res.write("a");
      setImmediate(() => ctx.res.end("b"));
    },
    { status: 201, text: "ab", headers: { "x-own": "yes" } },
  ],
};

function body(value: unknown): (ctx: Context) => void {
  return (ctx) => {
    ctx.body = value;
  };
}

function writing(answer: (ctx: Context) => unknown): Middleware {
  return (ctx) => {
    ctx.session.set("kept", 1);
    answer(ctx);
  };
}

describe("ways to answer with Koa", () => {
  for (const [way, [answer, expected]] of Object.entries(WAYS)) {
    test(`${way}: nothing leaves before the session is stored`, () =>
      withKoa(writing(answer), async (server) => {
        const response = await heldResponse(server, "/");
        assert.equal(response.status, expected.status ?? 200);
        const text = await response.text();
        if (typeof expected.text === "string") assert.equal(text, expected.text);
        else assert.match(text, expected.text);
        for (const [header, value] of Object.entries(expected.headers ?? {}))
          assert.equal(response.headers.get(header), value);
        assert.equal(response.headers.get("cache-control"), "no-store");
        assert.equal(await server.stored(), '{"kept":1}');
      }));
  }

  test("H8: a cookie of ctx.cookies goes out beside that of the session", () =>
    withKoa(
      async (ctx) => {
        await ctx.session.signIn("bob");
        ctx.cookies.set("theme", "dark");
        ctx.vary("Accept");
        ctx.body = "";
      },
      async ({ send }) => {
        const { headers } = await send("/", { method: "POST" });
        assert.equal(headers.getSetCookie()[0], "theme=dark; path=/; httponly");
        assert.match(headers.getSetCookie()[1] ?? "", /^__Host-session=ses_/);
        assert.equal(headers.get("vary"), "Accept, Cookie");
      },
    ));

  test("HEAD has the length of the body, and the headers of the session", () =>
    withKoa(
      (ctx) => body(ctx.session.userId)(ctx),
      async ({ send }) => {
        const response = await send("/", { method: "HEAD" });
        assert.deepEqual([response.headers.get("content-length"), await response.text()], ["4", ""]);
        assert.equal(response.headers.get("cache-control"), "no-store");
      },
    ));

  test("the status counts that leaves, whichever middleware set it after the session's middleware", () =>
    withKoa(
      writing(body("fine")),
      async ({ send, stored }) => {
        assert.equal((await send("/")).status, 500);
        assert.equal(await stored(), "{}");
      },
      {
        above: async (ctx, next) => {
          await next();
          ctx.status = 500;
        },
      },
    ));

  test("headers that middleware above sets after the handler arrive", () =>
    withKoa(writing(body("fine")), async ({ send }) => assert.equal((await send("/")).headers.get("x-late"), "yes"), {
      above: async (ctx, next) => {
        await next();
        ctx.set("x-late", "yes");
      },
    }));

  test("a stream that fails cuts the connection", () =>
    withKoa(
      (ctx) => {
        const stream = new PassThrough();
        stream.write("half");
        ctx.session.set("kept", 1); // or nothing is held, and no drain follows
        ctx.res.once("drain", () => stream.destroy(new Error("broken")));
        ctx.body = stream;
      },
      ({ send }) => assert.rejects(async () => (await send("/")).text()),
    ));

  test("a handler that answers after the client left does no harm, and what it wrote is stored", async () => {
    let arrive: () => void = () => {};
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    await withKoa(
      async (ctx) => {
        ctx.session.set("kept", 1);
        const left = new Promise((resolve) => ctx.res.on("close", resolve));
        arrive();
        await left;
        ctx.body = "late";
      },
      async ({ url, cookie, stored, send }) => {
        const request = get(url, { headers: { cookie }, agent: false }).on("error", () => {});
        await arrived;
        request.destroy();
        while ((await stored()) === "{}") await new Promise((resolve) => setImmediate(resolve));
        assert.equal((await send("/public")).status, 200);
      },
    );
  });

  test("server-sent events end when the session is ended elsewhere", () =>
    withKoa(
      (ctx) => {
        ctx.session.require();
        const events = new PassThrough();
        events.write("data: hello\n\n");
        ctx.type = "text/event-stream";
        ctx.body = events;
        const stop = ctx.session.onEnded(() => events.end("event: end\n\n"));
        events.on("close", stop);
      },
      async ({ send, manager }) => {
        const events = await send("/");
        assert.equal(await manager.revokeUser("anna"), 1);
        assert.equal(await events.text(), "data: hello\n\nevent: end\n\n");
      },
    ));
});

describe("errors with Koa", () => {
  test("ctx.throw resets the application's headers, not those of the session", () =>
    withKoa(
      async (ctx) => {
        await ctx.session.signIn("bob");
        ctx.set("x-own", "yes");
        ctx.throw(403);
      },
      async ({ send }) => {
        const { status, headers } = await send("/", { method: "POST" });
        assert.deepEqual([status, headers.get("x-own")], [403, null]);
        assert.match(headers.get("set-cookie") ?? "", /^__Host-session=ses_/);
      },
    ));

  test("ctx.throw from 500 keeps nothing, and the application hears of it", async () => {
    const errors: unknown[] = [];
    await withKoa(
      writing((ctx) => ctx.throw(502, "upstream")),
      async ({ send, stored }) => {
        assert.equal((await send("/")).status, 502);
        assert.equal(await stored(), "{}");
      },
      { onError: (error) => errors.push(error) },
    );
    assert.deepEqual(errors.map(String), ["BadGatewayError: upstream"]);
  });

  test("an error that middleware above turns into an answer is settled with the status of that answer", () =>
    withKoa(
      writing(() => {
        throw new Error("mine");
      }),
      async ({ send, stored }) => {
        assert.equal((await send("/")).status, 418);
        assert.equal(await stored(), '{"kept":1}');
      },
      {
        above: async (ctx, next) => {
          await next().catch(() => {
            ctx.status = 418;
          });
        },
      },
    ));

  test("an error of the library is answered, and takes the place of a body that was set", async () => {
    const stream = new PassThrough();
    await withKoa(
      (ctx) => {
        ctx.body = stream;
        ctx.etag = "1";
        ctx.session.requireFresh(0);
      },
      async ({ send, url }) => {
        const stale = await send("/");
        assert.deepEqual([stale.status, await stale.text()], [403, '{"detail":"Sign in again"}']);
        assert.equal(stale.headers.get("etag"), null);
        assert.equal(stream.destroyed, true);
        const anonymous = await fetch(url);
        assert.deepEqual([anonymous.status, anonymous.headers.get("www-authenticate")], [401, "Bearer"]);
      },
    );
  });

  test("a mistake of the program is a 500 of Koa's, and the application hears of it", async () => {
    const errors: unknown[] = [];
    await withKoa(
      (ctx) => {
        if (ctx.path === "/now") ctx.session.set("fn", (() => {}) as never);
        ctx.session.set("huge", "x".repeat(70_000));
        ctx.body = "fine";
      },
      async ({ send }) => {
        assert.equal((await send("/now")).status, 500);
        assert.equal((await send("/at-the-end")).status, 500);
      },
      { onError: (error) => errors.push(error) },
    );
    assert.deepEqual(
      errors.map((error) => isSessionError(error, "ERR_SESSION_VALUE")),
      [true, true],
    );
  });

  test("P1: a commit that fails is a clean 503 in place of a stream, which is freed", async () => {
    const stream = createReadStream(THIS_FILE);
    await withKoa(writing(body(stream)), async ({ store, send }) => {
      store.fail("commit");
      const response = await send("/");
      assert.deepEqual([response.status, await response.text()], [503, '{"detail":"Service unavailable"}']);
      if (!stream.closed) await new Promise<void>((resolve) => stream.on("close", resolve));
    });
  });
});

describe("requireSession with Koa", () => {
  test("as a middleware it guards what comes below, and says what it is told to say", () =>
    withKoa(requireSession({ detail: "Members only" }), async ({ send, url }) => {
      assert.equal((await send("/")).status, 404);
      const refused = await fetch(url);
      assert.deepEqual([refused.status, await refused.json()], [401, { detail: "Members only" }]);
    }));
});

test("I2: an exempt path is what the client asked for, not what mounted middleware of Koa sees", () =>
  withKoa(
    async (ctx) => {
      ctx.path = ctx.path.replace("/admin", "");
      await ctx.session.signIn("eve");
      ctx.body = "in";
    },
    async ({ url }) => {
      const init = { method: "POST", headers: { origin: "https://evil.example" } };
      assert.equal((await fetch(`${url}/hook`, init)).status, 200);
      assert.equal((await fetch(`${url}/admin/hook`, init)).status, 403);
    },
    { transport: cookieTransport({ exemptPaths: ["/hook"] }) },
  ));
