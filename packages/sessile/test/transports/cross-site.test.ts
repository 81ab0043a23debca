// Which requests may act with a cookie. The first three tables are those of Go 1.25's CrossOriginProtection.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bearerTransport, cookieTransport, headerTransport, type SessionError } from "sessile";
import { crossSitePolicy } from "#dist/transports/cross-site.js";
import { Bench, ResponseRecorder, requestWith } from "../support/requests.ts";

interface Sent {
  readonly site?: string;
  readonly origin?: string;
  readonly host?: string | undefined;
  readonly method?: string;
  readonly path?: string;
  readonly type?: string;
}

const ATTACKER = "https://attacker.example";

function permits(sent: Sent, origins: readonly string[] = [], paths: readonly string[] = []): boolean {
  const { site, origin, host = "example.com", method = "POST", path = "/", type } = sent;
  const headers = { "sec-fetch-site": site, origin, host: "host" in sent ? sent.host : host, "content-type": type };
  return crossSitePolicy(origins, paths)(requestWith(headers, { method, path }));
}

describe("a request", () => {
  for (const [sent, expected] of [
    [{ site: "same-origin" }, true],
    [{ site: "none" }, true],
    [{ site: "cross-site" }, false],
    [{ site: "same-site" }, false],
    [{}, true],
    [{ origin: "https://example.com" }, true],
    [{ origin: ATTACKER }, false],
    [{ origin: "null" }, false],
    [{ site: "cross-site", method: "GET" }, true],
    [{ site: "cross-site", method: "HEAD" }, true],
    [{ site: "cross-site", method: "OPTIONS" }, true],
    [{ site: "cross-site", method: "PUT" }, false],
  ] as const) {
    test(`I1: with ${JSON.stringify(sent)} is ${expected ? "permitted" : "refused"}`, () =>
      assert.equal(permits(sent), expected));
  }

  for (const [sent, expected] of [
    [{ origin: "https://trusted.example" }, true],
    [{ origin: "https://trusted.example", site: "cross-site" }, true],
    [{ origin: ATTACKER }, false],
    [{ origin: ATTACKER, site: "cross-site" }, false],
    [{ origin: "https://trusted.example:8443" }, false],
    [{ origin: "http://trusted.example" }, false],
    [{ origin: "https://trusted.example." }, false],
    [{ origin: "https://TRUSTED.example" }, false],
    [{ origin: "https://x.trusted.example" }, false],
    [{ origin: "https://trusted.example.attacker.example" }, false],
    [{ origin: "https://trusted.example, https://attacker.example" }, false],
    [{ origin: "https://trusted.example/" }, false],
  ] as const) {
    test(`I1: with ${JSON.stringify(sent)} is ${expected ? "permitted" : "refused"} where https://trusted.example is trusted`, () => {
      assert.equal(permits(sent, ["https://trusted.example"]), expected);
    });
  }

  for (const [path, expected] of [
    ["/bypass/", true],
    ["/only/123", true],
    ["/no-trailing", true],
    ["/api/", false],
    ["/foo/../bypass/", false],
    ["/foo/../bypass/bar", false],
    ["/bypass/../api", false],
    ["/bypass", false],
    ["/bypass/bar", false],
    ["//bypass/", false],
    ["/bypass//", false],
    ["/./bypass/", false],
    ["/%2e%2e/bypass/", false],
    ["/%62ypass/", false],
    ["/Bypass/", false],
    ["/bypass/?x", false],
    ["/bypass/#x", false],
    ["/bypass/;x", false],
    ["/bypass/\0", false],
    ["bypass/", false],
    ["", false],
    ["/no-trailing/", false],
    ["/only/123/foo", false],
    ["/foo/../api/bar", false],
  ] as const) {
    test(`I2: to ${JSON.stringify(path)} is ${expected ? "permitted" : "refused"} where other paths are exempt`, () => {
      for (const site of [undefined, "cross-site"]) {
        const sent = { path, origin: ATTACKER, ...(site !== undefined && { site }) };
        assert.equal(permits(sent, [], ["/bypass/", "/only/123", "/no-trailing"]), expected);
      }
    });
  }

  test("I1: with an unknown, repeated or oddly written Sec-Fetch-Site is refused", () => {
    for (const site of [
      "unknown",
      "Same-Origin",
      "same-origin, cross-site",
      "same-origin,same-origin",
      " same-origin",
      "none;",
      "0",
    ]) {
      assert.equal(permits({ site, origin: "https://example.com" }), false, site);
    }
  });

  test("I1: the browser's own word counts before the origin", () => {
    assert.equal(permits({ site: "same-origin", origin: ATTACKER }), true);
    assert.equal(permits({ site: "cross-site", origin: "https://example.com" }), false);
    assert.equal(permits({ site: "", origin: ATTACKER }), false, "an empty header is none");
  });

  test("I1: without Sec-Fetch-Site the origin must name exactly the host and port that were asked", () => {
    for (const [origin, host, expected] of [
      ["https://example.com:8443", "example.com:8443", true],
      ["http://example.com", "example.com", true],
      ["http://[::1]:3000", "[::1]:3000", true],
      ["https://example.com", "example.com:8443", false],
      ["https://example.com:8443", "example.com", false],
      ["https://example.com", "sub.example.com", false],
      ["https://sub.example.com", "example.com", false],
      ["https://example.com@attacker.example", "attacker.example", false],
      ["https://attacker.example#example.com", "example.com", false],
      ["https://attacker.example/example.com", "example.com", false],
      ["https://example.com, https://attacker.example", "example.com", false],
      ["https://example.com https://attacker.example", "example.com", false],
      ["example.com", "example.com", false],
      ["//example.com", "example.com", false],
      ["javascript://example.com", "example.com", false],
      ["file://", "", false],
      ["https://", "", false],
      ["null", "null", false],
      ["null", undefined, false],
      [ATTACKER, undefined, false],
      ["", undefined, true],
    ] as const) {
      assert.equal(permits({ origin, host }), expected, `${origin} to ${host}`);
    }
  });

  test("I1: with any method but GET, HEAD and OPTIONS is unsafe", () => {
    for (const method of [
      "POST",
      "PUT",
      "PATCH",
      "DELETE",
      "TRACE",
      "CONNECT",
      "PROPFIND",
      "QUERY",
      "get",
      "",
      "GET ",
    ]) {
      assert.equal(permits({ method, site: "cross-site" }), false, method);
    }
  });

  test("I1: that asks for an upgrade is unsafe whatever its method: other sites can open WebSockets", () => {
    for (const method of ["GET", "HEAD", "OPTIONS", "CONNECT"]) {
      const asked = (headers: Record<string, string>): boolean =>
        crossSitePolicy([], [])(requestWith({ host: "example.com", upgrade: "websocket", ...headers }, { method }));
      assert.equal(asked({ origin: ATTACKER }), false);
      assert.equal(asked({ "sec-fetch-site": "cross-site" }), false);
      const stripped = { host: "example.com", "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==", origin: ATTACKER };
      assert.equal(crossSitePolicy([], [])(requestWith(stripped, { method })), false, "behind a proxy");
      assert.equal(asked({ "sec-fetch-site": "same-site", origin: "https://sub.example.com" }), false);
      assert.equal(asked({ origin: "https://example.com" }), true);
      assert.equal(asked({}), true);
    }
  });

  test("I4: is judged whatever its content type", () => {
    for (const type of [
      "text/plain",
      "TEXT/PLAIN",
      "application/json",
      "multipart/form-data; boundary=x",
      "",
      "application/x-www-form-urlencoded",
      "x",
    ]) {
      assert.equal(permits({ site: "cross-site", type }), false);
      assert.equal(permits({ origin: ATTACKER, type }), false);
      assert.equal(permits({ site: "same-origin", type }), true);
    }
  });
});

