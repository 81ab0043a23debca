// Nothing hides in a text that is shown, and no two texts look like one because of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { byDepth } from "sessile-test-support/depth";
import { printable, printableJson } from "#dist/http/printable.js";
import { nastyText } from "../hostile/nasty.ts";

const ROUNDS = byDepth(300, 20_000, 2_000_000);

const read = (shown: string): string =>
  shown.replace(/\\u([0-9a-f]{4})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

test("what turns text around, is invisible or has no shape is shown as its number", () => {
  for (const [text, shown] of [
    ["a\u202eb", "a\\u202eb"],
    ["\u200balice\u2060", "\\u200balice\\u2060"],
    ["a\u00adb\u3164c\ufe0f", "a\\u00adb\\u3164c\\ufe0f"],
    ["\u{e0041}", "\\udb40\\udc41"],
    ["\ud800x", "\\ud800x"],
    ["alice ", "alice\\u0020"],
    [" a  b", "\\u0020a \\u0020b"],
    ["a\u00a0b\u2003c", "a\\u00a0b\\u2003c"],
    ["\\u202e", "\\u005cu202e"],
    ["C:\\users", "C:\\users"],
    ["Zoë 🔑 名前 אב", "Zoë 🔑 名前 אב"],
  ] as const)
    assert.equal(printable(text), shown);
});

test("two texts are never shown as the same, and what is shown holds nothing that hides", () => {
  fc.assert(
    fc.property(nastyText(300), (text) => {
      const shown = printable(text);
      assert.equal(read(shown), text);
      assert.doesNotMatch(shown, /(?! )[\p{C}\p{Z}\p{DI}]|^ | $| {2}/u);
      assert.equal(printable(text.repeat(2)), printable(text.repeat(2)), "no state is kept between calls");
    }),
    { numRuns: ROUNDS },
  );
});

test("JSON stays what it says, and holds nothing that hides either", () => {
  fc.assert(
    fc.property(nastyText(300), nastyText(20), fc.constantFrom(0, 2), (text, key, indent) => {
      const value = { [`k${key}`]: [text, { text }] };
      const shown = printableJson(JSON.stringify(value, null, indent));
      assert.deepEqual(JSON.parse(shown), value);
      assert.doesNotMatch(shown.replaceAll("\n", ""), /(?! )[\p{C}\p{Z}\p{DI}]/u);
    }),
    { numRuns: ROUNDS },
  );
});
