// A header value that may be several.

import assert from "node:assert/strict";
import { test } from "node:test";
import { distinct } from "#dist/transports/header.js";

test("distinct gives every value once, without empty ones and blanks", () => {
  for (const [value, expected] of [
    [undefined, []],
    ["", []],
    ["a", ["a"]],
    ["a, b", ["a", "b"]],
    ["a,a ,  a", ["a"]],
    [" , ,", []],
    ["a,,b,", ["a", "b"]],
    ["__proto__, constructor", ["__proto__", "constructor"]],
  ] as const) {
    assert.deepEqual(distinct(value), expected);
  }
});