test("I1: origins to trust must be origins", () => {
  const accepts = (origin: string): boolean => {
    try {
      crossSitePolicy([origin], []);
      return true;
    } catch (error) {
      assert.equal((error as { code: string }).code, "ERR_SESSION_OPTION");
      return false;
    }
  };
  for (const origin of ["https://example.com", "https://example.com:8080", "http://example.com"])
    assert.equal(accepts(origin), true);
  for (const origin of [
    "example.com",
    "https://",
    "https://example.com/",
    "https://example.com/path",
    "https://example.com?query=value",
    "https://example.com#fragment",
    "https://ex ample.com",
    "",
    "null",
    "*",
    "https://*.example.com/",
  ]) {
    assert.equal(accepts(origin), false, origin);
  }
});

describe("a manager", () => {
  test("I1: refuses an unsafe cross-site request with a live cookie with 403, before the store is asked", async () => {
    const bench = new Bench({ transports: [cookieTransport()] });
    const first = await bench.manager.open(requestWith());
    const token = await first.session.signIn("ann");
    await first.commit(200, new ResponseRecorder());
    bench.spied.take();
    const crossSite = { cookie: `__Host-session=${token}`, "sec-fetch-site": "cross-site" };
    await assert.rejects(async () => bench.manager.open(requestWith(crossSite)), {
      code: "ERR_SESSION_CROSS_SITE",
      statusCode: 403,
    });
    assert.deepEqual(bench.spied.take(), {});
    const safe = await bench.manager.open(requestWith(crossSite, { method: "GET" }));
    assert.equal(safe.session.userId, "ann");
  });

  test("I5: asks no header of a request whose token came in a header, whatever else it accepts", async () => {
    const bench = new Bench({ transports: [headerTransport(), bearerTransport(), cookieTransport()] });
    const token = await bench.signIn();
    const crossSite = { "sec-fetch-site": "cross-site", origin: ATTACKER };
    for (const carried of [{ "x-session-token": token }, { authorization: `Bearer ${token}` }]) {
      const { session } = await bench.manager.open(requestWith({ ...crossSite, ...carried }));
      assert.equal(session.userId, "ann");
    }
    await assert.rejects(
      async () => bench.manager.open(requestWith({ ...crossSite, cookie: `__Host-session=${token}` })),
      {
        code: "ERR_SESSION_CROSS_SITE",
      },
    );
  });

  test("I7: lets a trusted origin and an exempt path sign in", async () => {
    const bench = new Bench({
      transports: [cookieTransport({ trustedOrigins: ["https://app.example"], exemptPaths: ["/callback"] })],
    });
    for (const [headers, path] of [
      [{ origin: "https://app.example" }, "/"],
      [{ origin: "null" }, "/callback"],
    ] as const) {
      const { session } = await bench.manager.open(
        requestWith({ "sec-fetch-site": "cross-site", ...headers }, { path }),
      );
      await session.signIn("ann");
      assert.equal(session.userId, "ann");
    }
  });
});

