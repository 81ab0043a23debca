import assert from "node:assert/strict";
import { once } from "node:events";
import { get, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { PassThrough, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { describe, test } from "node:test";
import { cookieTransport, type SessionManager } from "sessile";
import { withSession } from "sessile/node";
import type { SessionStore } from "sessile/store";
import { serve, testManager, withHandler } from "./support/session-server.ts";

const SESSION_COOKIE = /^__Host-session=ses_/;
const UNAVAILABLE = '{"detail":"Service unavailable"}';

async function fetchText(
  url: string,
  init: RequestInit = {},
): Promise<{ status: number; text: string; headers: Headers; cookies: string[] }> {
  const response = await fetch(url, init);
  return {
    status: response.status,
    text: await response.text(),
    headers: response.headers,
    cookies: response.headers.getSetCookie(),
  };
}

describe("heads", () => {
  const heads: Record<string, (response: ServerResponse) => void> = {
    "an object of headers": (response) =>
      response.writeHead(201, { "Set-Cookie": ["a=1", "b=2"], "X-Own": "yes", Vary: "Origin" }),
    "an object of headers in lower case": (response) =>
      response.writeHead(201, { "set-cookie": ["a=1", "b=2"], "x-own": "yes", vary: "Origin" }),
    "a flat list of headers": (response) =>
      response.writeHead(201, ["Set-Cookie", "a=1", "Set-Cookie", "b=2", "X-Own", "yes", "Vary", "Origin"]),
    "a list of pairs": (response) => {
      const pairs = [
        ["Set-Cookie", "a=1"],
        ["Set-Cookie", "b=2"],
        ["X-Own", "yes"],
        ["Vary", "Origin"],
      ];
      response.writeHead(201, pairs as never);
    },
    "a reason and headers": (response) =>
      response.writeHead(201, "Made", { "Set-Cookie": ["a=1", "b=2"], "X-Own": "yes", Vary: "Origin" }),
    setHeader: (response) => {
      response.statusCode = 201;
      response.setHeader("Set-Cookie", ["a=1", "b=2"]).setHeader("X-Own", "yes").setHeader("Vary", "Origin");
    },
  };
  for (const [name, writeHead] of Object.entries(heads)) {
    test(`H8: what is given by ${name} arrives beside the session's own headers`, () =>
      withHandler(
        async (_request, response, session) => {
          await session.signIn("anna");
          writeHead(response);
          response.end("made");
        },
        async ({ url }) => {
          const { status, text, headers, cookies } = await fetchText(url);
          assert.deepEqual(
            [status, text, headers.get("x-own"), headers.get("vary")],
            [201, "made", "yes", "Origin, Cookie"],
          );
          assert.deepEqual(cookies.slice(0, 2), ["a=1", "b=2"]);
          assert.match(cookies[2] ?? "", SESSION_COOKIE);
        },
      ));

    test(`what is given by ${name} arrives beside the headers of a read, which holds nothing back`, () =>
      withHandler(
        (_request, response, session) => {
          const user = session.userId;
          writeHead(response);
          response.end(user);
        },
        async ({ url, cookie }) => {
          const { status, text, headers, cookies } = await fetchText(url, { headers: { cookie } });
          assert.deepEqual([status, text, headers.get("x-own")], [201, "anna", "yes"]);
          assert.deepEqual([headers.get("vary"), headers.get("cache-control")], ["Origin, Cookie", "no-store"]);
          assert.deepEqual(cookies, ["a=1", "b=2"]);
        },
      ));
  }

  test("the object of headers that a handler passed is not changed", () => {
    const own = { vary: "Origin" };
    return withHandler(
      (_request, response, { userId }) => response.writeHead(200, own).end(userId),
      async ({ url, cookie }) => {
        assert.equal((await fetchText(url, { headers: { cookie } })).headers.get("vary"), "Origin, Cookie");
        assert.deepEqual(own, { vary: "Origin" });
      },
    );
  });

  test("the headers of writeHead replace those of setHeader, as without a session", () =>
    withHandler(
      (_request, response) => {
        response.setHeader("x-own", "first");
        response.writeHead(200, { "x-own": "second" }).end();
      },
      async ({ url }) => assert.equal((await fetchText(url)).headers.get("x-own"), "second"),
    ));

  test("a reason phrase is kept", () =>
    withHandler(
      (_request, response) => response.writeHead(299, "Rather Fine").end(),
      async ({ url }) => assert.equal((await fetch(url)).statusText, "Rather Fine"),
    ));

  test("a body without writeHead has the length that Node counts", () =>
    withHandler(
      (_request, response) => response.end("four"),
      async ({ url }) => assert.equal((await fetchText(url)).headers.get("content-length"), "4"),
    ));

  test("trailers arrive, also while the store is asked", () =>
    withHandler(
      (_request, response, session) => {
        session.set("kept", 1);
        response.writeHead(200, { trailer: "x-sum" });
        response.write("x");
        response.addTrailers({ "x-sum": "1" });
        response.end();
      },
      async ({ url }) => {
        const [response] = (await once(get(url), "response")) as [IncomingMessage];
        await response.resume().toArray();
        assert.equal(response.trailers["x-sum"], "1");
      },
    ));

  test("middleware that wraps writeHead, outside or inside, finds the final headers and is called once", async () => {
    const seen: string[] = [];
    const note = (where: string, response: ServerResponse): void =>
      onHead(response, () => seen.push(`${where} ${response.getHeader("cache-control")}`));
    const outer =
      (listener: RequestListener): RequestListener =>
      (request, response) => {
        note("outer", response);
        listener(request, response);
      };
    const server = await serve((_request, response, session) => {
      note("inner", response);
      response.end(session.userId);
    }, outer);
    assert.equal((await fetchText(server.url, { headers: { cookie: server.cookie } })).text, "anna");
    await server.close();
    assert.deepEqual(seen, ["inner no-store", "outer no-store"]);
  });

  test("middleware that wraps setHeader finds every header once, also those of the session", async () => {
    const seen: string[] = [];
    await withHandler(
      (_request, response, session) => {
        const { setHeader } = response;
        response.setHeader = (name, value) => {
          seen.push(name);
          return Reflect.apply(setHeader, response, [name, value]) as ServerResponse;
        };
        response.setHeader("x-own", "yes").end(session.userId);
      },
      async ({ url, cookie }) => {
        const { headers } = await fetchText(url, { headers: { cookie } });
        assert.deepEqual([headers.get("x-own"), headers.get("cache-control")], ["yes", "no-store"]);
      },
    );
    assert.deepEqual(seen, ["x-own", "cache-control", "vary"]);
  });
});

/** As the package `on-headers` does. */
function onHead(response: ServerResponse, listener: () => void): void {
  const { writeHead } = response;
  let isFired = false;
  response.writeHead = function (this: ServerResponse, ...args: unknown[]) {
    if (!isFired) listener();
    isFired = true;
    return Reflect.apply(writeHead, this, args) as ServerResponse;
  } as ServerResponse["writeHead"];
}

describe("what a handler finds while its output is held", () => {
  test("headersSent, writableEnded and finished say what they say without a session", async () => {
    const states: boolean[][] = [];
    await withHandler(
      (_request, response, session) => {
        session.set("kept", 1);
        const note = (): unknown => states.push([response.headersSent, response.writableEnded, response.finished]);
        note();
        response.write("x");
        note();
        response.end();
        note();
        response.on("finish", note);
      },
      async ({ url }) => assert.equal((await fetchText(url)).text, "x"),
    );
    assert.deepEqual(states, [
      [false, false, false],
      [true, false, false],
      [true, true, true],
      [true, true, true],
    ]);
  });

  const misuses: Record<string, [(response: ServerResponse) => void, string]> = {
    "a second writeHead": [(response) => response.writeHead(200).writeHead(500), "ERR_HTTP_HEADERS_SENT"],
    "an impossible status": [(response) => response.writeHead(99), "ERR_HTTP_INVALID_STATUS_CODE"],
    "an impossible statusCode": [
      (response) => Object.assign(response, { statusCode: 9999 }).end(),
      "ERR_HTTP_INVALID_STATUS_CODE",
    ],
    "writing an object": [(response) => response.write({} as never), "ERR_INVALID_ARG_TYPE"],
    "ending with an object": [(response) => response.end({} as never), "ERR_INVALID_ARG_TYPE"],
    "an invalid header": [(response) => response.writeHead(200, { "x-own": "a\nb" }), "ERR_INVALID_CHAR"],
    "a header that comes too late": [
      (response) => response.end("x").setHeader("x-late", "yes"),
      "ERR_HTTP_HEADERS_SENT",
    ],
    "a header that is added too late": [
      (response) => response.end("x").appendHeader("x-late", "yes"),
      "ERR_HTTP_HEADERS_SENT",
    ],
    "a header that is removed too late": [
      (response) => response.end("x").removeHeader("x-own"),
      "ERR_HTTP_HEADERS_SENT",
    ],
    "half a pair of headers": [(response) => response.writeHead(200, ["x-own"]), "ERR_INVALID_ARG_VALUE"],
  };
  for (const [name, [misuse, code]] of Object.entries(misuses)) {
    for (const isHeld of [true, false]) {
      test(`${name} throws at the call, as without a session, when output is ${isHeld ? "held" : "not held"}`, async () => {
        let thrown: unknown;
        await withHandler(
          (_request, response, session) => {
            if (isHeld) session.set("kept", 1);
            try {
              misuse(response);
            } catch (error) {
              thrown = error;
            }
            response.destroy();
          },
          // An answer that was whole before the mistake may have arrived.
          async ({ url }) => void (await fetchText(url).catch(() => {})),
        );
        assert.equal((thrown as { code?: string } | undefined)?.code, code);
      });
    }
  }

  test("a status that is changed too late is not sent", () =>
    withHandler(
      (_request, response, session) => {
        session.set("kept", 1);
        response.writeHead(201, "Made").end("x");
        response.statusCode = 500;
        response.statusMessage = "Late";
      },
      async ({ url, cookie }) => {
        const { status, statusText } = await fetch(url, { headers: { cookie } });
        assert.deepEqual([status, statusText], [201, "Made"]);
      },
    ));

  test("the callbacks of write and end are called", async () => {
    const called: string[] = [];
    await withHandler(
      (_request, response) => {
        response.write("a", () => called.push("write"));
        response.write("b", "utf8", () => called.push("write with encoding"));
        response.end("c", () => called.push("end"));
      },
      async ({ url }) => assert.equal((await fetchText(url)).text, "abc"),
    );
    assert.deepEqual(called.sort(), ["end", "write", "write with encoding"]);
  });

  test("a held write answers false, and drain follows", () =>
    withHandler(
      async (_request, response, session) => {
        session.set("kept", 1);
        assert.equal(response.write("a"), false);
        await once(response, "drain");
        assert.equal(response.write("b"), true);
        response.end("c");
      },
      async ({ url, errors }) => {
        assert.equal((await fetchText(url)).text, "abc");
        assert.deepEqual(errors, []);
      },
    ));

  test("what has nothing to wait for is not held: the head leaves during the call, with the headers of the session", () =>
    withHandler(
      (_request, response, session) => {
        assert.equal(session.userId, "anna");
        assert.equal(response.write("a"), true);
        assert.equal(response.getHeader("cache-control"), "no-store");
        assert.throws(() => session.set("late", 1), { code: "ERR_SESSION_STATE" });
        response.end("b");
      },
      async ({ url, cookie, errors }) => {
        const { text, headers } = await fetchText(url, { headers: { cookie } });
        assert.deepEqual([text, headers.get("cache-control"), headers.get("vary")], ["ab", "no-store", "Cookie"]);
        assert.deepEqual(errors, []);
      },
    ));

  test("a pipe ends also where middleware keeps the listeners of drain for a stream of its own, as compression does", async () => {
    const server = await serve(
      (_request, response) => Readable.from(["a", "b", "c"]).pipe(response),
      (listener) => (request, response) => listener(request, throughStream(response)),
    );
    assert.equal((await fetchText(server.url)).text, "abc");
    await server.close();
  });

  test("stream.pipeline into a response of 5 MB ends", () =>
    withHandler(
      async (_request, response, session) => {
        session.set("piped", true);
        const chunks = Array.from({ length: 80 }, () => Buffer.alloc(65_536, 7));
        await pipeline(Readable.from(chunks), response);
      },
      async ({ url }) => assert.equal((await (await fetch(url)).arrayBuffer()).byteLength, 5 * 1024 * 1024),
    ));
});

/** As the package `compression` does with a response that it compresses. */
function throughStream(response: ServerResponse): ServerResponse {
  const stream = new PassThrough();
  const { write, end, on } = response;
  stream.on("data", (chunk) => Reflect.apply(write, response, [chunk]));
  stream.on("end", () => Reflect.apply(end, response, []));
  return Object.assign(response, {
    on(event: string, listener: () => void) {
      if (event === "drain") stream.on(event, listener);
      else Reflect.apply(on, response, [event, listener]);
      return response;
    },
    write: (chunk: string) => stream.write(chunk),
    end: () => stream.end(),
  });
}

describe("open responses", () => {
  test("server-sent events arrive one by one, the session is stored before the first", async () => {
    const steps: (() => void)[] = [];
    const next = (): Promise<void> => new Promise((resolve) => steps.push(resolve));
    await withHandler(
      async (_request, response, session) => {
        session.set("open", true);
        response.writeHead(200, { "content-type": "text/event-stream" });
        for (let event = 0; event < 3; event++) {
          response.write(`data: ${event}\n\n`);
          await next();
        }
        response.end();
      },
      async ({ url, cookie, store, manager }) => {
        const response = await fetch(url, { headers: { cookie } });
        assert.equal(await dataOf(manager, store), '{"open":true}');
        const reader = (response.body as ReadableStream<Uint8Array>).getReader();
        for (let event = 0; event < 3; event++) {
          const { value } = await reader.read();
          assert.equal(Buffer.from(value as Uint8Array).toString(), `data: ${event}\n\n`);
          steps.shift()?.();
        }
        assert.equal((await reader.read()).done, true);
      },
    );
  });

  test("flushHeaders sends the head before any body", () =>
    withHandler(
      (request, response) => {
        response.flushHeaders();
        request.on("data", (chunk) => response.end(chunk));
      },
      async ({ url }) => {
        const { port } = new URL(url);
        const socket = connect(Number(port), "127.0.0.1");
        socket.write("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 4\r\n\r\n");
        const [head] = (await once(socket, "data")) as [Buffer];
        assert.match(head.toString(), /^HTTP\/1\.1 200 OK\r\n/);
        socket.write("body");
        assert.match(Buffer.concat(await socket.toArray()).toString(), /body/);
      },
    ));

  test("a handler that returns at once and answers later is waited for", () =>
    withHandler(
      (_request, response, session) => {
        setImmediate(() => {
          session.set("late", 1);
          response.end("late");
        });
      },
      async ({ url, cookie, manager, store }) => {
        assert.equal((await fetchText(url, { headers: { cookie } })).text, "late");
        assert.equal(await dataOf(manager, store), '{"late":1}');
      },
    ));

  test("a write into the session after the head left is refused", () =>
    withHandler(
      async (_request, response, session) => {
        session.set("kept", 1);
        response.write("a");
        await once(response, "drain");
        assert.throws(() => session.set("late", 1), { code: "ERR_SESSION_STATE" });
        response.end("b");
      },
      async ({ url, errors }) => {
        assert.equal((await fetchText(url)).text, "ab");
        assert.deepEqual(errors, []);
      },
    ));
});

describe("failures", () => {
  for (const [name, fail] of Object.entries({
    throws: () => {
      throw new Error("secret detail");
    },
    rejects: async () => {
      throw new Error("secret detail");
    },
  })) {
    test(`a handler that ${name} before it answers is a 500 that tells nothing, keeps nothing, and is reported`, () =>
      withHandler(
        (_request, response, session) => {
          session.set("kept", 1);
          response
            .setHeader("content-length", 3)
            .setHeader("etag", '"x"')
            .setHeader("access-control-allow-origin", "*");
          return fail();
        },
        async ({ url, cookie, manager, store, errors }) => {
          const { status, text, headers } = await fetchText(url, { headers: { cookie } });
          assert.deepEqual([status, text], [500, '{"detail":"Internal Server Error"}']);
          assert.deepEqual([headers.get("etag"), headers.get("access-control-allow-origin")], [null, "*"]);
          assert.equal(await dataOf(manager, store), "{}");
          assert.deepEqual(errors.map(String), ["Error: secret detail"]);
        },
      ));
  }

  test("a handler that throws after the head left cuts the connection, and is reported", () =>
    withHandler(
      async (_request, response, session) => {
        session.set("kept", 1);
        response.write("half");
        await once(response, "drain");
        throw new Error("broken");
      },
      async ({ url, errors }) => {
        await assert.rejects(fetchText(url));
        assert.deepEqual(errors.map(String), ["Error: broken"]);
      },
    ));

  test("a handler that throws while its output is held cuts the connection, and is reported", () =>
    withHandler(
      (_request, response, session) => {
        session.set("kept", 1);
        response.write("half");
        throw new Error("broken");
      },
      async ({ url, errors }) => {
        await assert.rejects(fetchText(url));
        assert.deepEqual(errors.map(String), ["Error: broken"]);
      },
    ));

  test("a handler that throws after its whole answer does not harm it, and is reported", () =>
    withHandler(
      (_request, response) => {
        response.end("whole");
        throw new Error("afterwards");
      },
      async ({ url, errors }) => {
        assert.equal((await fetchText(url)).text, "whole");
        assert.deepEqual(errors.map(String), ["Error: afterwards"]);
      },
    ));

  test("P1: when the commit fails, a handler that goes on writing ends in peace and the client has a whole 503", async () => {
    let isDone: () => void = () => {};
    const done = new Promise<void>((resolve) => {
      isDone = resolve;
    });
    await withHandler(
      async (_request, response, session) => {
        session.set("kept", 1);
        response.writeHead(200, { "content-length": "6", "content-encoding": "identity", "set-cookie": "theme=dark" });
        await new Promise<void>((resolve) => response.write("aa", () => resolve()));
        assert.equal(response.headersSent, true);
        assert.equal(response.write("bb"), true);
        await new Promise<void>((resolve) => response.end("cc", () => resolve()));
        assert.equal(response.writableEnded, true);
        isDone();
      },
      async ({ url, cookie, store, errors }) => {
        store.fail("commit");
        const { status, text, headers } = await fetchText(url, { headers: { cookie } });
        assert.deepEqual([status, text, headers.get("content-length")], [503, UNAVAILABLE, String(UNAVAILABLE.length)]);
        await done;
        assert.deepEqual(errors, []);
      },
    );
  });

  test("P1: when the commit fails, a stream that is piped into the response is freed", async () => {
    const source = Readable.from(Array.from({ length: 8000 }, () => Buffer.alloc(65_536)));
    await withHandler(
      (_request, response, session) => {
        session.set("kept", 1);
        source.pipe(response);
      },
      async ({ url, cookie, store }) => {
        store.fail("commit");
        assert.equal((await fetchText(url, { headers: { cookie } })).text, UNAVAILABLE);
        if (!source.closed) await once(source, "close");
      },
    );
  });

  test("a connection is reused after a 503 in place of a longer answer", () =>
    withHandler(
      (request, response, session) => {
        if (request.url === "/write") session.set("kept", 1);
        response.end("x".repeat(1000));
      },
      async ({ url, cookie, store }) => {
        store.fail("commit");
        assert.equal((await fetchText(`${url}/write`, { headers: { cookie } })).text, UNAVAILABLE);
        assert.equal((await fetchText(`${url}/read`, { headers: { cookie } })).text.length, 1000);
      },
    ));

  test("a mistake in the data is a 500, reported, although the handler had answered", () =>
    withHandler(
      (_request, response, session) => {
        session.set("huge", "x".repeat(70_000));
        response.end("fine");
      },
      async ({ url, errors }) => {
        const { status, text } = await fetchText(url);
        assert.deepEqual([status, text], [500, '{"detail":"Internal Server Error"}']);
        assert.equal((errors[0] as { code?: string }).code, "ERR_SESSION_VALUE");
        assert.equal(errors.length, 1);
      },
    ));
});

/** The stored data of the one session of anna. */
async function dataOf(manager: SessionManager, store: SessionStore): Promise<string | undefined> {
  const { sessions } = await manager.list("anna");
  return (await store.load(sessions[0]?.sid ?? ""))?.data;
}

async function untilNobodyIsConnected(server: Server): Promise<void> {
  const count = (): Promise<number> =>
    new Promise((resolve) => void server.getConnections((_error, connections) => resolve(connections)));
  while ((await count()) > 0) await new Promise((resolve) => setImmediate(resolve));
}

describe("clients that leave", () => {
  function begin(url: string, cookie: string): () => void {
    const request = get(url, { headers: { cookie }, agent: false });
    request.on("error", () => {});
    return () => request.destroy();
  }

  test("before the handler answered: what it does afterwards does no harm, and what it wrote is stored", async () => {
    let arrived: (response: ServerResponse) => void = () => {};
    const response = new Promise<ServerResponse>((resolve) => {
      arrived = resolve;
    });
    await withHandler(
      async (_request, response, session) => {
        session.set("kept", 1);
        arrived(response);
        await once(response, "close");
        response.writeHead(200, { "x-own": "yes" });
        response.write("x");
        response.end("y");
      },
      async ({ url, cookie, manager, store, errors }) => {
        const leave = begin(url, cookie);
        const gone = once(await response, "close");
        leave();
        await gone;
        while ((await dataOf(manager, store)) === "{}") await new Promise((resolve) => setImmediate(resolve));
        assert.equal(await dataOf(manager, store), '{"kept":1}');
        assert.deepEqual(errors, []);
      },
    );
  });

  test("while the store commits: the commit is finished, and nothing is thrown", () =>
    withHandler(
      (_request, response, session) => {
        session.set("kept", 1);
        response.write("a");
        response.end("b");
      },
      async ({ url, cookie, store, manager, server, errors }) => {
        const gate = store.pause("commit");
        const leave = begin(url, cookie);
        await gate.reached;
        leave();
        await untilNobodyIsConnected(server);
        gate.open();
        while ((await dataOf(manager, store)) === "{}") await new Promise((resolve) => setImmediate(resolve));
        assert.deepEqual(errors, []);
      },
    ));
});

test("a second session on one response is refused in words, and the first keeps nothing", () => {
  const second = testManager(cookieTransport({ name: "__Host-second" }));
  const inner = withSession(second.manager, (_request, response) => response.end("both"), { onError: () => {} });
  return withHandler(
    (request, response, first) => {
      first.set("kept", 1);
      inner(request, response);
    },
    async ({ url, cookie, manager, store }) => {
      assert.equal((await fetchText(url, { headers: { cookie } })).status, 500);
      assert.equal(await dataOf(manager, store), "{}");
    },
  );
});

describe("what is no part of the held answer", () => {
  test("early hints arrive before the session is stored", () => {
    let goOn = (): void => {};
    const hinted = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    return withHandler(
      async (_request, response, session) => {
        session.set("kept", 1);
        response.writeEarlyHints({ link: "</style.css>; rel=preload" });
        await hinted;
        response.end("answer");
      },
      async ({ url, cookie, manager, store }) => {
        const request = get(url, { headers: { cookie }, agent: false });
        const [{ statusCode }] = (await once(request, "information")) as [{ statusCode: number }];
        assert.deepEqual([statusCode, await dataOf(manager, store)], [103, "{}"]);
        goOn();
        const [response] = (await once(request, "response")) as [IncomingMessage];
        assert.equal(Buffer.concat(await response.toArray()).toString(), "answer");
        assert.equal(await dataOf(manager, store), '{"kept":1}');
      },
    );
  });

  test("early hints may come while the answer is held", () =>
    withHandler(
      (_request, response, session) => {
        session.set("kept", 1);
        response.write("a");
        response.writeEarlyHints({ link: "</style.css>; rel=preload" });
        response.end("b");
      },
      async ({ url, cookie }) => assert.equal((await fetchText(url, { headers: { cookie } })).text, "ab"),
    ));

  test("100 Continue is sent before the body is read, however long the store takes afterwards", async () => {
    const server = await serve(async (request, response, session) => {
      response.writeContinue();
      session.set("body", Buffer.concat(await request.toArray()).toString());
      response.end("read");
    });
    server.server.on("checkContinue", (request, response) => server.server.emit("request", request, response));
    const { port } = new URL(server.url);
    const socket = connect(Number(port), "127.0.0.1");
    const head = ["POST / HTTP/1.1", "Host: x", "Connection: close", "Expect: 100-continue", "Content-Length: 4"];
    socket.write(`${head.join("\r\n")}\r\nCookie: ${server.cookie}\r\n\r\n`);
    const [first] = (await once(socket, "data")) as [Buffer];
    assert.match(first.toString(), /^HTTP\/1\.1 100 Continue\r\n/);
    socket.write("body");
    assert.match(Buffer.concat(await socket.toArray()).toString(), /^HTTP\/1\.1 200 OK\r\n[\s\S]*read/);
    assert.equal(await dataOf(server.manager, server.store), '{"body":"body"}');
    await server.close();
  });

  test("a response that is destroyed while it is held breaks off, and harms nothing", () =>
    withHandler(
      (request, response, session) => {
        if (request.url === "/next") return response.end("next");
        session.set("kept", 1);
        response.write("a");
        return response.destroy();
      },
      async ({ url, cookie, errors }) => {
        await assert.rejects(fetchText(url, { headers: { cookie } }));
        assert.equal((await fetchText(`${url}/next`)).text, "next");
        assert.deepEqual(errors, []);
      },
    ));

  test("a pipeline that fails while its first chunk is held breaks the answer off, and harms nothing", async () => {
    const failed: unknown[] = [];
    await withHandler(
      async (request, response, session) => {
        if (request.url === "/next") return response.end("next");
        session.set("kept", 1);
        const source = async function* (): AsyncGenerator<string> {
          yield "a";
          throw new Error("broken");
        };
        return pipeline(source, response).catch((error: unknown) => failed.push(String(error)));
      },
      async ({ url, cookie, errors }) => {
        await assert.rejects(fetchText(url, { headers: { cookie } }));
        assert.equal((await fetchText(`${url}/next`)).text, "next");
        assert.deepEqual([failed, errors], [["Error: broken"], []]);
      },
    );
  });

  test("a pipeline that fails before its first chunk keeps nothing", () =>
    withHandler(
      async (_request, response, session) => {
        session.set("kept", 1);
        const source = new Readable({ read: () => source.destroy(new Error("broken")) });
        await pipeline(source, response).catch(() => {});
      },
      async ({ url, cookie, manager, store }) => {
        await assert.rejects(fetchText(url, { headers: { cookie } }));
        assert.equal(await dataOf(manager, store), "{}");
      },
    ));
});

describe("a head that cannot be", () => {
  const heads: Record<string, unknown> = {
    "an object": { "x-own": "yes", "content-encoding": "br", "x-bad": "a\nb" },
    "a flat list": ["x-own", "yes", "content-encoding", "br", "x-bad", "a\nb"],
    "a list of pairs": [
      ["x-own", "yes"],
      ["content-encoding", "br"],
      ["x-bad", "a\nb"],
    ],
  };
  for (const [name, head] of Object.entries(heads)) {
    test(`leaves nothing of ${name} behind, and is a 500 that keeps nothing`, () =>
      withHandler(
        (_request, response, session) => {
          session.set("kept", 1);
          response.writeHead(200, head as never).end("never");
        },
        async ({ url, cookie, manager, store, errors }) => {
          const { status, headers } = await fetchText(url, { headers: { cookie } });
          assert.deepEqual([status, headers.get("x-own"), headers.get("content-encoding")], [500, null, null]);
          assert.equal(await dataOf(manager, store), "{}");
          assert.equal((errors[0] as { code?: string }).code, "ERR_INVALID_CHAR");
        },
      ));
  }
});
