// Checks of `adapterSuite`: failures of the handler and of the store.

import assert from "node:assert/strict";
import type { ClientResponse } from "./adapter-client.ts";
import { type AdapterCheck, cookieOf, cookieOnly, withServer } from "./adapter-server.ts";

export const failureChecks: readonly AdapterCheck[] = [
  ...[500, 503].map(
    (status): AdapterCheck => ({
      name: `a response with status ${status} keeps nothing`,
      run: (start) =>
        withServer(start, {}, async ({ send, signIn }) => {
          const token = await signIn();
          assert.equal((await send("POST", `/status?status=${status}`, { token })).status, status);
          assert.equal((await send("GET", "/data", { token })).text, '{"username":"anna"}');
        }),
    }),
  ),
  {
    name: "a response with status 404 keeps what was written",
    run: (start) =>
      withServer(start, {}, async ({ send, signIn }) => {
        const token = await signIn();
        assert.equal((await send("POST", "/status?status=404", { token })).status, 404);
        assert.equal((await send("GET", "/data", { token })).text, '{"username":"anna","kept":1}');
      }),
  },
  {
    name: "a handler that throws keeps nothing and is a 500",
    run: (start) =>
      withServer(start, {}, async ({ send, signIn }) => {
        const token = await signIn();
        assert.equal((await send("POST", "/throw", { token })).status, 500);
        assert.equal((await send("GET", "/data", { token })).text, '{"username":"anna"}');
      }),
  },
  {
    name: "a handler that throws after signing in leaves no session and sends no token",
    run: (start) =>
      withServer(start, {}, async ({ send, manager }) => {
        const { status, header, cookies } = await send("POST", "/login/throw");
        assert.deepEqual([status, header("x-session-token"), cookies], [500, undefined, []]);
        assert.equal((await manager.stats()).sessions, 0);
      }),
  },
  {
    name: "an answer with a header that cannot be sent is a 500 that keeps nothing",
    run: (start) =>
      withServer(start, {}, async ({ send, signIn }) => {
        const token = await signIn();
        assert.equal((await send("POST", "/impossible-header", { token })).status, 500);
        assert.equal((await send("GET", "/data", { token })).text, '{"username":"anna"}');
      }),
  },
  {
    name: "a thrown redirect that cannot be sent, after a sign-in, is a 500 that leaves no session and sends no token",
    run: (start) =>
      withServer(start, {}, async ({ send, manager }) => {
        const { status, header } = await send("POST", "/impossible-redirect");
        assert.deepEqual([status, header("x-session-token")], [500, undefined]);
        assert.equal((await manager.stats()).sessions, 0);
      }),
  },
  {
    name: "a body that fails before its first byte keeps nothing when the client is answered 500",
    run: (start) =>
      withServer(start, {}, async ({ send, signIn }) => {
        const token = await signIn();
        const answer = await send("POST", "/broken-at-once", { token }).catch(() => null); // or it breaks off
        const { text } = await send("GET", "/data", { token });
        if (answer !== null && answer.status >= 500) assert.equal(text, '{"username":"anna"}');
        else assert.ok(text === '{"username":"anna"}' || text === '{"username":"anna","kept":1}', text);
      }),
  },
  {
    name: "a body that breaks off harms no other request, and what was written before it stays",
    run: (start) =>
      withServer(start, {}, async ({ send, signIn }) => {
        const token = await signIn();
        await send("POST", "/broken", { token }).catch(() => null); // most servers cut the connection, some end it in peace
        assert.equal((await send("GET", "/data", { token })).text, '{"username":"anna","kept":1}');
      }),
  },
  {
    name: "a sign-out stands although the handler throws afterwards, and the cookie is cleared",
    run: (start) =>
      withServer(start, { transports: cookieOnly() }, async ({ send, signIn, manager }) => {
        const { status, cookies } = await send("POST", "/logout/throw", { cookie: cookieOf(await signIn()) });
        assert.equal(status, 500);
        assert.match(cookies[0] ?? "", /^__Host-session=; Max-Age=0;/);
        assert.equal((await manager.stats()).sessions, 0);
      }),
  },
  {
    name: "P1: a store that is down is a 503 with Retry-After, never a 401, and the cookie stays",
    run: (start) =>
      withServer(start, { transports: cookieOnly() }, async ({ send, signIn, store }) => {
        const cookie = cookieOf(await signIn());
        store.fail();
        for (const [method, path] of [
          ["GET", "/profile"],
          ["GET", "/who"],
          ["POST", "/count"],
        ] as const) {
          assertUnavailable(await send(method, path, { cookie }));
        }
        assertUnavailable(await send("POST", "/login"));
        assert.equal((await send("GET", "/public")).text, "public");
        store.recover();
        assert.equal((await send("GET", "/profile", { cookie })).status, 200);
      }),
  },
  ...["/key?name=a", "/big"].map(
    (path): AdapterCheck => ({
      name: `P1: a commit that fails turns the response of ${path} into a whole, clean 503`,
      run: (start) =>
        withServer(start, {}, async ({ send, signIn, store, probes }) => {
          const token = await signIn();
          store.fail("commit");
          const response = await send("POST", path, { token });
          assertUnavailable(response);
          for (const name of ["etag", "content-language"]) assert.equal(response.header(name), undefined, name);
          assert.equal(probes.bigEnded, path === "/big" ? 1 : 0, "a body that is not sent must be freed");
          store.recover();
          assert.equal((await send("GET", "/data", { token })).text, '{"username":"anna"}');
        }),
    }),
  ),
  {
    name: "data beyond the limits is a 500, and what was there stays",
    run: (start) =>
      withServer(start, {}, async ({ send, signIn }) => {
        const token = await signIn();
        assert.equal((await send("POST", "/huge", { token })).status, 500);
        assert.equal((await send("GET", "/data", { token })).text, '{"username":"anna"}');
      }),
  },
];

function assertUnavailable({ status, text, header, cookies }: ClientResponse): void {
  assert.deepEqual([status, text], [503, '{"detail":"Service unavailable"}']);
  assert.equal(header("retry-after"), "1");
  assert.equal(header("cache-control"), "no-store");
  assert.match(header("content-type") ?? "", /^application\/json/);
  assert.equal(header("www-authenticate"), undefined);
  assert.deepEqual(cookies, []);
}
