// Checks of `adapterSuite`: headers, bodies and methods that must stay as the handler made them.

import assert from "node:assert/strict";
import { BIG, BIG_CHUNK } from "./adapter-routes.ts";
import { type AdapterCheck, cookieOf, cookieOnly, withServer } from "./adapter-server.ts";

const OWN_COOKIES = ["theme=dark; Path=/", "lang=en"];

export const responseChecks: readonly AdapterCheck[] = [
  {
    name: "a flash message stays until a page shows it: redirects, thrown ones too, and failures leave it",
    run: (start) =>
      withServer(start, {}, async ({ send, signIn }) => {
        const anonymous = (await send("POST", "/flash")).header("x-session-token") as string;
        for (const token of [anonymous, await signIn()]) {
          assert.equal((await send("POST", "/flash", { token })).status, 303);
          for (const asked of ["status=303", "status=303&thrown=yes", "status=500", "status=503"]) {
            const { status } = await send("GET", `/notices?${asked}`, { token });
            assert.equal(status, Number(asked.slice(7, 10)), asked);
          }
          const shown = token === anonymous ? ["Saved", "Saved"] : ["Saved"];
          assert.deepEqual(JSON.parse((await send("GET", "/notices?status=422", { token })).text), shown);
          assert.equal((await send("GET", "/notices", { token })).text, "[]");
        }
      }),
  },
  {
    name: "H7: a response that looked at the session carries no-store and varies by every transport",
    run: (start) =>
      withServer(start, {}, async ({ send, signIn }) => {
        const token = await signIn();
        for (const [path, asked] of [
          ["/who", { token }],
          ["/profile", {}],
          ["/profile", { token }],
          ["/nothing", { token }],
          ["/unchanged", { token }],
        ] as const) {
          const { header } = await send("GET", path, asked);
          assert.equal(header("cache-control"), "no-store", path);
          assert.equal(header("vary"), "X-Session-Token, Authorization, Cookie", path);
        }
      }),
  },
  {
    name: "H7: without a credential, a response that looked at the session varies by every transport, and may be cached",
    run: (start) =>
      withServer(start, {}, async ({ send }) => {
        for (const [path, caching] of [
          ["/who", undefined],
          ["/asset", "public, max-age=31536000"],
        ] as const) {
          const { header } = await send("GET", path);
          assert.equal(header("cache-control"), caching, path);
          assert.equal(header("vary"), "X-Session-Token, Authorization, Cookie", path);
        }
      }),
  },
  {
    name: "H7: a file that any cache may store is stored nowhere once it depends on the session",
    run: (start) =>
      withServer(start, {}, async ({ send, signIn }) => {
        const { status, header, text } = await send("GET", "/asset", { token: await signIn() });
        assert.deepEqual([status, text, header("etag")], [200, "asset", '"1"']);
        assert.equal(header("cache-control"), "no-store");
      }),
  },
  {
    name: "an explicit private of the application stays, unless the response carries a token",
    run: (start) =>
      withServer(start, {}, async ({ send, signIn }) => {
        const token = await signIn();
        assert.equal((await send("GET", "/private", { token })).header("cache-control"), "private, max-age=60");
        assert.equal((await send("GET", "/private?rotate=yes", { token })).header("cache-control"), "no-store");
      }),
  },
  {
    name: "no-transform of the application stays beside no-store",
    run: (start) =>
      withServer(start, {}, async ({ send, signIn }) => {
        const { header } = await send("GET", "/untransformed", { token: await signIn() });
        assert.equal(header("cache-control"), "no-store, no-transform");
      }),
  },
  {
    name: "a response that did not look at the session is left as it is",
    run: (start) =>
      withServer(start, {}, async ({ send, signIn }) => {
        const { header, cookies } = await send("GET", "/public", { token: await signIn() });
        assert.deepEqual([header("cache-control"), header("vary"), cookies], [undefined, undefined, []]);
      }),
  },
  {
    name: "H8: the application's own cookies and Vary survive",
    run: (start) =>
      withServer(start, { transports: cookieOnly() }, async ({ send, signIn }) => {
        const login = await send("POST", "/login/cookies");
        assert.deepEqual(login.cookies.slice(0, 2), OWN_COOKIES);
        assert.match(login.cookies[2] ?? "", /^__Host-session=ses_/);
        assert.equal(login.header("vary"), "Accept-Encoding, Cookie");
        const read = await send("GET", "/headers", { cookie: cookieOf(await signIn()) });
        assert.deepEqual([read.cookies, read.header("vary")], [OWN_COOKIES, "Accept-Encoding, Cookie"]);
      }),
  },
  {
    name: "F5: a request that only reads writes nothing and sends no token, and touches no more than once an interval",
    run: (start) =>
      withServer(start, {}, async ({ send, signIn, store, clock, manager }) => {
        const token = await signIn();
        for (let reads = 0; reads < 3; reads++) {
          const { header, cookies } = await send("GET", "/profile", { token });
          assert.deepEqual([header("x-session-token"), cookies], [undefined, []]);
        }
        assert.equal(store.calls("commit"), 0);
        clock.advance(60_000);
        for (let reads = 0; reads < 3; reads++)
          assert.equal((await send("GET", "/profile", { token })).header("x-session-token"), undefined);
        await manager.flush();
        assert.equal(store.calls("commit"), 1);
      }),
  },
  {
    name: "E5: no answer waits for a touch, and `afterResponse` is given each",
    run: (start) => {
      const works: Promise<void>[] = [];
      return withServer(
        start,
        { afterResponse: (work) => works.push(work) },
        async ({ send, signIn, store, clock }) => {
          const token = await signIn();
          clock.advance(61_000);
          const gate = store.pause("commit");
          const { status, header } = await send("GET", "/profile", { token });
          assert.deepEqual([status, header("x-session-token"), works.length], [200, undefined, 1]);
          gate.open();
          await works[0];
          assert.equal(store.calls("commit"), 1);
        },
      );
    },
  },
  {
    name: "a streamed body of 5 MB arrives whole, with the session written before",
    run: (start) =>
      withServer(start, {}, async ({ send, signIn, probes }) => {
        const token = await signIn();
        const { status, body, header } = await send("POST", "/big", { token });
        assert.deepEqual([status, body.length, header("content-type")], [200, BIG, "application/octet-stream"]);
        for (let chunk = 0; chunk < BIG / BIG_CHUNK; chunk++) {
          assert.ok(
            body.subarray(chunk * BIG_CHUNK, (chunk + 1) * BIG_CHUNK).every((byte) => byte === chunk),
            `chunk ${chunk}`,
          );
        }
        assert.equal(probes.bigEnded, 1);
        assert.equal((await send("GET", "/data", { token })).text, '{"username":"anna","big":1}');
      }),
  },
  {
    name: "HEAD, 204 and 304 have no body and the headers of the session",
    run: (start) =>
      withServer(start, {}, async ({ send, signIn }) => {
        const token = await signIn();
        for (const [method, path, status] of [
          ["HEAD", "/profile", 200],
          ["GET", "/nothing", 204],
          ["GET", "/unchanged", 304],
        ] as const) {
          const response = await send(method, path, { token });
          assert.deepEqual([response.status, response.text], [status, ""]);
          assert.equal(response.header("cache-control"), "no-store");
        }
        assert.equal((await send("HEAD", "/profile")).status, 401);
      }),
  },
  {
    name: "parallel requests of different users are never mixed up",
    run: (start) =>
      withServer(start, {}, async ({ send }) => {
        const users = Array.from({ length: 10 }, (_, index) => `user${index}`);
        const logins = await Promise.all(users.map((user) => send("POST", `/login?user=${user}`)));
        const tokens = logins.map(({ header }) => header("x-session-token") as string);
        const asked = Array.from({ length: 100 }, (_, index) => index % users.length);
        const answers = await Promise.all(asked.map((user) => send("GET", "/who", { token: tokens[user] as string })));
        for (const [index, user] of asked.entries()) assert.equal(answers[index]?.text, `{"user":"user${user}"}`);
      }),
  },
];
