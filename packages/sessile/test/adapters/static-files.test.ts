// Files of `express.static`, above and below `sessions`.

import assert from "node:assert/strict";
import { basename, dirname } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import express from "express";
import { sessions } from "sessile/express";
import { type AppServer, withApp } from "./support/app-server.ts";

const THIS_FILE = fileURLToPath(import.meta.url);
const FOLDER = dirname(THIS_FILE);
const FILE = `/${basename(THIS_FILE)}`;

type Static = Parameters<typeof express.static>[1];

/** A middleware of many applications, in front of their routes: the signed-in user, for every view. */
const locals: express.RequestHandler = ({ session }, response, next) => {
  response.locals["user"] = session.userId;
  next();
};

function withFiles(options: Static, body: (server: AppServer) => Promise<void>): Promise<void> {
  return withApp((manager) => {
    const app = express();
    app.use("/above", express.static(FOLDER, options));
    app.use(sessions(manager), locals);
    return app.use("/below", express.static(FOLDER, options));
  }, body);
}

async function cachingOf(response: Response): Promise<unknown[]> {
  await response.arrayBuffer();
  return [response.status, response.headers.get("cache-control"), response.headers.get("vary")];
}

describe("files of express.static", () => {
  test("above sessions are cached by every cache, for all requests", () =>
    withFiles({ maxAge: "1y" }, async ({ send, url }) => {
      for (const asked of [send(`/above${FILE}`), fetch(`${url}/above${FILE}`)])
        assert.deepEqual(await cachingOf(await asked), [200, "public, max-age=31536000", null]);
    }));

  test("below a look at the session are cached for visitors without a cookie, by Vary", () =>
    withFiles({ maxAge: "1y" }, async ({ url }) => {
      assert.deepEqual(await cachingOf(await fetch(`${url}/below${FILE}`)), [
        200,
        "public, max-age=31536000",
        "Cookie",
      ]);
    }));

  test("H7: below a look at the session are not cached for signed-in users", () =>
    withFiles({ maxAge: "1y" }, async ({ send }) => {
      assert.deepEqual(await cachingOf(await send(`/below${FILE}`)), [200, "no-store", "Cookie"]);
    }));

  test("that the application calls private stay so, and are found unchanged", () => {
    const setHeaders = (response: express.Response): unknown => response.set("cache-control", "private, max-age=60");
    return withFiles({ setHeaders }, async ({ send }) => {
      const first = await send(`/below${FILE}`);
      const etag = first.headers.get("etag") as string;
      assert.deepEqual(await cachingOf(first), [200, "private, max-age=60", "Cookie"]);
      const again = await send(`/below${FILE}`, { headers: { "if-none-match": etag, "cache-control": "max-age=0" } });
      assert.deepEqual(await cachingOf(again), [304, "private, max-age=60", "Cookie"]);
    });
  });
});
