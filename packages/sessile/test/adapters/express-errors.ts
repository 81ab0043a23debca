// Errors, guards and mounting with Express, for any version of it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { ErrorRequestHandler } from "express";
import { cookieTransport, isSessionError } from "sessile";
import { requireSession, sessions } from "sessile/express";
import { type Express, errorHandler, withExpress, withRoute } from "./express-app.ts";
import { heldResponse, withApp } from "./support/app-server.ts";

const THIS_FILE = fileURLToPath(import.meta.url);

export function expressErrors(name: string, createApp: Express): void {
  describe(`errors with ${name}`, () => {
    test("an error handler that answers below 500 keeps what was written, one that answers 500 does not", () =>
      withExpress(
        createApp,
        (app) => {
          app.post("/:status", (request) => {
            request.session.set("kept", 1);
            throw Object.assign(new Error("teapot"), { status: Number(request.params.status) });
          });
          app.use(errorHandler(({ status = 500, message }, response) => response.status(status).send(message)));
        },
        async ({ send, stored }) => {
          assert.equal((await send("/500", { method: "POST" })).status, 500);
          assert.equal(await stored(), "{}");
          const response = await send("/418", { method: "POST" });
          assert.deepEqual([response.status, await response.text()], [418, "teapot"]);
          assert.equal(await stored(), '{"kept":1}');
        },
      ));

    test("an error that Express answers itself keeps what was written when it is below 500", () =>
      withRoute(
        createApp,
        (request) => {
          request.session.set("kept", 1);
          throw Object.assign(new Error("gone"), { status: 410 });
        },
        async (server) => {
          assert.equal((await heldResponse(server, "/")).status, 410);
          assert.equal(await server.stored(), '{"kept":1}');
        },
      ));

    test("an error after the head left cuts the connection", () =>
      withRoute(
        createApp,
        (request, response, next) => {
          request.session.set("kept", 1); // or nothing is held, and no drain follows
          response.write("half");
          response.once("drain", () => next(new Error("broken")));
        },
        ({ send }) => assert.rejects(async () => (await send("/")).text()),
      ));

    test("an error after the whole answer does not harm it, however long the store takes", () =>
      withRoute(
        createApp,
        (request, response) => {
          request.session.set("kept", 1);
          response.send("whole");
          throw new Error("afterwards");
        },
        async (server) => assert.equal(await (await heldResponse(server, "/")).text(), "whole"),
      ));

    test("a route that answers twice: the first answer arrives whole, the error handlers hear of the second", async () => {
      const codes: unknown[] = [];
      await withExpress(
        createApp,
        (app) => {
          app.get("/", (request, response) => {
            request.session.set("kept", 1);
            response.json({ answer: 1 });
            response.json({ answer: "another one" });
          });
          app.use(((error, _request, _response, next) => {
            codes.push(error.code);
            next(error);
          }) as ErrorRequestHandler);
        },
        async (server) => assert.equal(await (await heldResponse(server, "/")).text(), '{"answer":1}'),
      );
      assert.deepEqual(codes, ["ERR_HTTP_HEADERS_SENT"]);
    });

    test("an error of the library in a route is answered, without a word about the program", () =>
      withRoute(
        createApp,
        (request) => request.session.requireFresh(0),
        async ({ send, url }) => {
          const stale = await send("/");
          assert.deepEqual([stale.status, await stale.text()], [403, '{"detail":"Sign in again"}']);
          const anonymous = await fetch(url);
          assert.deepEqual([anonymous.status, anonymous.headers.get("www-authenticate")], [401, "Bearer"]);
        },
      ));

    test("an error handler of the application has the last word about the library's errors", () =>
      withExpress(
        createApp,
        (app) => {
          app.get("/", (request) => request.session.requireFresh(0));
          app.use(errorHandler((error, response) => response.status(418).send(error.code)));
        },
        async ({ send }) => {
          for (const _request of ["first", "second"]) {
            const response = await send("/");
            assert.deepEqual([response.status, await response.text()], [418, "ERR_SESSION_STALE"]);
          }
        },
      ));

    test("an application that is mounted leaves the last word to the one above", () =>
      withApp(
        (manager) => {
          const inner = createApp().use(sessions(manager));
          inner.get("/", (request) => request.session.requireFresh(0));
          return createApp()
            .use("/inner", inner)
            .use(errorHandler((_error, response) => response.send("above")));
        },
        async ({ send }) => assert.equal(await (await send("/inner")).text(), "above"),
      ));

    test("a mistake of the program reaches the error handlers", () =>
      withExpress(
        createApp,
        (app) => {
          app.get("/", (request) => request.session.set("fn", (() => {}) as never));
          app.use(errorHandler((error, response) => response.status(500).send(error.code)));
        },
        async ({ send }) => assert.equal(await (await send("/")).text(), "ERR_SESSION_VALUE"),
      ));

    test("a mistake that shows after the route answered is a 500, and reported", async () => {
      const errors: unknown[] = [];
      await withExpress(
        createApp,
        (app) =>
          app.get("/", (request, response) => {
            request.session.set("huge", "x".repeat(70_000));
            response.send("fine");
          }),
        async ({ send }) => assert.equal((await send("/")).status, 500),
        { onError: (error) => errors.push(error) },
      );
      assert.deepEqual(
        errors.map((error) => isSessionError(error, "ERR_SESSION_VALUE")),
        [true],
      );
    });

    test("P1: a commit that fails is a clean 503 in place of a file", () =>
      withRoute(
        createApp,
        (request, response) => {
          request.session.set("kept", 1);
          response.sendFile(THIS_FILE);
        },
        async ({ store, send }) => {
          store.fail("commit");
          const response = await send("/");
          assert.deepEqual([response.status, await response.text()], [503, '{"detail":"Service unavailable"}']);
          for (const header of ["etag", "last-modified", "accept-ranges"])
            assert.equal(response.headers.get(header), null);
        },
      ));
  });

  describe(`requireSession with ${name}`, () => {
    test("it guards single routes and whole paths, and says what it is told to say", () =>
      withExpress(
        createApp,
        (app) => {
          app.use("/private", requireSession({ detail: "Members only" }));
          app.get(["/private", "/guarded"], requireSession(), (request, response) => {
            response.send(request.session.userId);
          });
        },
        async ({ send, url }) => {
          for (const [path, detail] of Object.entries({
            "/private": "Members only",
            "/guarded": "Not authenticated",
          })) {
            assert.equal(await (await send(path)).text(), "anna");
            const refused = await fetch(url + path);
            assert.deepEqual([refused.status, await refused.json()], [401, { detail }]);
          }
        },
      ));

    test("what its handler throws or rejects with reaches the error handlers", () =>
      withExpress(
        createApp,
        (app) => {
          const handlers = {
            "/throws": () => {
              throw new Error("thrown");
            },
            "/rejects": () => Promise.reject(new Error("rejected")),
            "/nothing": () => Promise.reject(undefined),
          };
          for (const [path, handler] of Object.entries(handlers)) app.get(path, requireSession(handler));
          app.use(errorHandler((error, response) => response.send(error.message)));
        },
        async ({ send }) => {
          assert.equal(await (await send("/throws")).text(), "thrown");
          assert.equal(await (await send("/rejects")).text(), "rejected");
          assert.equal(await (await send("/nothing")).text(), "A handler rejected with nothing.");
        },
      ));
  });

  test(`I2: an exempt path is what the client asked for, not what a mounted router of ${name} sees`, () =>
    withExpress(
      createApp,
      (app) => {
        const router = createApp.Router();
        router.post("/hook", (request, response, next) => {
          request.session.signIn("eve").then(() => response.send("in"), next);
        });
        app.use(router).use("/admin", router);
      },
      async ({ url }) => {
        const init = { method: "POST", headers: { origin: "https://evil.example" } };
        assert.equal((await fetch(`${url}/hook`, init)).status, 200);
        assert.equal((await fetch(`${url}/admin/hook`, init)).status, 403);
      },
      { transport: cookieTransport({ exemptPaths: ["/hook"] }) },
    ));
}
