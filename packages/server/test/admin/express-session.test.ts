// L5, L7: an Express program with express-session on a store of Sessile, and the admin page of a server on the same store.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import { memoryStore } from "sessile";
import { expressSessionStore } from "sessile/express-session";
import { startAdminApp } from "./admin-app.ts";

interface Visit extends IncomingMessage {
  readonly session: { passport?: { user: string }; regenerate(done: () => void): void };
}

type Middleware = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

const session = createRequire(import.meta.url)("express-session") as (options: object) => Middleware;
const USER = "ada.lovelace@example.org";

test("users that sign in to an Express program with Passport are found, capped and ended on the admin page", async () => {
  const store = memoryStore();
  const ours = expressSessionStore({ store, userLimit: { max: 2, onExceeded: "evictOldest" } });
  const url = await serve(session({ secret: "of the program", resave: false, saveUninitialized: false, store: ours }));
  const operator = await (await startAdminApp({ after }, store)).operator();

  const browsers = [];
  for (let i = 0; i < 3; i++) browsers.push(await signIn(url));
  assert.deepEqual(await Promise.all(browsers.map((cookie) => userOf(url, cookie))), ["", USER, USER]);

  const { sessions } = (await operator.ask("GET", `/user?userId=${encodeURIComponent(USER)}`)).body;
  assert.equal(sessions.length, 2);
  const { keys } = (await operator.ask("GET", `/session?sid=${sessions[0].sid}`)).body;
  assert.deepEqual(keys.map(({ name }: { name: string }) => name).toSorted(), ["cookie", "passport"]);

  assert.deepEqual((await operator.ask("POST", "/end-user", { userId: USER, all: true })).body, { ended: 2 });
  assert.deepEqual(await Promise.all(browsers.map((cookie) => userOf(url, cookie))), ["", "", ""]);
});

/** A program whose `/login` does what Passport does, and whose other paths say who is signed in. */
async function serve(sessions: Middleware): Promise<string> {
  const server = createServer((request, response) =>
    sessions(request, response, () => {
      const visit = request as Visit;
      if (request.url !== "/login") return void response.end(visit.session.passport?.user ?? "");
      visit.session.regenerate(() => {
        visit.session.passport = { user: USER };
        response.end();
      });
    }),
  );
  await once(server.listen(0, "127.0.0.1"), "listening");
  after(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function signIn(url: string): Promise<string> {
  const response = await fetch(`${url}/login`);
  return response.headers.getSetCookie()[0]?.split(";", 1)[0] ?? "";
}

async function userOf(url: string, cookie: string): Promise<string> {
  return (await fetch(url, { headers: { cookie } })).text();
}
