// Which values a session may hold: everything else is refused, and nothing that is accepted changes on its way.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { byDepth } from "sessile-test-support/depth";
import { checkKey, copyJson, formatData, parseData } from "#dist/core/data.js";

class Point {
  x = 1;
}
class Bare extends (null as unknown as ObjectConstructor) {
  static make(): object {
    return Object.create(Bare.prototype) as object;
  }
}

const cycle: Record<string, unknown> = {};
cycle["self"] = { deeper: [cycle] };

function nested(depth: number): unknown {
  return depth === 0 ? 1 : { inner: nested(depth - 1) };
}

const REFUSED: readonly [string, unknown][] = [
  ["undefined", undefined],
  ["NaN", Number.NaN],
  ["minus zero", -0],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["minus Infinity", Number.NEGATIVE_INFINITY],
  ["a bigint", 1n],
  ["a symbol", Symbol("s")],
  ["a function", () => 1],
  ["a class", Point],
  ["a date", new Date(0)],
  ["a map", new Map([["a", 1]])],
  ["a set", new Set([1])],
  ["a weak map", new WeakMap()],
  ["a buffer", Buffer.from("x")],
  ["a typed array", new Float64Array(2)],
  ["an array buffer", new ArrayBuffer(2)],
  ["a class instance", new Point()],
  ["an instance of a class that extends null", Bare.make()],
  ["an object that inherits from another", Object.create({ inherited: 1 })],
  [
    "an object that inherits from a bare one",
    Object.create(Object.create(null, { inherited: { value: 1, enumerable: true } })),
  ],
  ["an error", new Error("x")],
  ["a regular expression", /x/],
  ["a promise", Promise.resolve(1)],
  ["a boxed string", new String("x")],
  ["a boxed number", new Number(1)],
  ["a URL", new URL("http://x.example")],
  ["a date of another realm", runInNewContext("new Date(0)")],
  ["a map of another realm", runInNewContext("new Map()")],
  ["a cycle", cycle],
  ["nesting that is too deep", nested(33)],
  ["half a surrogate pair", "a\ud83d"],
  ["the other half", "\udd11b"],
  ["half a pair in a key", { "\ud83d": 1 }],
  ["a __proto__ key", JSON.parse('{"__proto__": {"admin": true}}')],
  ["a sparse array", Object.assign(new Array(3), { 0: 1, 2: 3 })],
];

for (const [name, value] of REFUSED) {
  test(`G4: copyJson refuses ${name}, at the top and inside`, () => {
    const refused = { name: "SessionError", code: "ERR_SESSION_VALUE" };
    assert.throws(() => copyJson(value, "key"), refused);
    assert.throws(() => copyJson([value], "key"), refused);
    if (value !== undefined) assert.throws(() => copyJson({ inner: { value } }, "key"), refused);
  });
}

test("copyJson names the key it refuses and never the value", () => {
  for (const value of ["secret-value\ud800", { "secret-value\ud800": 1 }, [new Map([["secret-value", 1]])]]) {
    assert.throws(
      () => copyJson(value, "cart"),
      (error: Error) => !error.message.includes("secret-value"),
    );
  }
  assert.throws(() => copyJson(new Point(), "cart"), /`cart`.*Point/);
});

test("copyJson leaves out members that are undefined, and refuses undefined in a list", () => {
  const value = { name: "anna", avatar: undefined, inner: [{ at: undefined, n: 1 }] };
  assert.deepEqual(copyJson(value, "user"), { name: "anna", inner: [{ n: 1 }] });
  assert.throws(() => copyJson({ list: [1, undefined] }, "user"), { message: /^`user\.list\[1\]` .*not undefined\.$/ });
});

test("copyJson names the path of what it refuses, and what it is", () => {
  const list = [1, 2, 3];
  const around: unknown[] = [];
  around.push({ around });
  const shared = { n: 1 };
  for (const [value, message] of [
    [{ avatar: new Map() }, /^`key\.avatar` of a session must be JSON, not a Map: /],
    [[1, 2, 3, { when: new Date() }], /^`key\[3\]\.when` .* not a Date: keep its `getTime\(\)`/],
    [{ a: { b: () => 1 } }, /^`key\.a\.b` .* not a function\.$/],
    [{ a: 1n }, /^`key\.a` .* not a BigInt\.$/],
    [{ a: Symbol("secret") }, /^`key\.a` .* not a symbol\.$/],
    [[Number.NaN], /^`key\[0\]` .* not NaN\.$/],
    [{ a: [Number.POSITIVE_INFINITY] }, /^`key\.a\[0\]` .* not Infinity\.$/],
    [{ a: new Point() }, /^`key\.a` .* not an instance of Point\.$/],
    [{ a: Bare.make() }, /^`key\.a` .* not an instance of Bare\.$/],
    [new (class {})(), /^`key` .* not an instance of a class\.$/],
    [around, /^`key\[0\]\.around` .* not a cycle\.$/],
    [cycle, /^`key\.self\.deeper\[0\]` .* not a cycle\.$/],
    [[around], /^`key\[0\]\[0\]\.around` .* not a cycle\.$/],
    [[shared, shared, nested(40)], /^`key\[2\](\.inner){31}` .* not nested deeper than `limits\.depth`\.$/],
    [{ a: Object.assign(list, { named: 1 }) }, /^`key\.a` .* not something with gaps or hidden properties\.$/],
    [{ ["t".repeat(60)]: 1n }, /^`key\.…` /],
  ] as const) {
    assert.throws(() => copyJson(value, "key"), { code: "ERR_SESSION_VALUE", message });
  }
});

