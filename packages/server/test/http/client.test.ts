// K5, N4, H10 over HTTP: what the server believes about a client, and what it keeps of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { deviceFamily } from "#dist/http/device.js";
import { type AppChoices, type AppUnderTest, startApp } from "../support/app.ts";
import { call } from "../support/client.ts";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

async function withApp(choices: AppChoices, use: (app: AppUnderTest) => Promise<void>): Promise<void> {
  const app = await startApp(choices);
  await use(app).finally(app.close);
}

async function deviceOfSignIn(app: AppUnderTest, userAgent: string): Promise<unknown> {
  const { body } = await call(app.url, "POST", "/login", { "User-Agent": userAgent });
  const headers = { "X-Session-Token": (body as { session_token: string }).session_token };
  const list = (await call(app.url, "GET", "/me/sessions", headers)).body as { sessions: Record<string, unknown>[] };
  return list.sessions.find(({ current }) => current === true)?.["device"];
}

test("N4: by default a session and the log hold nothing of address and user agent", () =>
  withApp({ trustProxy: ["127.0.0.1"] }, async (app) => {
    assert.equal(await deviceOfSignIn(app, FIREFOX), null);
    await call(app.url, "POST", "/login", { "X-Forwarded-For": "203.0.113.77", "User-Agent": FIREFOX });
    assert.doesNotMatch(app.log(), /203\.0|127\.0\.0\.(?!1:\d)|Firefox|Linux/);
    assert.ok(app.events().every((event) => !("network" in event)));
  }));

test("N4: when asked for, a session keeps the family of program and system, and none of the text", () =>
  withApp({ keepDevice: true }, async (app) => {
    assert.equal(await deviceOfSignIn(app, FIREFOX), "Firefox on Linux");
    assert.equal(await deviceOfSignIn(app, '<script>"x"\u00e9</script>'), null);
    assert.doesNotMatch(app.log(), /Gecko|140/);
  }));

test("N4: when asked for, the log names the /24 or /48 of the client, never the address", () =>
  withApp({ logNetwork: true, trustProxy: ["127.0.0.1"] }, async (app) => {
    for (const [address, network] of [
      ["203.0.113.77", "203.0.113.0/24"],
      ["2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"],
    ] as const) {
      await call(app.url, "POST", "/login", { "X-Forwarded-For": `6.6.6.6, ${address}` });
      assert.equal(app.events().findLast(({ event }) => event === "signedIn")?.["network"], network);
      assert.ok(!app.log().includes(address));
    }
    assert.ok(!app.log().includes("6.6.6"));
  }));

test("a proxy that is not named in --trust-proxy is warned of once, and named where its address is private", () =>
  withApp({ trustProxy: ["10.0.0.1"] }, async (app) => {
    const warnings = () => app.log().match(/\{[^\n]*--trust-proxy[^\n]*/g) ?? [];
    await call(app.url, "GET", "/profile");
    assert.deepEqual(warnings(), []);
    for (let i = 0; i < 3; i++) await call(app.url, "GET", "/profile", { "X-Forwarded-For": "203.0.113.77" });
    assert.equal(warnings().length, 1);
    const { level, peer } = JSON.parse(warnings()[0] as string) as Record<string, unknown>;
    assert.deepEqual([level, peer], ["warn", "127.0.0.1"]);
    assert.ok(!app.log().includes("203.0.113"));
  }));

test("a proxy that is named is not warned of", () =>
  withApp({ trustProxy: ["127.0.0.1"] }, async (app) => {
    await call(app.url, "GET", "/profile", { "X-Forwarded-For": "203.0.113.77" });
    assert.doesNotMatch(app.log(), /--trust-proxy/);
  }));

test("N4: families of common programs", () => {
  const windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)";
  for (const [userAgent, family] of [
    [FIREFOX, "Firefox on Linux"],
    [`${windows} Chrome/140.0.0.0 Safari/537.36`, "Chrome on Windows"],
    [`${windows} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0`, "Edge on Windows"],
    [`${windows} Chrome/140.0.0.0 Safari/537.36 OPR/120.0.0.0`, "Opera on Windows"],
    [
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
      "Safari on macOS",
    ],
    [
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0 Mobile/15E148 Safari/604.1",
      "Chrome on iOS",
    ],
    [
      "Mozilla/5.0 (Linux; Android 15; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0 Mobile Safari/537.36",
      "Samsung Internet on Android",
    ],
    [
      "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
      "Chrome on ChromeOS",
    ],
    ["curl/8.5.0", "curl"],
    ["SomeApp (Android 15)", "Android"],
    ["node", null],
    ["", null],
    [undefined, null],
  ] as const) {
    assert.equal(deviceFamily(userAgent), family, userAgent);
  }
});

test("N4: a user agent of any length is looked at in no time", () => {
  const start = performance.now();
  for (const part of ["Version/1.", "Version/1 ", "(", "Mac OS ", "Safari/"]) deviceFamily(part.repeat(100_000));
  assert.ok(performance.now() - start < 10_000);
});

test("H10: HSTS is sent when a trusted proxy says https, on errors too, and otherwise never", () =>
  withApp({ trustProxy: ["127.0.0.1"] }, async ({ url }) => {
    for (const path of ["/profile", "/nothing", "/health/live"]) {
      const secure = await call(url, "GET", path, { "X-Forwarded-Proto": "https" });
      assert.equal(secure.headers.get("strict-transport-security"), "max-age=31536000; includeSubDomains");
      for (const headers of [{}, { "X-Forwarded-Proto": "http" }] as Record<string, string>[]) {
        assert.equal((await call(url, "GET", path, headers)).headers.get("strict-transport-security"), null);
      }
    }
  }));

test("H10: an untrusted client cannot make the server believe in https", () =>
  withApp({}, async ({ url }) => {
    const { headers } = await call(url, "GET", "/profile", { "X-Forwarded-Proto": "https", Forwarded: "proto=https" });
    assert.equal(headers.get("strict-transport-security"), null);
  }));
