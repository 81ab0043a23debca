// The cookie transport: exact Set-Cookie lines, and which options go together.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type CookieOptions, cookieTransport } from "sessile";
import { byDepth } from "sessile-test-support/depth";
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

  test("F9: sign-out tells the browser what else to forget, and sign-in does not", () => {
    const sent = (options: CookieOptions): (string | undefined)[] => {
      const transport = cookieTransport(options);
      const [issued, cleared] = [new ResponseRecorder(), new ResponseRecorder()];
      transport.issue("TOKEN", 1000, issued);
      transport.clear(cleared);
      return [issued.get("clear-site-data"), cleared.get("clear-site-data")];
    };
    assert.deepEqual(sent({}), [undefined, '"cache", "storage"']);
    assert.deepEqual(sent({ clearSiteData: ["cookies"] }), [undefined, '"cookies"']);
    assert.deepEqual(sent({ clearSiteData: [] }), [undefined, undefined]);
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
