// Checks of `adapterSuite`: sign-in, guard, sign-out, credentials.

import assert from "node:assert/strict";
import type { ClientRequest } from "./adapter-client.ts";
import { CookieJar } from "./adapter-jar.ts";
import { type AdapterCheck, cookieOf, cookieOnly, type ServerUnderTest, withServer } from "./adapter-server.ts";

const DAY = 24 * 60 * 60 * 1000;
const UNAUTHENTICATED = '{"detail":"Not authenticated"}';

export const signInChecks: readonly AdapterCheck[] = [
  ...["/elevate", "/elevate?throw=yes"].map(
    (path): AdapterCheck => ({
      name: `D10: an elevation hands out a new token of the same session, which alone is fresh: ${path}`,
      run: (start) =>
        withServer(start, {}, async ({ send, signIn, clock, manager }) => {
          const token = await signIn();
          clock.advance(1000);
          const fresh = async (presented: string): Promise<unknown> =>
            JSON.parse((await send("POST", "/fresh", { token: presented })).text);
          assert.deepEqual(await fresh(token), { isFresh: false });
          const [before] = (await manager.list("anna")).sessions;
          const next = (await send("POST", path, { token })).header("x-session-token") as string;
          assert.deepEqual([await fresh(next), await fresh(token)], [{ isFresh: true }, { isFresh: false }]);
          assert.deepEqual(
            (await manager.list("anna")).sessions.map(({ sid, createdAt }) => [sid, createdAt]),
            [[before?.sid, before?.createdAt]],
          );
        }),
    }),
  ),
  {
    name: "a signed-in user gets the profile, by header and by bearer",
    run: (start) =>
      withServer(start, {}, async ({ send, signIn }) => {
        const token = await signIn();
        for (const asked of [{ token }, { bearer: token }]) {
          const profile = await send("GET", "/profile", asked);
          assert.equal(profile.status, 200);
          assert.equal(profile.text, '{"username":"anna","user_id":"anna"}');
        }
      }),
  },
  {
    name: "H9: the header that carries the new token names no cookie, and no cookie is set",
    run: (start) =>
      withServer(start, {}, async ({ send }) => {
        const login = await send("POST", "/login");
        assert.match(login.header("x-session-token") ?? "", /^ses_\w{72}$/);
        assert.deepEqual(login.cookies, []);
      }),
  },
  {
    name: "H1: the cookie is set with exactly these attributes, and the token is in no other header",
    run: (start) =>
      withServer(start, { transports: cookieOnly() }, async ({ send }) => {
        const login = await send("POST", "/login");
        const { session_token: token } = JSON.parse(login.text) as { session_token: string };
        assert.deepEqual(login.cookies, [`${cookieOf(token)}; Max-Age=86400; Path=/; Secure; HttpOnly; SameSite=Lax`]);
        assert.equal(login.header("x-session-token"), undefined);
        assert.equal((await send("GET", "/profile", { cookie: cookieOf(token) })).status, 200);
      }),
  },
  {
    name: "E11: a session that ends with the browser has a cookie without Max-Age and Expires, also after a rotation",
    run: (start) =>
      withServer(start, { transports: cookieOnly() }, async ({ send }) => {
        const browser = new CookieJar(send);
        for (const path of ["/login?persistent=no", "/rotate"]) {
          const { cookies } = await browser.send("POST", path);
          const [token = ""] = browser.valuesOf("__Host-session");
          assert.deepEqual(cookies, [`${cookieOf(token)}; Path=/; Secure; HttpOnly; SameSite=Lax`], path);
        }
      }),
  },
  {
    name: "H3: signing out clears the cookie with the same attributes",
    run: (start) =>
      withServer(start, { transports: cookieOnly() }, async ({ send, signIn }) => {
        const { cookies } = await send("POST", "/logout", { cookie: cookieOf(await signIn()) });
        assert.deepEqual(cookies, [
          `${cookieOf("")}; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; Secure; HttpOnly; SameSite=Lax`,
        ]);
      }),
  },
  {
    name: "F8: signing out is answered alike however often it is done, and without a session",
    run: (start) =>
      withServer(start, {}, async ({ send, signIn, manager }) => {
        const token = await signIn();
        for (const asked of [{ token }, { token }, { token }, {}, { token: "nonsense" }]) {
          const { status, text } = await send("POST", "/logout", asked);
          assert.equal(status, 200);
          assert.equal(text, '{"message":"Logged out successfully"}');
          assert.equal((await send("GET", "/profile", { token })).status, 401);
        }
        assert.deepEqual(await manager.stats(), { kind: "memory", sessions: 0 });
      }),
  },
  {
    name: "B9: without a credential the 401 has a plain challenge",
    run: (start) =>
      withServer(start, {}, async ({ send }) => {
        const { status, text, header } = await send("GET", "/profile");
        assert.deepEqual([status, text, header("www-authenticate")], [401, UNAUTHENTICATED, "Bearer"]);
      }),
  },
  {
    name: "B9: unknown, expired, revoked and malformed tokens get byte-identical answers",
    run: (start) =>
      withServer(start, {}, async ({ send, signIn, manager, clock }) => {
        const expired = await signIn();
        clock.advance(DAY);
        const revoked = await signIn();
        await manager.revokeUser("anna");
        const unknown = await elsewhere(start);
        const answers = await Promise.all(
          [expired, revoked, unknown, "malformed"].map((token) => send("GET", "/profile", { token })),
        );
        for (const { status, text, header, rawHeaders } of answers) {
          assert.deepEqual(
            [status, text, header("www-authenticate")],
            [401, UNAUTHENTICATED, 'Bearer error="invalid_token"'],
          );
          assert.deepEqual(rawHeaders, answers[0]?.rawHeaders);
        }
      }),
  },
  {
    name: "B4: two different credentials are a 400, whatever carries them",
    run: (start) =>
      withServer(start, {}, async ({ send, signIn }) => {
        const [a, b] = [await signIn(), await signIn()];
        const contradictions: ClientRequest[] = [
          { token: a, bearer: b },
          { token: a, cookie: cookieOf(b) },
          { bearer: a, cookie: cookieOf(b) },
          { headers: { "x-session-token": [a, b] } },
          { headers: { authorization: [`Bearer ${a}`, `Bearer ${b}`] } },
          { cookie: `${cookieOf(a)}; ${cookieOf(b)}` },
        ];
        for (const asked of contradictions) {
          const { status, text, header } = await send("GET", "/profile", asked);
          assert.deepEqual(
            [status, text],
            [400, '{"detail":"Conflicting credentials"}'],
            JSON.stringify(Object.keys(asked)),
          );
          assert.equal(header("www-authenticate"), 'Bearer error="invalid_request"');
          assert.equal(header("cache-control"), "no-store");
        }
        assert.equal(
          (await send("GET", "/profile", { token: a, bearer: a })).status,
          200,
          "equal values are one value",
        );
      }),
  },
  {
    name: "B4: the 400 of two cookies expires the one that this configuration would not have set, and that alone",
    run: (start) =>
      withServer(start, { transports: cookieOnly() }, async ({ send, signIn }) => {
        const browser = new CookieJar(send);
        await browser.send("POST", "/login");
        browser.take(`${cookieOf(await signIn())}; Path=/; Secure; Partitioned`);
        const refused = await browser.send("POST", "/key?name=mine");
        assert.deepEqual([refused.status, refused.text], [400, '{"detail":"Conflicting credentials"}']);
        assert.equal(refused.header("cache-control"), "no-store");
        assert.deepEqual(refused.cookies.length, 1);
        assert.match(refused.cookies[0] ?? "", /^__Host-session=; Max-Age=0; .*; Path=\/; Secure; .*; Partitioned$/);
        assert.equal((await browser.send("GET", "/data")).text, '{"username":"anna"}');
      }),
  },
  {
    name: "B4: two transports that disagree are a 400 that expires nothing",
    run: (start) =>
      withServer(start, {}, async ({ send, signIn }) => {
        const asked = { token: await signIn(), cookie: cookieOf(await signIn()) };
        const { status, cookies } = await send("POST", "/logout", asked);
        assert.deepEqual([status, cookies], [400, []]);
        assert.equal((await send("GET", "/profile", { cookie: asked.cookie, token: "undefined" })).status, 200);
      }),
  },
  {
    name: "B2: malformed tokens never reach the store",
    run: (start) =>
      withServer(start, {}, async ({ send, signIn, store }) => {
        const token = await signIn();
        const damaged = [
          token.slice(0, -1),
          `${token}0`,
          flipped(token),
          token.toLowerCase(),
          "*",
          "{tag}",
          "../x",
          "' OR 1=1--",
          "__proto__",
          "x".repeat(8000),
        ];
        const before = store.calls();
        for (const malformed of damaged) {
          for (const asked of [{ token: malformed }, { bearer: malformed }, { cookie: cookieOf(malformed) }]) {
            assert.equal((await send("GET", "/profile", asked)).status, 401);
          }
        }
        assert.equal(store.calls(), before);
      }),
  },
  {
    name: "B5: a token in the URL is no credential",
    run: (start) =>
      withServer(start, {}, async ({ send, signIn }) => {
        const token = await signIn();
        assert.equal(
          (await send("GET", `/profile?token=${token}&access_token=${token}&x-session-token=${token}`)).status,
          401,
        );
      }),
  },
  {
    name: "I1: a cross-site request with the cookie is a 403, with the header it is none",
    run: (start) =>
      withServer(start, {}, async (server) => {
        const { send, signIn } = server;
        const token = await signIn();
        for (const headers of crossSite) {
          const { status, text, cookies } = await send("POST", "/logout", { cookie: cookieOf(token), headers });
          assert.deepEqual([status, text, cookies], [403, '{"detail":"Cross-site request refused"}', []]);
          assert.equal(
            (await send("GET", "/profile", { cookie: cookieOf(token), headers })).status,
            200,
            "safe methods pass",
          );
          assert.equal((await send("POST", "/count", { token, headers })).status, 200);
        }
        await ownOriginPasses(server, token);
      }),
  },
  {
    name: "I7: a cross-site sign-in is a 403 where the token would become a cookie",
    run: (start) =>
      withServer(start, { transports: cookieOnly() }, async ({ send, manager }) => {
        for (const headers of crossSite) {
          const { status, cookies } = await send("POST", "/login", { headers });
          assert.deepEqual([status, cookies], [403, []]);
        }
        assert.equal((await manager.stats()).sessions, 0);
      }),
  },
  {
    name: "K8, N5: anonymous requests create nothing and get no cookie",
    run: (start) =>
      withServer(start, { transports: cookieOnly() }, async ({ send, manager, store }) => {
        for (const [method, path] of [
          ["GET", "/public"],
          ["GET", "/who"],
          ["GET", "/profile"],
          ["POST", "/logout"],
        ] as const) {
          assert.deepEqual((await send(method, path)).cookies, []);
        }
        assert.equal(store.calls(), 0);
        assert.equal((await manager.stats()).sessions, 0);
      }),
  },
  {
    name: "a route that wants a fresh sign-in throws a 403, and a 401 for an anonymous request",
    run: (start) =>
      withServer(start, {}, async ({ send, signIn }) => {
        const stale = await send("POST", "/stale", { token: await signIn() });
        assert.deepEqual([stale.status, stale.text], [403, '{"detail":"Sign in again"}']);
        const anonymous = await send("POST", "/stale");
        assert.deepEqual(
          [anonymous.status, anonymous.text, anonymous.header("www-authenticate")],
          [401, UNAUTHENTICATED, "Bearer"],
        );
      }),
  },
  {
    name: "D8: a sign-in beyond the user's limit is a 409",
    run: (start) =>
      withServer(start, { userLimit: { max: 1, onExceeded: "refuse" } }, async ({ send, signIn }) => {
        const token = await signIn();
        const refused = await send("POST", "/login");
        assert.deepEqual([refused.status, refused.text], [409, '{"detail":"Too many sessions"}']);
        assert.equal((await send("GET", "/profile", { token })).status, 200);
      }),
  },
];

const crossSite = [
  { "sec-fetch-site": "cross-site" },
  { "sec-fetch-site": "same-site" },
  { origin: "https://evil.example" },
  { origin: "null" },
];

/** `Origin` is compared with the host that was asked, so the adapter must hand that over. */
async function ownOriginPasses({ send, manager }: ServerUnderTest, token: string): Promise<void> {
  const headers = { host: "app.example:8443", origin: "https://app.example:8443" };
  assert.equal((await send("POST", "/logout", { cookie: cookieOf(token), headers })).status, 200);
  assert.equal((await manager.stats()).sessions, 0);
}

/** A well-formed token that this server never gave out. */
async function elsewhere(start: Parameters<AdapterCheck["run"]>[0]): Promise<string> {
  let token = "";
  await withServer(start, {}, async ({ signIn }) => {
    token = await signIn();
  });
  return token;
}

function flipped(token: string): string {
  const last = token.at(-1) === "0" ? "1" : "0";
  return token.slice(0, -1) + last;
}
