// The cookie transport: exact Set-Cookie lines, and which options go together.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  type CookieOptions,
  cookieTransport,
  memoryStore,
  type Session,
  type SessionError,
  SessionManager,
} from "sessile";
import { byDepth } from "sessile-test-support/depth";
import { CookieJar } from "#dist/testing/adapter-jar.js";
import { Bench, ResponseRecorder, requestWith } from "../support/requests.ts";

const DAY = 86_400_000;

function lines(options: CookieOptions, maxAge = 3_600_000): readonly [set: string, cleared: string] {
  const response = new ResponseRecorder();
  const transport = cookieTransport(options);
  transport.issue("TOKEN", maxAge, response);
  transport.clear(response);
  const [set, cleared, ...more] = response.all("set-cookie");
  assert.deepEqual(more, []);
  return [set as string, cleared as string];
}

describe("Set-Cookie", () => {
  for (const [options, attributes] of [
    [{}, "; Path=/; Secure; HttpOnly; SameSite=Lax"],
    [{ sameSite: "Strict" }, "; Path=/; Secure; HttpOnly; SameSite=Strict"],
    [{ sameSite: "None" }, "; Path=/; Secure; HttpOnly; SameSite=None"],
    [{ partitioned: true, sameSite: "None" }, "; Path=/; Secure; HttpOnly; SameSite=None; Partitioned"],
    [{ name: "__Host-Http-session" }, "; Path=/; Secure; HttpOnly; SameSite=Lax"],
    [
      { name: "__Secure-s", domain: "example.com", path: "/app" },
      "; Path=/app; Domain=example.com; Secure; HttpOnly; SameSite=Lax",
    ],
    [{ name: "__Http-s", path: "/app" }, "; Path=/app; Secure; HttpOnly; SameSite=Lax"],
    [{ name: "sid", secure: false }, "; Path=/; HttpOnly; SameSite=Lax"],
  ] as const) {
    test(`H1, H2, H3: is exact with ${JSON.stringify(options)}, and its deletion repeats every attribute`, () => {
      const name = "name" in options ? options.name : "__Host-session";
      assert.deepEqual(lines(options), [
        `${name}=TOKEN; Max-Age=3600${attributes}`,
        `${name}=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT${attributes}`,
      ]);
    });
  }

  test("F9: sign-out tells the browser what else to forget where it is asked for, and sign-in does not", () => {
    const sent = (options: CookieOptions): (string | undefined)[] => {
      const transport = cookieTransport(options);
      const [issued, cleared] = [new ResponseRecorder(), new ResponseRecorder()];
      transport.issue("TOKEN", 1000, issued);
      transport.clear(cleared);
      return [issued.get("clear-site-data"), cleared.get("clear-site-data")];
    };
    assert.deepEqual(sent({}), [undefined, undefined]);
    assert.deepEqual(sent({ clearSiteData: [] }), [undefined, undefined]);
    assert.deepEqual(sent({ clearSiteData: ["cookies"] }), [undefined, '"cookies"']);
    assert.deepEqual(sent({ clearSiteData: ["cache", "storage"] }), [undefined, '"cache", "storage"']);
    for (const bad of ["cache", ["*"], [null], ['cache", "cookies'], null])
      assert.throws(() => cookieTransport({ clearSiteData: bad as never }), /`clearSiteData`/);
  });

  test("E11: lasts as long as the session can, at least a second and at most 400 days", () => {
    for (const [maxAge, seconds] of [
      [400, 1],
      [1, 1],
      [0, 1],
      [-5000, 1],
      [999, 1],
      [1999, 1],
      [2000, 2],
      [DAY, 86_400],
      [400 * DAY, 34_560_000],
      [400 * DAY + 1000, 34_560_000],
      [730 * DAY, 34_560_000],
      [1e14, 34_560_000],
    ] as const) {
      assert.match(lines({}, maxAge)[0], new RegExp(`; Max-Age=${seconds};`));
    }
  });

  test("H5: is below 4096 bytes with the longest name, prefix, path and domain", () => {
    const name = `__Secure-${"n".repeat(91)}`;
    const [set] = lines({
      name,
      path: `/${"p".repeat(1000)}`,
      domain: [...Array(4).fill("d".repeat(60)), "example"].join("."),
      partitioned: true,
    });
    assert.ok(Buffer.byteLength(set.split(";")[0] as string) + 91 < 4096);
    assert.throws(() => cookieTransport({ name: "n".repeat(101) }), { code: "ERR_SESSION_OPTION", message: /`name`/ });
    assert.throws(() => cookieTransport({ path: `/${"p".repeat(1001)}` }), { code: "ERR_SESSION_OPTION" });
    assert.throws(
      () => cookieTransport({ name: "s", domain: [...Array(5).fill("d".repeat(60)), "example"].join(".") }),
      {
        code: "ERR_SESSION_OPTION",
        message: /`domain`/,
      },
    );
  });

  test("H9, H8: is appended, and the token is in no other header", async () => {
    const bench = new Bench({ transports: [cookieTransport()] });
    const { session, commit } = await bench.manager.open(requestWith());
    const token = await session.signIn("ann");
    const response = new ResponseRecorder();
    response.append("set-cookie", "own=1");
    await commit(200, response);
    assert.deepEqual(response.all("set-cookie"), [
      "own=1",
      `__Host-session=${token}; Max-Age=86400; Path=/; Secure; HttpOnly; SameSite=Lax`,
    ]);
    for (const [name, value] of response.lines) assert.ok(name === "set-cookie" || !value.includes(token));
  });

  test("E11: shrinks towards the absolute deadline with a rotation, and a touch sends none", async () => {
    const bench = new Bench({ transports: [cookieTransport()] });
    const first = await bench.manager.open(requestWith());
    const token = await first.session.signIn("ann");
    await first.commit(200, new ResponseRecorder());
    bench.clock.now += 3_000_500;
    for (const [isRotated, expected] of [
      [false, []],
      [true, ["Max-Age=83399"]],
    ] as const) {
      const { session, commit } = await bench.manager.open(requestWith({ cookie: `__Host-session=${token}` }));
      assert.equal(session.userId, "ann");
      if (isRotated) session.rotate();
      const response = new ResponseRecorder();
      await commit(200, response);
      assert.deepEqual(
        response.all("set-cookie").map((line) => line.split("; ")[1]),
        expected,
      );
    }
  });
});

