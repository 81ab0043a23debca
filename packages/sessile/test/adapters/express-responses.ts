// Every way to answer with Express, for any version of it.

import assert from "node:assert/strict";
import { once } from "node:events";
import { get } from "node:http";
import { Readable } from "node:stream";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type express from "express";
import { requireSession } from "sessile/express";
import { type Express, withRoute } from "./express-app.ts";
import { heldResponse } from "./support/app-server.ts";

const THIS_FILE = fileURLToPath(import.meta.url);

interface Expected {
  readonly status?: number;
  readonly text: string | RegExp;
  readonly headers?: Readonly<Record<string, string>>;
}

const WAYS: Readonly<Record<string, readonly [(response: express.Response) => unknown, Expected]>> = {
  "res.send": [(response) => response.send("sent"), { text: "sent", headers: { "content-length": "4" } }],
  "res.json": [(response) => response.json({ a: 1 }), { text: '{"a":1}' }],
  "res.jsonp": [(response) => response.jsonp({ a: 1 }), { text: '{"a":1}' }],
  "res.sendStatus": [(response) => response.sendStatus(404), { status: 404, text: "Not Found" }],
  "res.redirect": [
    (response) => response.redirect("/next"),
    { status: 302, text: /Redirecting to \/next/, headers: { location: "/next" } },
  ],
  "res.end": [(response) => response.end("ended"), { text: "ended" }],
  "res.status(204).end": [(response) => response.status(204).end(), { status: 204, text: "" }],
  "res.writeHead": [
    (response) => response.writeHead(201, { "x-own": "yes" }).end("made"),
    { status: 201, text: "made", headers: { "x-own": "yes" } },
  ],
  "res.write": [
    (response) => {
      response.write("a");
      response.write("b");
      response.end("c");
    },
    { text: "abc" },
  ],
  "res.flushHeaders": [
    (response) => {
      response.type("text/plain").flushHeaders();
      setImmediate(() => response.end("later"));
    },
    { text: "later", headers: { "content-type": "text/plain; charset=utf-8" } },
  ],
  "a stream that is piped": [
    (response) => Readable.from(["a", "b", "c"]).pipe(response.type("text/plain")),
    { text: "abc", headers: { "content-type": "text/plain; charset=utf-8" } },
  ],
  "res.sendFile": [
    (response) => response.sendFile(THIS_FILE),
    { text: /^\/\/ Every way to answer/, headers: { "accept-ranges": "bytes" } },
  ],
  "res.download": [
    (response) => response.download(THIS_FILE, "all ways.js"),
    { text: /^\/\/ Every way to answer/, headers: { "content-disposition": 'attachment; filename="all ways.js"' } },
  ],
};

export function expressResponses(name: string, createApp: Express): void {
  describe(`ways to answer with ${name}`, () => {
    for (const [way, [answer, expected]] of Object.entries(WAYS)) {
      test(`${way}: nothing leaves before the session is stored`, () =>
        withRoute(
          createApp,
          (request, response) => {
            request.session.set("kept", 1);
            answer(response);
          },
          async (server) => {
            const response = await heldResponse(server, "/");
            assert.equal(response.status, expected.status ?? 200);
            matches(await response.text(), expected.text);
            for (const [header, value] of Object.entries(expected.headers ?? {}))
              assert.equal(response.headers.get(header), value);
            assert.equal(await server.stored(), '{"kept":1}');
          },
        ));
    }

    test("H8: a cookie of res.cookie goes out beside that of the session", () =>
      withRoute(
        createApp,
        async (request, response) => {
          await request.session.signIn("bob");
          response.cookie("theme", "dark").vary("Accept").json({});
        },
        async ({ send }) => {
          const { headers } = await send("/", { method: "POST" });
          assert.equal(headers.getSetCookie()[0], "theme=dark; Path=/");
          assert.match(headers.getSetCookie()[1] ?? "", /^__Host-session=ses_/);
          assert.equal(headers.get("vary"), "Accept, Cookie");
        },
      ));

    test("HEAD has the length of the body, and the headers of the session", () =>
      withRoute(
        createApp,
        (request, response) => response.send(request.session.userId),
        async ({ send }) => {
          const response = await send("/", { method: "HEAD" });
          assert.deepEqual([response.headers.get("content-length"), await response.text()], ["4", ""]);
          assert.equal(response.headers.get("cache-control"), "no-store");
        },
      ));

    test("a request whose ETag still holds gets a 304, and what was written is stored", () =>
      withRoute(
        createApp,
        (request, response) => {
          if (request.method === "GET") request.session.set("kept", 1);
          response.send("always the same");
        },
        async ({ send, stored }) => {
          const etag = (await send("/", { method: "HEAD" })).headers.get("etag") ?? "";
          const response = await send("/", { headers: { "if-none-match": etag, "cache-control": "max-age=0" } });
          assert.deepEqual([response.status, await response.text()], [304, ""]);
          assert.equal(await stored(), '{"kept":1}');
        },
      ));

    test("a handler that answers after the client left does no harm, and what it wrote is stored", async () => {
      let arrive: () => void = () => {};
      const arrived = new Promise<void>((resolve) => {
        arrive = resolve;
      });
      await withRoute(
        createApp,
        (request, response) => {
          request.session.set("kept", 1);
          response.on("close", () => response.json({ late: true }));
          arrive();
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
      withRoute(
        createApp,
        requireSession((request, response) => {
          response.type("text/event-stream").flushHeaders();
          response.write("data: hello\n\n");
          const stop = request.session.onEnded(() => response.end("event: end\n\n"));
          response.on("close", stop);
        }) as never,
        async ({ send, manager }) => {
          const events = await send("/");
          assert.equal(await manager.revokeUser("anna"), 1);
          assert.equal(await events.text(), "data: hello\n\nevent: end\n\n");
        },
      ));

    test("res.end(chunk, encoding, callback) and res.write(chunk, callback) call back", async () => {
      const called: string[] = [];
      await withRoute(
        createApp,
        async (_request, response) => {
          const written = once(response, "written");
          response.write("61", "hex", () => response.emit("written"));
          await written;
          response.end("62", "hex", () => called.push("end"));
        },
        async ({ send }) => assert.equal(await (await send("/")).text(), "ab"),
      );
      assert.deepEqual(called, ["end"]);
    });
  });
}

function matches(text: string, expected: string | RegExp): void {
  if (typeof expected === "string") assert.equal(text, expected);
  else assert.match(text, expected);
}
