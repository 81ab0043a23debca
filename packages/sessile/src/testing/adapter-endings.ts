// Checks of `adapterSuite`: answers after a failed sign-out, or another failed step that the handler does not wait for.

import assert from "node:assert/strict";
import type { ClientResponse } from "./adapter-client.ts";
import { CookieJar } from "./adapter-jar.ts";
import { type AdapterCheck, cookieOf, cookieOnly, withServer } from "./adapter-server.ts";

const NAME = "__Host-session";

export const endingChecks: readonly AdapterCheck[] = [
  {
    name: "F1: a sign-out that the store did not confirm is a 503 that keeps the cookie, until a later try is confirmed",
    run: (start) =>
      withServer(start, { transports: cookieOnly() }, async ({ send, store, manager }) => {
        const browser = new CookieJar(send);
        await browser.send("POST", "/login");
        store.fail("delete");
        for (let attempt = 0; attempt < 2; attempt++) assertStillSignedIn(await browser.send("POST", "/logout"));
        assertStillSignedIn(await browser.send("GET", "/profile"));
        assert.equal(browser.valuesOf(NAME).length, 1, "a browser without the cookie could not try again");
        assert.equal((await manager.stats()).sessions, 1);
        store.recover();
        assert.equal((await browser.send("POST", "/logout")).status, 200);
        assert.deepEqual([(await manager.stats()).sessions, browser.valuesOf(NAME)], [0, []]);
      }),
  },
  {
    name: "F1: a sign-out that the handler does not wait for is answered only when the store has confirmed it",
    run: (start) =>
      withServer(start, { transports: cookieOnly() }, async ({ send, store, manager }) => {
        const browser = new CookieJar(send);
        await browser.send("POST", "/login");
        const gate = store.pause("delete");
        const answering = browser.send("POST", "/logout/dropped");
        await Promise.race([gate.reached, answering]);
        gate.open();
        assert.equal((await answering).status, 200);
        assert.deepEqual([(await manager.stats()).sessions, browser.valuesOf(NAME)], [0, []]);
      }),
  },
  {
    name: "a sign-out, sign-in or commit that fails and that the handler does not wait for is a 503, and harms no process",
    run: (start) =>
      withServer(start, {}, async ({ send, signIn, store }) => {
        const [leaving, token] = [await signIn(), await signIn()];
        store.fail("delete", "create", "commit");
        assertStillSignedIn(await send("POST", "/logout/dropped", { token: leaving }));
        for (const [path, asked] of [
          ["/login/dropped?user=bob", {}],
          ["/login/dropped?user=bob", { token }],
          ["/commit/dropped", { token }],
        ] as const) {
          const { status, header, text } = await send("POST", path, asked);
          assert.deepEqual([status, text], [503, '{"detail":"Service unavailable"}'], path);
          assert.equal(header("x-session-token"), undefined);
        }
        store.recover();
        assert.equal((await send("GET", "/data", { token })).text, '{"username":"anna"}');
      }),
  },
  {
    name: "a write after a sign-out begins a session: one cookie, nothing of the old one, and no late request revives that",
    run: (start) =>
      withServer(start, { transports: cookieOnly() }, async ({ send, store, manager, probes }) => {
        const browser = new CookieJar(send);
        await browser.send("POST", "/login");
        const [old = ""] = browser.valuesOf(NAME);
        const slow = send("POST", "/slow", { cookie: cookieOf(old) });
        await Promise.race([probes.slow.reached, slow]);
        const gate = store.pause("delete");
        const leaving = browser.send("POST", "/logout/notice");
        await Promise.race([gate.reached, leaving]);
        gate.open();
        const { status, cookies } = await leaving;
        assert.deepEqual([status, cookies.length, browser.valuesOf(NAME).length], [200, 1, 1]);
        probes.slow.open();
        assert.deepEqual((await slow).cookies, []);
        assert.equal((await browser.send("GET", "/notice")).text, '[null,"notice","Bye"]');
        assert.equal((await send("GET", "/notice", { cookie: cookieOf(old) })).text, "[null,null]");
        assert.equal((await manager.stats()).sessions, 1);
      }),
  },
  {
    name: "a write after a sign-out sends one token by the header as well",
    run: (start) =>
      withServer(start, {}, async ({ send, signIn }) => {
        const { header, cookies } = await send("POST", "/logout/notice", { token: await signIn() });
        const token = header("x-session-token") ?? "";
        assert.deepEqual([/^ses_\w{72}$/.test(token), cookies], [true, []]);
        assert.equal((await send("GET", "/notice", { token })).text, '[null,"notice","Bye"]');
      }),
  },
  {
    name: "a write after a sign-out begins nothing where the sign-out fails, and where it cannot be stored, that stands",
    run: (start) =>
      withServer(start, { transports: cookieOnly() }, async ({ send, store, manager }) => {
        const browser = new CookieJar(send);
        await browser.send("POST", "/login");
        store.fail("delete");
        const { status, cookies } = await browser.send("POST", "/logout/notice");
        assert.deepEqual([status >= 500, cookies, (await manager.stats()).sessions], [true, [], 1]);
        store.recover();
        store.fail("create");
        assert.equal((await browser.send("POST", "/logout/notice")).status, 503);
        store.recover();
        assert.deepEqual([(await manager.stats()).sessions, browser.valuesOf(NAME)], [0, []]);
      }),
  },
  {
    name: "a sign-in of no user that the handler does not wait for is a 500, and signs no user in or out",
    run: (start) =>
      withServer(start, {}, async ({ send, signIn, manager }) => {
        const token = await signIn();
        const { status, header } = await send("POST", "/login/dropped", { token });
        assert.deepEqual([status, header("x-session-token")], [500, undefined]);
        assert.equal((await send("GET", "/profile", { token })).status, 200);
        assert.equal((await manager.stats()).sessions, 1);
      }),
  },
];

function assertStillSignedIn({ status, text, header, cookies }: ClientResponse): void {
  assert.deepEqual([status, text], [503, '{"detail":"You are still signed in"}']);
  assert.equal(header("retry-after"), "1");
  assert.equal(header("cache-control"), "no-store");
  assert.deepEqual(cookies, []);
}
