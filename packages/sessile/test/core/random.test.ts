// The source of randomness: its bytes are spread evenly, and wiped after use.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { mock, test } from "node:test";
import { fileURLToPath } from "node:url";
import { BASE62, randomBase62 } from "#dist/core/token.js";

/** Replaces the system's generator while `run` runs, and uses up what is left of the pool before. */
function withGenerator(fill: (pool: Uint8Array) => void, run: () => void): void {
  let calls = 0;
  const stub = mock.method(crypto, "getRandomValues", (pool: Uint8Array) => {
    calls++;
    fill(pool);
    return pool;
  });
  try {
    while (calls === 0) randomBase62(1);
    run();
  } finally {
    stub.mock.restore();
  }
}

test("A1: randomBase62 takes every character from the system's generator, and from nothing else", () => {
  const noise = mock.method(Math, "random", () => assert.fail("Math.random is no source of secrets"));
  let byte = 0;
  withGenerator(
    (pool) => {
      for (let index = 0; index < pool.length; index++) pool[index] = byte++ % 248;
    },
    () => {
      assert.equal(
        randomBase62(247),
        Array.from({ length: 247 }, (_, index) => BASE62[((index + 1) % 248) % 62]).join(""),
      );
    },
  );
  noise.mock.restore();
});

test("A1: bytes that would favour some characters are thrown away", () => {
  withGenerator(
    (pool) => {
      for (let index = 0; index < pool.length; index++) pool[index] = index === 0 ? 0 : 248 + (index % 8);
      pool[pool.length - 1] = 61;
    },
    () => assert.equal(randomBase62(1), "z"),
  );
});

test("A1: no file of the core has another source of randomness", () => {
  const folder = fileURLToPath(new URL("../../src/core", import.meta.url));
  let calls = 0;
  for (const file of readdirSync(folder)) {
    const text = readFileSync(`${folder}/${file}`, "utf8");
    assert.doesNotMatch(text, /Math\.random|randomUUID|randomBytes|randomInt|process\.(?:pid|hrtime)/, file);
    calls += text.match(/getRandomValues/g)?.length ?? 0;
  }
  assert.equal(calls, 1);
});

test("A2: when the generator fails, so does randomBase62, every time, until the generator works again", () => {
  const stub = mock.method(crypto, "getRandomValues", () => {
    throw new Error("no entropy");
  });
  assert.throws(() => randomBase62(5000), /no entropy/);
  for (let attempt = 0; attempt < 3; attempt++) assert.throws(() => randomBase62(1), /no entropy/);
  stub.mock.restore();
  assert.match(randomBase62(100), /^[0-9A-Za-z]{100}$/);
});

test("A1: the characters are evenly distributed", () => {
  const counts = new Map<string, number>();
  const drawn = 620_000;
  const text = Array.from({ length: drawn / 100 }, () => randomBase62(100)).join("");
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  assert.equal(counts.size, 62);
  const expected = drawn / 62;
  const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  assert.ok(chiSquare < 150, `chi-square ${chiSquare} with 61 degrees of freedom`); // more than 150: once in 10^9 runs
});

test("A1: bytes are wiped from the pool as they are used", () => {
  let seen: Uint8Array | undefined;
  withGenerator(
    (pool) => {
      seen = pool;
      pool.fill(7);
    },
    () => {
      randomBase62(99);
      const used = [...(seen as Uint8Array)].filter((byte) => byte === 0).length;
      assert.equal(used, 100);
      assert.equal(seen?.[99], 0);
      assert.equal(seen?.[100], 7);
    },
  );
});