describe("cookie options", () => {
  const refused: readonly [Record<string, unknown>, RegExp][] = [
    [{ secure: false }, /`__Host-session` needs `secure: true`/],
    [{ domain: "example.com" }, /`__Host-session` needs no `domain`/],
    [{ path: "/app" }, /`__Host-session` needs `path: "\/"`/],
    [{ name: "__Secure-s", secure: false }, /needs `secure: true`/],
    [{ name: "__secure-s", secure: false }, /needs `secure: true`/],
    [{ name: "__HOST-s", domain: "example.com" }, /needs no `domain`/],
    [{ name: "__host-s", path: "/x" }, /needs `path/],
    [{ name: "__Http-s", secure: false }, /needs `secure: true`/],
    [{ name: "__Host-Http-s", path: "/x" }, /needs `path/],
    [{ name: "s", sameSite: "None", secure: false }, /`secure`/],
    [{ name: "s", partitioned: true, secure: false }, /`secure`/],
    ...["lax", "none", "", "Lax; Domain=x", true, null, 1].map(
      (sameSite) => [{ sameSite }, /`sameSite`/] as [Record<string, unknown>, RegExp],
    ),
    ...[
      "",
      "a b",
      "a=b",
      "a;b",
      "a,b",
      'a"b',
      "a\r\nb",
      "a\0",
      "é",
      "a\\b",
      "a/b",
      "(a)",
      "[a]",
      "{a}",
      "a:b",
      null,
      5,
    ].map((name) => [{ name }, /`name`/] as [Record<string, unknown>, RegExp]),
    ...["", "app", "app/", "/a;b", "/a\r\nb", "/é", "/\0", "/a\x7f", null, 5].map(
      (path) => [{ name: "s", path }, /`path`/] as [Record<string, unknown>, RegExp],
    ),
    ...[
      "",
      "com",
      ".example.com",
      "example.com.",
      "a b.c",
      "exa_mple.com",
      "example.com; x",
      "example.com\r\n",
      "exämple.com",
      "http://example.com",
      "example.com:80",
      null,
      5,
    ].map((domain) => [{ name: "s", domain }, /`domain`/] as [Record<string, unknown>, RegExp]),
    ...[
      "https://a.example",
      [""],
      ["null"],
      ["*"],
      ["a.example"],
      ["https://a.example/"],
      ["https://a.example/x"],
      ["https://A.example"],
      ["https://a.example:443"],
      ["https://u@a.example"],
      [5],
      [null],
      null,
      {},
    ].map((trustedOrigins) => [{ trustedOrigins }, /`trustedOrigins`/] as [Record<string, unknown>, RegExp]),
    ...["/x", ["x"], [""], [5], [null], null, {}].map(
      (exemptPaths) => [{ exemptPaths }, /`exemptPaths`/] as [Record<string, unknown>, RegExp],
    ),
    ...["yes", 0, 1, null].flatMap(
      (flag) =>
        [
          [{ secure: flag, name: "s" }, /`secure`/],
          [{ partitioned: flag }, /`partitioned`/],
        ] as [Record<string, unknown>, RegExp][],
    ),
    [{ httpOnly: false }, /`httpOnly`/],
    [{ maxAge: 5 }, /`maxAge`/],
    [{ samesite: "Lax" }, /`samesite`/],
  ];
  for (const [options, message] of refused) {
    test(`H1, H4, H6: ${JSON.stringify(options)} is refused by name`, () => {
      assert.throws(() => cookieTransport(options as CookieOptions), { code: "ERR_SESSION_OPTION", message });
    });
  }

  test("H4: no options at all can make more than one attribute list of a line", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 8 }),
      fc.constantFrom(
        "/",
        "/a",
        "s",
        "__Host-s",
        "example.com",
        "; Domain=evil.example",
        "\r\nSet-Cookie: a=b",
        "Lax",
        "None",
      ),
    );
    const flag = fc.boolean();
    const often = <T>(good: T): fc.Arbitrary<T | string> => fc.oneof({ arbitrary: fc.constant(good), weight: 4 }, text);
    const options = fc.record(
      {
        name: often("s"),
        path: often("/"),
        domain: often("example.com"),
        sameSite: often("None"),
        secure: flag,
        partitioned: flag,
      },
      { requiredKeys: [] },
    );
    let made = 0;
    fc.assert(
      fc.property(options, (each) => {
        let both: readonly string[];
        try {
          both = lines(each as CookieOptions);
        } catch (error) {
          assert.equal((error as { code: string }).code, "ERR_SESSION_OPTION");
          return;
        }
        made++;
        for (const line of both) {
          assert.match(
            line,
            /^[\x21\x23-\x2b\x2d-\x3a\x3c\x3e-\x7e]+=(TOKEN)?(; (Max-Age=\d+|Expires=[A-Za-z0-9 :,]+|Path=\/[\x20-\x3a\x3c-\x7e]*|Domain=[A-Za-z0-9.-]+|Secure|HttpOnly|SameSite=(Lax|Strict|None)|Partitioned))+$/,
          );
          assert.equal(line.match(/HttpOnly/g)?.length, 1);
        }
      }),
      { numRuns: byDepth(500, 3000, 100_000) },
    );
    assert.ok(made > 50, `only ${made} were made`);
  });
});