describe("the host of an origin", () => {
  for (const [origin, host, expected] of [
    ["https://shop.example", "shop.example:443", true],
    ["http://shop.example", "shop.example:80", true],
    ["https://shop.example", "Shop.EXAMPLE", true],
    ["https://shop.example:443", "shop.example", true],
    ["https://shop.example:8443", "SHOP.example:8443", true],
    ["http://[::1]:3000", "[::1]:3000", true],
    ["https://shop.example", "shop.example:80", false],
    ["http://shop.example", "shop.example:443", false],
    ["https://shop.example:8443", "shop.example", false],
    ["https://shop.example", "internal:3000", false],
    ["https://shop.example", "shop.example.", false],
    ["https://shop.example", "shop.example:443:443", false],
    ["https://shop.example", undefined, false],
    ["null", "null", false],
  ] as const) {
    test(`I1: ${origin} is ${expected ? "that" : "not that"} of a request to ${host}`, () =>
      assert.equal(permits({ origin, host }), expected));
  }

  test("I1: a refusal is an event that names what decided and the option, and so does the error", async () => {
    const bench = new Bench({ transports: [cookieTransport()] });
    const headers = { origin: "https://shop.example", host: "internal:3000" };
    const { session } = await bench.manager.open(requestWith(headers, { path: "/login" }));
    let message = "";
    await assert.rejects(session.signIn("ann"), (error: SessionError) => {
      ({ message } = error);
      return error.code === "ERR_SESSION_CROSS_SITE";
    });
    for (const part of [/https:\/\/shop\.example/, /internal:3000/, /`trustedOrigins`/]) assert.match(message, part);
    const at = bench.clock.now;
    assert.deepEqual(bench.events, [
      ["crossSiteRefused", { origin: headers.origin, host: headers.host, path: "/login", message, at }],
    ]);
  });

  test("I1: a refusal of a request without these headers, or with endless ones, names no more than it should", async () => {
    const bench = new Bench({ transports: [cookieTransport()] });
    for (const origin of [undefined, `https://${"x".repeat(10_000)}"\u2028`]) {
      const { session } = await bench.manager.open(requestWith({ origin, "sec-fetch-site": "cross-site" }));
      await assert.rejects(session.signIn("ann"), { code: "ERR_SESSION_CROSS_SITE" });
    }
    const [first, second] = bench.events.map(([, event]) => event) as { origin: string | null; message: string }[];
    assert.deepEqual([first?.origin, second?.origin], [null, "https://…"]);
    assert.ok((second?.message.length ?? 0) < 1000);
  });
});

