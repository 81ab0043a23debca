// Which spellings are one name.

import assert from "node:assert/strict";
import { test } from "node:test";
import { normalizeName } from "#dist/identity/users/user-name.js";

test("case, width and composition do not make another name", () => {
  for (const text of ["alice", "Alice", "ＡＬＩＣＥ", "ａlice"]) assert.equal(normalizeName(text), "alice");
  assert.equal(normalizeName("Zoe\u0308"), "zo\u00eb");
  for (const text of ["alice@example.org", "名前", "o'neil", "x".repeat(64), "🄰", "İ"]) {
    const name = normalizeName(text);
    assert.ok(name !== null, text);
    assert.equal(normalizeName(name), name, "the form is stable");
  }
});

test("spaces, controls, direction marks, symbols and long texts are no name", () => {
  for (const text of [
    "",
    " ",
    "a b",
    "a\0",
    "a\n",
    "\u202ealice",
    "alice\u200b",
    "alice\ufe0f",
    "alice\u034f",
    "alice\u3164",
    "alice\u115f",
    "a\u00a0b",
    "🔑",
    "x".repeat(65),
    "\ufdfa".repeat(60),
    "\ud800",
  ])
    assert.equal(normalizeName(text), null, JSON.stringify(text));
});