test("copyJson accepts what JSON carries, of this realm and of others", () => {
  for (const value of [
    null,
    true,
    0,
    -1.5,
    1e308,
    "",
    "🔑\u2028\0",
    [],
    {},
    [[{ a: [null] }]],
    nested(32),
    { constructor: 1, toString: "x", hasOwnProperty: null, prototype: [] },
  ]) {
    assert.deepEqual(copyJson(value, "key"), value);
  }
  assert.deepEqual(copyJson(Object.assign(Object.create(null), { a: 1 }), "key"), { a: 1 });
  assert.deepEqual(copyJson(runInNewContext("({ a: [1, { b: 2 }] })"), "key"), { a: [1, { b: 2 }] });
});

test("G6: copyJson shares nothing with the original", () => {
  const value = { list: [{ n: 1 }] };
  const copy = copyJson(value, "key") as typeof value;
  (value.list[0] as { n: number }).n = 2;
  value.list.push({ n: 3 });
  assert.deepEqual(copy, { list: [{ n: 1 }] });
});

test("the depth of a value is counted in arrays and objects", () => {
  assert.deepEqual(copyJson([[1]], "key", 2), [[1]]);
  assert.throws(() => copyJson([[[1]]], "key", 2), { code: "ERR_SESSION_VALUE" });
  assert.equal(copyJson(1, "key", 0), 1);
});

test("checkKey refuses what cannot be a key", () => {
  for (const bad of ["__proto__", "\ud800", "a\udc00", 1, null, undefined, Symbol("s"), {}]) {
    assert.throws(() => checkKey(bad), { code: "ERR_SESSION_VALUE" });
  }
  for (const good of [
    "",
    "constructor",
    "prototype",
    "__PROTO__",
    "toString",
    "a.b",
    "🔑",
    'x"__proto__',
    "__proto__ ",
  ]) {
    assert.equal(checkKey(good), good);
  }
});

test("G4: whatever copyJson accepts comes back from its text as it was", () => {
  const value = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withNullPrototype: true,
    withSparseArray: true,
    withTypedArray: true,
    withBoxedValues: true,
    withUnicodeString: true,
    key: fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("__proto__", "constructor", "toString", '"__proto__":', "__PROTO__", "\\u005f_proto__"),
    ),
  } as fc.ObjectConstraints);
  const numRuns = byDepth(300, 3000, 100_000);
  let accepted = 0;
  fc.assert(
    fc.property(fc.oneof(value, fc.jsonValue()), (original) => {
      let copy: ReturnType<typeof copyJson>;
      try {
        copy = copyJson(original, "key");
      } catch (error) {
        assert.equal((error as { code?: string }).code, "ERR_SESSION_VALUE");
        return;
      }
      accepted++;
      assert.ok(sameJson(original, copy));
      assert.ok(sameJson(original, parseData(formatData({ key: copy }))["key"]));
    }),
    { numRuns },
  );
  assert.ok(accepted > numRuns / 6, `only ${accepted} values were accepted`);
});

test("G1: every key that checkKey accepts can be stored and read again", () => {
  const nasty = fc.constantFrom(
    "__proto__",
    '"__proto__":',
    'x"__proto__',
    "__PROTO__",
    "__Proto__",
    "\\u005f_proto__",
    "\\",
    "\u0001",
    "constructor",
  );
  const key = fc.oneof(
    fc.string({ unit: "grapheme" }),
    nasty,
    fc.tuple(nasty, fc.string(), nasty).map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(key, key, (outer, inner) => {
      fc.pre([outer, inner].every((each) => each !== "__proto__" && each.isWellFormed()));
      const data = { [outer]: copyJson({ [inner]: inner }, outer) };
      assert.ok(sameJson(parseData(formatData(data)), data));
    }),
    { numRuns: byDepth(500, 2000, 100_000) },
  );
});