test("the cookie transport reads its cookie and nothing else", () => {
  const transport = cookieTransport({ name: "sid" });
  assert.deepEqual(transport.read(requestWith({ cookie: "sid=A; __Host-session=B", "x-session-token": "C" })), ["A"]);
  assert.deepEqual([transport.name, transport.requestHeader], ["cookie", "Cookie"]);
});

describe("two cookies of one name", () => {
  const variants = (options: CookieOptions, host?: string): string[] =>
    (cookieTransport(options).expireOthers?.(requestWith({ host })) ?? []).map((line) =>
      line.replace("=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT", ""),
    );
  const base = "Secure; HttpOnly";

  test("with the __Host- prefix: only the other partition state is expired", () => {
    assert.deepEqual(variants({}, "a.example.com"), [`__Host-session; Path=/; ${base}; SameSite=None; Partitioned`]);
    assert.deepEqual(variants({ partitioned: true, sameSite: "None" }, "a.example.com"), [
      `__Host-session; Path=/; ${base}; SameSite=None`,
    ]);
  });

  test("without it: those of the host's domains too, at the configured path, and never the own one", () => {
    const at = (domain: string): string[] => [
      `sid; Path=/app; Domain=${domain}; ${base}; SameSite=Lax`,
      `sid; Path=/app; Domain=${domain}; ${base}; SameSite=None; Partitioned`,
    ];
    const own = [`sid; Path=/app; ${base}; SameSite=Lax`, `sid; Path=/app; ${base}; SameSite=None; Partitioned`];
    const options = { name: "sid", path: "/app" };
    assert.deepEqual(variants(options, "Shop.Example.com:8443"), [
      own[1],
      ...at("shop.example.com"),
      ...at("example.com"),
    ]);
    assert.deepEqual(variants({ ...options, domain: "Example.com" }, "shop.example.com"), [
      ...own,
      ...at("shop.example.com"),
      at("example.com")[1],
    ]);
    assert.deepEqual(variants(options, "a.b.c.d.example.com"), [
      own[1],
      ...["c.d.example.com", "d.example.com", "example.com"].flatMap(at).toSpliced(0, 0, ...at("b.c.d.example.com")),
    ]);
    for (const host of [undefined, "", "localhost:3000", "127.0.0.1:80", "[::1]:80", "a b", "x;y.example", "é.example"])
      assert.deepEqual(variants(options, host), [own[1]], host);
  });

  test("over plain HTTP: no partitioned one, because there is none", () => {
    assert.deepEqual(variants({ name: "sid", secure: false }, "localhost"), []);
    assert.deepEqual(variants({ name: "sid", secure: false }, "shop.test"), [
      "sid; Path=/; Domain=shop.test; HttpOnly; SameSite=Lax",
    ]);
  });

  /** A browser of a user of `host`, at one program after another on the same store. */
  class Visit {
    readonly store = memoryStore();
    readonly jar = new CookieJar(() => assert.fail("no server"));

    /** The answer to a request: who it acts for, or the status of the refusal. */
    async to(
      options: CookieOptions,
      path = "/",
      handle: (session: Session) => unknown = () => {},
    ): Promise<string | number | null> {
      const manager = new SessionManager({
        store: this.store,
        transports: [cookieTransport(options)],
        sweepInterval: 0,
      });
      const request = requestWith({ host: "shop.example.com", cookie: this.jar.headerFor(path) }, { path });
      const response = new ResponseRecorder();
      try {
        const { session, commit } = await manager.open(request);
        await handle(session);
        await commit(200, response);
        return session.userId;
      } catch (error) {
        for (const line of (error as SessionError).cookies) this.jar.take(line);
        return (error as SessionError).statusCode;
      } finally {
        for (const line of response.all("set-cookie")) this.jar.take(line);
      }
    }
  }
  const signIn = (session: Session): Promise<string> => session.signIn("ann");

  for (const [what, before, after] of [
    ["partitioned turned on", { sameSite: "None" }, { sameSite: "None", partitioned: true }],
    ["partitioned turned off", { sameSite: "None", partitioned: true }, { sameSite: "None" }],
    ["a domain taken away", { name: "sid", domain: "example.com" }, { name: "sid" }],
    ["a domain introduced", { name: "sid" }, { name: "sid", domain: "example.com" }],
    ["both changed", { name: "sid", domain: "example.com" }, { name: "sid", sameSite: "None", partitioned: true }],
  ] satisfies [string, CookieOptions, CookieOptions][]) {
    test(`of ${what} lock no user out`, async () => {
      const browser = new Visit();
      await browser.to(before, "/", signIn);
      assert.equal(await browser.to(after), "ann");
      assert.equal(await browser.to(after, "/", signIn), "ann");
      assert.equal(await browser.to(after), 400, "refused once, and expired by that");
      assert.equal(await browser.to(after), "ann");
      await browser.to(after, "/", (session) => session.signOut());
      assert.deepEqual([await browser.to(after), browser.jar.headerFor("/")], [null, undefined]);
    });
  }

  for (const [what, attributes, isHealed] of [
    ["a sibling domain", "Path=/; Domain=example.com", true],
    ["a sibling domain, partitioned", "Path=/; Domain=example.com; Secure; Partitioned", true],
    ["a path", "Path=/x", false],
    ["a path of a sibling domain", "Path=/x; Domain=example.com", false],
  ] as const) {
    test(`tossed from ${what}: no request acts in the tosser's session, before and after the 400`, async () => {
      const options = { name: "sid" };
      const [browser, tosser] = [new Visit(), new Visit()];
      const mallory = await tosser.to(options, "/", (session) => session.signIn("mallory"));
      assert.equal(mallory, "mallory");
      await browser.to(options, "/", signIn);
      browser.jar.take(`${tosser.jar.headerFor("/")}; ${attributes}`);
      assert.equal(await browser.to(options, "/x"), 400);
      assert.equal(await browser.to(options, "/x"), isHealed ? "ann" : 400);
      assert.equal(await browser.to(options), "ann");
    });
  }
});

