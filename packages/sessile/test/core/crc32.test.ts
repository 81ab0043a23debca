// The checksum: known values, an independent implementation, and its six digits.

import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 as reference } from "node:zlib";
import { crc32, sixDigits } from "#dist/core/crc32.js";
import { randomBase62 } from "#dist/core/random.js";

test("crc32 gives the check values of the standard", () => {
  assert.equal(crc32(""), 0);
  assert.equal(crc32("123456789"), 0xcbf43926);
  assert.equal(crc32("The quick brown fox jumps over the lazy dog"), 0x414fa339);
  assert.equal(crc32("a"), 0xe8b7be43);
});

test("crc32 agrees with zlib's", () => {
  for (let length = 0; length < 200; length++) {
    const text = randomBase62(length);
    assert.equal(crc32(text), reference(text));
    assert.equal(crc32(`${text}tail`, length), reference(text));
  }
});

test("sixDigits has a fixed length, an order and no collisions at the ends", () => {
  assert.equal(sixDigits(0), "000000");
  assert.equal(sixDigits(61), "00000z");
  assert.equal(sixDigits(62), "000010");
  assert.equal(sixDigits(0xffffffff), "4gfFC3");
  assert.equal(new Set([0, 1, 61, 62, 3843, 3844, 0xfffffffe, 0xffffffff].map(sixDigits)).size, 8);
});