test("N1, I1: a refusal and a warning show no token, wherever the client put it by mistake", async () => {
  const warnings: string[] = [];
  const transports = [cookieTransport()];
  const bench = new Bench({ transports, onWarning: (message) => warnings.push(message) });
  const first = await bench.manager.open(requestWith());
  const token = await first.session.signIn("ann");
  const secret = token.slice(26, 70);
  bench.events.splice(0);
  for (const text of [token, secret]) {
    const headers = { origin: `https://${text}`, host: text };
    const { session } = await bench.manager.open(
      requestWith({ ...headers, "sec-fetch-site": "cross-site" }, { path: `/${text}` }),
    );
    await assert.rejects(session.signIn("ann"), (error: Error) => !error.message.includes(secret));
    const plain = await bench.manager.open(requestWith({ host: text, origin: `http://${text}` }));
    await plain.session.signIn("bob");
    await plain.commit(200, new ResponseRecorder());
  }
  assert.equal(warnings.length, 1);
  assert.ok(!JSON.stringify([bench.events, warnings]).includes(secret));
});

describe("trustedOrigins", () => {
  for (const origin of [
    "tauri://localhost",
    "capacitor://localhost",
    "ionic://localhost",
    "chrome-extension://gighmmpiobklfepjocnamgkkbiglidom",
    "moz-extension://aa0e1a4b-25a8-4cb6-8d8b-ad4c3d0bd4f4",
    "http://tauri.localhost",
  ]) {
    test(`may name ${origin}`, () => {
      assert.equal(permits({ origin }, [origin]), true);
      assert.equal(permits({ origin, site: "cross-site" }, [origin]), true);
      assert.equal(permits({ origin: `${origin}x` }, [origin]), false);
      assert.equal(permits({ origin }), false);
    });
  }

  for (const origin of ["https://*.example.com", "*", "https://*", "chrome-extension://*"]) {
    test(`with ${origin} are refused in words that say so`, () => {
      const message = /`trustedOrigins` must be exact origins: name each, because one with `\*` matches nothing/;
      assert.throws(() => cookieTransport({ trustedOrigins: [origin] }), { code: "ERR_SESSION_OPTION", message });
    });
  }

  for (const origin of [
    "null",
    "tauri:localhost",
    "tauri://",
    "tauri://localhost/",
    "TAURI://localhost",
    "https://x/",
    "http:///x",
  ])
    test(`with ${origin} are refused`, () => {
      assert.throws(() => cookieTransport({ trustedOrigins: [origin] }), { code: "ERR_SESSION_OPTION" });
    });
});
