// `requireSession` of Fastify as a hook.

import assert from "node:assert/strict";
import { test } from "node:test";
import Fastify from "fastify";

import type { GuardOptions } from "sessile/adapter";
import { requireSession, sessions } from "sessile/fastify";
import { cookieFor, testManager } from "./support/session-server.ts";

async function answers(options?: GuardOptions) {
  const { manager, store } = testManager();
  const app = Fastify();
  const seen: string[] = [];
  await app.register(sessions, { manager });
  const preHandler = [requireSession(options), async () => void seen.push("next hook")];
  app.get("/me", { preHandler }, async ({ session }) => session.userId);
  await app.register(async (account) => {
    account.addHook("preHandler", requireSession());
    account.get("/account", async ({ session }) => session.userId);
  });
  app.get("/open", async () => "everybody");
  const cookie = await cookieFor(manager);
  const get = async (url: string, headers = {}) => {
    const { statusCode, body, headers: answered } = await app.inject({ url, headers });
    return { statusCode, body, challenge: answered["www-authenticate"] };
  };
  return { get, cookie, seen, store };
}

test("the hook of requireSession lets the signed in pass to the hooks and the route after it", async () => {
  const { get, cookie, seen } = await answers();
  for (const path of ["/me", "/account"]) assert.equal((await get(path, { cookie })).body, "anna");
  assert.deepEqual(seen, ["next hook"]);
});

test("the hook of requireSession answers all others with a 401, and nothing after it runs", async () => {
  const { get, seen } = await answers({ detail: "Sign in first" });
  assert.deepEqual(await get("/me"), { statusCode: 401, body: '{"detail":"Sign in first"}', challenge: "Bearer" });
  assert.equal((await get("/me", { cookie: "__Host-session=ses_nonsense" })).challenge, 'Bearer error="invalid_token"');
  assert.deepEqual(seen, []);
});

test("the hook of requireSession holds where it is added, and below", async () => {
  const { get } = await answers();
  assert.deepEqual(await get("/account"), {
    statusCode: 401,
    body: '{"detail":"Not authenticated"}',
    challenge: "Bearer",
  });
  assert.equal((await get("/open")).body, "everybody");
});

test("P1: behind the hook of requireSession, a store that is down is a 503", async () => {
  const { get, cookie, store } = await answers();
  store.fail("load");
  assert.equal((await get("/me", { cookie })).statusCode, 503);
});