const underscore = ["_", "\\u005f", "\\u005F"];
const SPELLINGS = [
  ...underscore.flatMap((a) => underscore.map((b) => `${a}${b}proto__`)),
  "__prot\\u006f__",
  "\\u005f\\u005f\\u0070\\u0072\\u006f\\u0074\\u006f\\u005f\\u005f",
  "__\\u0070roto_\\u005F",
];

test("G1: a __proto__ key in stored text is refused however it is escaped, at every depth", () => {
  const own = Object.getOwnPropertyNames(Object.prototype).sort();
  for (const spelling of SPELLINGS) {
    for (const text of [
      `{"${spelling}":{"admin":true}}`,
      `{"${spelling}" \n:{"admin":true}}`,
      `{"a":{"${spelling}":{"admin":true}}}`,
      `{"a":[1,{"b":[{"${spelling}":1}]}]}`,
    ]) {
      assert.ok(
        Object.hasOwn(JSON.parse(`{"${spelling}":1}`) as object, "__proto__"),
        "the spelling means what it says",
      );
      assert.throws(() => parseData(text), { code: "ERR_SESSION_RECORD" }, text);
    }
  }
  assert.equal(({} as Record<string, unknown>)["admin"], undefined);
  assert.deepEqual(Object.getOwnPropertyNames(Object.prototype).sort(), own);
});

test("G1: text that only looks like a __proto__ key is data", () => {
  for (const data of [
    { __PROTO__: 1 },
    { 'x"__proto__': 1 },
    { '"__proto__":': 1 },
    { "\\u005f_proto__": 1 },
    { a: "__proto__" },
    { a: '{"__proto__":{"x":1}}' },
    { a: ["\u0001\u001f", '"__proto__":'] },
    { __proto: 1, proto__: 2, "__proto__ ": 3 },
  ]) {
    assert.ok(sameJson(parseData(formatData(data)), data));
  }
});

test("G1: constructor and prototype keys are stored inertly", () => {
  const data = parseData('{"constructor":{"prototype":{"polluted":1}},"prototype":{"polluted":1}}');
  const merged = Object.assign({}, data, data["constructor"]) as Record<string, unknown>;
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
  assert.equal(merged["polluted"], undefined);
  assert.equal(Object.getPrototypeOf(data), null);
  assert.equal(data["toString"], undefined);
});

test("G2: text that is no JSON object is no session data", () => {
  for (const text of [
    "",
    "null",
    "1",
    '"x"',
    "[]",
    "[{}]",
    "{",
    '{"a":}',
    '{"a":1}x',
    "undefined",
    "NaN",
    "\0",
    "{'a':1}",
    "[".repeat(200_000),
    `{"__proto__":${"[".repeat(200_000)}${"]".repeat(200_000)}}`,
  ]) {
    assert.throws(() => parseData(text), { code: "ERR_SESSION_RECORD" }, text.slice(0, 30));
  }
});

/** Equality of JSON values whatever their prototypes; holes and `-0` are different from everything. */
function sameJson(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return Object.is(a, b);
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a).filter((key) => (a as Record<string, unknown>)[key] !== undefined);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every(
    (key) =>
      Object.hasOwn(b, key) && sameJson((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
  );
}

describe("stored data", () => {
  const nested = (depth: number): string => `{"a":${"[".repeat(depth)}${"]".repeat(depth)}}`;
  const wide = (bytes: number): string => `{"a":"${"x".repeat(bytes - 8)}"}`;

  test("G2: within the greatest depth and size is read", () => {
    for (const text of [nested(1000), `{"b":[${"[],".repeat(5000)}{}],"a":${nested(998)}}`, wide(16 * 1024 ** 2)])
      assert.ok(parseData(text)["a"] !== undefined);
  });

  for (const [what, text] of [
    ["one level deeper", nested(1001)],
    ["20,000 levels deep", nested(20_000)],
    ["objects, deep", `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`],
    ["deep beside much that is not", `{"b":[${"[],".repeat(5000)}{}],"a":${nested(20_000)}}`],
    ["deep, with a reviver", `{"\\u0061":${"[".repeat(20_000)}${"]".repeat(20_000)}}`],
    ["one byte larger", wide(16 * 1024 ** 2 + 1)],
    ["30 MB", wide(30_000_000)],
  ] as const) {
    test(`G2: ${what} is a record that cannot be read`, () => {
      const start = performance.now();
      assert.throws(() => parseData(text), { code: "ERR_SESSION_RECORD" });
      assert.ok(performance.now() - start < 2000, "and is not looked at for long");
    });
  }
});
