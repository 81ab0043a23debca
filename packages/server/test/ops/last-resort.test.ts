// M5: an error in any layer is a generic answer, or the clean end of the process; never a stack on the wire.

import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { after, before, test } from "node:test";
import { memoryStore } from "sessile";
import { type AppUnderTest, startApp } from "../support/app.ts";
import { call, signIn } from "../support/client.ts";
import { raw } from "../support/raw.ts";
import { startTunedServer } from "../support/server-process.ts";

const SECRET = "SELECT secret FROM sessions";

let app: AppUnderTest;
/** The error with which the store fails; empty while it works. */
let odd: readonly unknown[] = [];
before(async () => {
  const fail = (): never => {
    throw new Error(SECRET);
  };
  const store = memoryStore();
  const load = store.load.bind(store);
  store.load = (sid) => (odd.length > 0 ? Promise.reject(odd[0]) : load(sid));
  app = await startApp({
    manager: { store },
    prepare: (instance) => {
      instance.get("/handler", async () => fail());
      instance.get("/sync", () => fail());
      instance.get("/not-an-error", async () => {
        throw SECRET; // whatever a library may throw
      });
      instance.get("/status", async () => {
        throw Object.assign(new Error(SECRET), { statusCode: 599 });
      });
      instance.get("/on-request", { onRequest: async () => fail() }, async () => ({}));
      instance.get("/pre-handler", { preHandler: async () => fail() }, async () => ({}));
      const failFirst = async (_request: unknown, { statusCode }: { statusCode: number }): Promise<void> => {
        if (statusCode < 500) fail();
      };
      instance.get("/on-send", { onSend: failFirst }, async () => ({}));
      instance.get(
        "/serializer",
        { serializerCompiler: () => fail, schema: { response: { 200: {} } } },
        async () => ({}),
      );
      instance.get("/cyclic", async () => {
        const value: { self?: object } = {};
        value.self = value;
        return value;
      });
      instance.get("/on-response", { onResponse: async () => fail() }, async () => ({}));
      instance.get("/stream", async (_request, reply) => reply.send(new Readable({ read: fail })));
    },
  });
});
after(() => app?.close());

test("M5: what throws in a route, a hook or a serializer is a 500 that tells nothing", async () => {
  const paths = [
    "/handler",
    "/sync",
    "/not-an-error",
    "/status",
    "/on-request",
    "/pre-handler",
    "/on-send",
    "/serializer",
    "/cyclic",
  ];
  for (const path of paths) {
    const { status, body, headers } = await call(app.url, "GET", path);
    assert.ok(status >= 500, path);
    assert.deepEqual(body, { detail: "Internal Server Error" }, path);
    assert.equal(headers.get("x-content-type-options"), "nosniff", path);
  }
  assert.equal(app.log().match(/"msg":"request failed"/g)?.length, paths.length);
});

test("M5: what throws while or after the answer leaves ends that connection at most", async () => {
  assert.equal((await call(app.url, "GET", "/on-response")).status, 200);
  const streamed = await raw(app.url, "GET /stream HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  assert.ok(!streamed.includes(SECRET));
  assert.equal((await call(app.url, "GET", "/health/live")).status, 200);
});

test("M5: a store that throws something odd is a 503, and nothing of it is on the wire", async () => {
  const token = await signIn(app.url);
  for (const thrown of [new Error(SECRET), new TypeError(SECRET), SECRET, null, undefined]) {
    odd = [thrown];
    const { status, body, headers } = await call(app.url, "GET", "/profile", { "X-Session-Token": token });
    assert.deepEqual([status, body], [503, { detail: "Service unavailable" }]);
    assert.equal(headers.get("retry-after"), "1");
  }
  odd = [];
});

test("M5: an uncaught error is logged once, without what it must not hold, and the process ends with 1", async (t) => {
  for (const [message, origin] of [
    ["reject", "unhandledRejection"],
    ["throw", "uncaughtException"],
  ] as const) {
    const server = await startTunedServer(["--store", "memory"]);
    t.after(() => server.end("SIGKILL"));
    server.tell(message);
    assert.equal(await server.ended, 1);
    const { stderr } = server.output();
    const fatal = stderr.split("\n").filter((line) => line.includes('"level":"fatal"'));
    assert.equal(fatal.length, 1, stderr);
    const { err, msg, origin: from } = JSON.parse(fatal[0] as string) as { err: object; msg: string; origin: string };
    assert.deepEqual([from, msg], [origin, "the server cannot go on"]);
    assert.match(JSON.stringify(err), /nobody caught (this|\[redacted\])/);
  }
});