describe("a Secure cookie over plain HTTP", () => {
  const warningsOf = async (
    options: CookieOptions,
    ...headers: Readonly<Record<string, string>>[]
  ): Promise<string[]> => {
    const warnings: string[] = [];
    const bench = new Bench({ transports: [cookieTransport(options)], onWarning: (message) => warnings.push(message) });
    for (const each of headers) {
      const { session, commit } = await bench.manager.open(requestWith(each));
      await session.signIn("ann");
      await commit(200, new ResponseRecorder());
    }
    return warnings;
  };
  const from = (host: string): Record<string, string> => ({ origin: `http://${host}`, host });

  test("is warned of once, with the name", async () => {
    const [warning, ...more] = await warningsOf({}, from("shop.test:3000"), from("shop.test:3000"), from("10.0.0.7"));
    assert.match(
      warning ?? "",
      /`Secure`.* plain HTTP to http:\/\/shop\.test:3000.* Serve HTTPS, or use http:\/\/localhost/,
    );
    assert.deepEqual(more, []);
  });

  test("is warned of where only the page before is known", async () => {
    const headers = { host: "shop.test", referer: "http://shop.test/login?x" };
    assert.equal((await warningsOf({}, headers)).length, 1);
  });

  for (const host of ["localhost", "localhost:3000", "app.localhost:3000", "127.0.0.1", "127.1.2.3:80", "[::1]:3000"])
    test(`is nothing to warn of at ${host}`, async () => assert.deepEqual(await warningsOf({}, from(host)), []));

  test("is nothing to warn of behind a proxy that ends TLS, from other clients, and where the cookie is not Secure", async () => {
    assert.deepEqual(
      await warningsOf(
        {},
        { origin: "https://shop.test", host: "shop.test" },
        { host: "shop.test" },
        { host: "shop.test", referer: "https://shop.test/" },
        { host: "shop.test", referer: "http://other.test/" },
      ),
      [],
    );
    assert.deepEqual(await warningsOf({ name: "sid", secure: false }, from("shop.test")), []);
  });
});
