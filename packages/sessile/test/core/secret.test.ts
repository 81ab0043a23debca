// Digests of secrets.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { digestSecret, sameDigest } from "#dist/core/token.js";

test("C1: digestSecret is SHA-256 in base64url", () => {
  assert.equal(digestSecret("abc"), "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
  assert.equal(digestSecret("é🔑"), createHash("sha256").update("é🔑", "utf8").digest("base64url"));
});

test("A7: sameDigest accepts equal digests only", () => {
  const digest = digestSecret("x");
  assert.equal(sameDigest(digest, digestSecret("x")), true);
  for (let index = 0; index < digest.length; index++) {
    const other = digest[index] === "A" ? "B" : "A";
    assert.equal(sameDigest(digest, digest.slice(0, index) + other + digest.slice(index + 1)), false);
  }
});

test("A7: digests of different length are different and no error", () => {
  assert.equal(sameDigest("", ""), false, "an empty digest stands for none");
  const digest = digestSecret("x");
  for (const other of ["", "A", digest.slice(1), `${digest}A`, "x".repeat(10_000)]) {
    assert.equal(sameDigest(digest, other), false);
    assert.equal(sameDigest(other, digest), false);
  }
});
