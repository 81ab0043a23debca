// The original system's HTTP contract, to the letter, on every store.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { call, profile, signIn, signOut } from "./support/client.ts";
import { type ServerProcess, startServer } from "./support/server-process.ts";
import { freshStore, KINDS, type StoreUnderTest } from "./support/stores.ts";

const NOT_AUTHENTICATED = { detail: "Not authenticated" };
const PROFILE = { username: "john_doe", user_id: 1 };
const LOGGED_OUT = { message: "Logged out successfully" };

for (const kind of KINDS) {
  describe(`the contract on ${kind}`, () => {
    let store: StoreUnderTest;
    let server: ServerProcess;
    before(async () => {
      store = await freshStore(kind);
      server = await startServer(["--store", store.option]);
    });
    after(async () => {
      await server?.end();
      await store?.close();
    });

    test("POST /login without a body answers exactly a session token", async () => {
      const { status, body } = await call(server.url, "POST", "/login");
      assert.equal(status, 200);
      assert.deepEqual(Object.keys(body as object), ["session_token"]);
      assert.match((body as { session_token: string }).session_token, /^ses_[0-9A-Za-z]{72}$/);
    });

    test("GET /profile answers the demo user with the token and 401 without", async () => {
      const token = await signIn(server.url);
      const known = await profile(server.url, token);
      assert.deepEqual([known.status, known.body], [200, PROFILE]);
      for (const headers of [
        {},
        { "X-Session-Token": "" },
        { "X-Session-Token": "nonsense" },
        { "X-Session-Token": `${token}x` },
      ] as Record<string, string>[]) {
        const unknown = await call(server.url, "GET", "/profile", headers);
        assert.deepEqual([unknown.status, unknown.body], [401, NOT_AUTHENTICATED]);
      }
    });

    test("a bearer token is as good as the header", async () => {
      const token = await signIn(server.url);
      const { status, body } = await call(server.url, "GET", "/profile", { Authorization: `Bearer ${token}` });
      assert.deepEqual([status, body], [200, PROFILE]);
    });

    test("F8: POST /logout answers the same however often, and ends the session", async () => {
      const token = await signIn(server.url);
      for (let i = 0; i < 3; i++) {
        const { status, body } = await signOut(server.url, token);
        assert.deepEqual([status, body], [200, LOGGED_OUT]);
      }
      const withoutToken = await call(server.url, "POST", "/logout");
      assert.deepEqual([withoutToken.status, withoutToken.body], [200, LOGGED_OUT]);
      const after = await profile(server.url, token);
      assert.deepEqual([after.status, after.body], [401, NOT_AUTHENTICATED]);
    });

    test("signing in again with a token ends the session it belongs to", async () => {
      const first = await signIn(server.url);
      const { body } = await call(server.url, "POST", "/login", { "X-Session-Token": first });
      const second = (body as { session_token: string }).session_token;
      assert.notEqual(second, first);
      assert.equal((await profile(server.url, first)).status, 401);
      assert.equal((await profile(server.url, second)).status, 200);
    });

    test("whatever body a client sends to /login and /logout is ignored", async () => {
      for (const [type, body] of [
        ["application/json", ""],
        ["application/json", '{"username":"x"}'],
        ["application/json", "{broken"],
        ["application/x-www-form-urlencoded", "a=b"],
        ["text/plain", "hello"],
      ] as const) {
        const response = await fetch(`${server.url}/login`, {
          method: "POST",
          headers: { "content-type": type },
          body,
        });
        assert.equal(response.status, 200, `${type} ${body}`);
      }
    });

    test("unknown paths and methods are answered in FastAPI's shape", async () => {
      const unknown = await call(server.url, "GET", "/nothing");
      assert.deepEqual([unknown.status, unknown.body], [404, { detail: "Not Found" }]);
      for (const [method, path] of [
        ["GET", "/login"],
        ["GET", "/logout"],
        ["POST", "/profile"],
        ["DELETE", "/login"],
      ] as const) {
        const refused = await call(server.url, method, path);
        assert.deepEqual([refused.status, refused.body], [405, { detail: "Method Not Allowed" }], `${method} ${path}`);
      }
    });

    test("H7, J1: answers that depend on a session may not be cached, nor the one that hands a token out", async () => {
      const token = await signIn(server.url);
      for (const answer of [
        await profile(server.url, token),
        await profile(server.url, "nonsense"),
        await call(server.url, "POST", "/login"),
      ]) {
        assert.equal(answer.headers.get("cache-control"), "no-store");
        assert.match(answer.headers.get("vary") ?? "", /X-Session-Token.*Authorization/);
      }
    });

    test("a session survives a restart of the server exactly where the store says so", async () => {
      const token = await signIn(server.url);
      const ended = await signIn(server.url);
      await signOut(server.url, ended);
      assert.equal(await server.end(), 0);
      server = await startServer(["--store", store.option]);
      assert.equal((await profile(server.url, token)).status, store.isDurable ? 200 : 401);
      assert.equal((await profile(server.url, ended)).status, 401);
    });
  });
}

test("a session ends one second after sign-in when told so, used or not", async () => {
  const server = await startServer(["--store", "memory", "--absolute-timeout", "1s"]);
  try {
    const before = Date.now();
    const token = await signIn(server.url);
    const after = Date.now();
    while ((await profile(server.url, token)).status === 200);
    assert.ok(Date.now() >= before + 1000, "it must not end early");
    assert.ok(Date.now() < after + 10_000, "it must not last on");
  } finally {
    await server.end();
  }
});
