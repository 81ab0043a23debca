// Finding one cookie in a Cookie header: byte for byte.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readCookies } from "#dist/transports/cookie-header.js";

const NAME = "__Host-session";

for (const [header, expected] of [
  [undefined, []],
  ["", []],
  ["__Host-session=A", ["A"]],
  ["a=b; __Host-session=A; c=d", ["A"]],
  ["a=b;__Host-session=A;c=d", ["A"]],
  [";;  __Host-session=A ;", ["A"]],
  ["\t__Host-session=A\t", ["A"]],
  ["__Host-session=A=B==", ["A=B=="]],
  ["__Host-session=a b", ["a b"]],
  ["__Host-session=", []],
  ["__Host-session=   ", []],
  ["__Host-session", []],
  ["__Host-session=; __Host-session=A", ["A"]],
  ["__Host-session=A; __Host-session=A", ["A"]],
  ["__Host-session=A; __Host-session=B", ["A", "B"]],
  ['__Host-session="A"', ['"A"']],
  ['__Host-session="A; __Host-session=B"', ['"A', 'B"']],
  ["__Host-session=%41", ["%41"]],
] as const) {
  test(`${JSON.stringify(header) ?? "no header"} holds ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(readCookies(header, NAME), expected);
  });
}

for (const header of [
  "\u2000__Host-session=A",
  "\u00a0__Host-session=A",
  "\u0085__Host-session=A",
  "\ufeff__Host-session=A",
  "\u00e2\u0080\u0080__Host-session=A",
  "\v__Host-session=A",
  "\0__Host-session=A",
  "__host-session=A",
  "__HOST-session=A",
  "__Host-Session=A",
  "__Hoſt-session=A",
  "=__Host-session=A",
  "==__Host-session=A",
  "%5F%5FHost-session=A",
  "__Host%2dsession=A",
  '"__Host-session"=A',
  "$__Host-session=A",
  "__Host-session =A",
  "__Host-session\t=A",
  "__Host-session\u2000=A",
  "x__Host-session=A",
  "__Host-session.x=A",
  "__Host-sessionx=A",
  "a=__Host-session=A",
  "a=b, __Host-session=A",
  "__Host-session: A",
]) {
  test(`B6: ${JSON.stringify(header)} does not hold the cookie`, () => {
    assert.deepEqual(readCookies(header, NAME), []);
    assert.deepEqual(readCookies(`a=b; ${header}`, NAME), []);
    assert.deepEqual(readCookies(`${header}; ${NAME}=real`, NAME), ["real"]);
  });
}

test("B6: the legacy $Version syntax has no meaning", () => {
  assert.deepEqual(readCookies('$Version=1; __Host-session="A"; $Path=/', NAME), ['"A"']);
});

test("a name with characters that mean something elsewhere is matched as it is", () => {
  for (const name of ["a.b", "a+b", "a*b", "$a", "a^b|c", "constructor", "__proto__"]) {
    assert.deepEqual(readCookies(`${name}=A`, name), ["A"]);
    assert.deepEqual(readCookies("axb=A; aab=B; toString=C", name), []);
  }
});

test("B7: a hostile header is read in linear time", () => {
  const blanks = " ".repeat(200_000);
  const start = performance.now();
  readCookies(`${NAME}=${blanks}x`, NAME);
  readCookies(`${NAME}=a${blanks}x${blanks}`, NAME);
  readCookies(`${blanks}${NAME}=x`, NAME);
  readCookies(`${NAME};`.repeat(20_000), NAME);
  readCookies(`${NAME}=x;`.repeat(20_000), NAME);
  assert.ok(performance.now() - start < 20_000, "quadratic time would be minutes");
});

test("whatever stands around it, a cookie is found exactly when a pair is its name, an equals sign and a value", () => {
  const part = fc.oneof(
    fc.constantFrom(NAME, `${NAME}=`, `${NAME}=A`, "=", ";", "; ", " ", "\t", "\u2000", '"', "%", "a=b"),
    fc.string({ maxLength: 5 }),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      const header = parts.join("");
      const expected = new Set<string>();
      for (const pair of header.split(";")) {
        const match = /^[ \t]*__Host-session=(.*)$/s.exec(pair);
        const value = match?.[1]?.replace(/^[ \t]+$/, "").replace(/([^ \t])[ \t]+$/, "$1");
        if (value) expected.add(value);
      }
      assert.deepEqual(readCookies(header, NAME), [...expected]);
    }),
    { numRuns: 2000 },
  );
});
