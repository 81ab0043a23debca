// ASVS 6.2.4, NIST SP 800-63B-4 §3.1.1.2: what is tried first is no password, however long.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { byDepth } from "sessile-test-support/depth";
import { isGuessable } from "#dist/identity/users/guessable.js";
import { nastyText } from "../hostile/nasty.ts";

test("K2: sequences, repetitions, common passwords and what is put together of them are guessable", async () => {
  for (const password of [
    "123456789012345",
    "098765432109876",
    "aaaaaaaaaaaaaaa",
    "               ",
    "密密密密密密密密密密密密密密密",
    "abcdefghijklmnop",
    "qwertyuiopasdfgh",
    "1q2w3e4r5t6y7u8i",
    "zxcvbnmasdfghjkl",
    "passwordpassword",
    "Password12345678",
    "P@ssw0rdP@ssw0rd",
    "iloveyouiloveyou",
    "monkeydragon123",
    "letmeinletmein1",
    "Summer2024Summer2024",
    "qwerty-qwerty-qwerty",
    "sunshine football monkey",
    "aaaaaaaaaaaaaab",
    "abcabcabcabcabc",
    "１２３４５６７８９０１２３４５",
    "a".repeat(4096),
    "password".repeat(500),
  ])
    assert.equal(await isGuessable(password, "zoe"), true, password);
});

test("K2: the user's own name is guessable, forwards and backwards, in parts and with little beside it", async () => {
  for (const [password, name] of [
    ["alicealicealice", "alice"],
    ["Alice.Alice.Alice", "alice"],
    ["ecilaecilaecila", "alice"],
    ["alice1234567890", "alice"],
    ["bobbobbobbobbob", "bob"],
    ["jonathan-whitfield", "jonathan.whitfield@example.org"],
    ["whitfieldjonathan1", "jonathan.whitfield@example.org"],
    ["名前名前名前名前名前名前名前名前", "名前"],
  ] as const)
    assert.equal(await isGuessable(password, name), true, password);
  assert.equal(await isGuessable("jonathan-whitfield", "zoe"), false, "to another user it is not");
});

test("phrases and random texts are passwords", async () => {
  for (const password of [
    "correct horse battery staple",
    "correcthorsebatterystaple",
    "troubador and 3 cats",
    "the quick brown fox",
    "a different password, longer",
    "483920175638204",
    "bgtrnmqpwfkdlzs",
    "длинный пароль для входа",
  ])
    assert.equal(await isGuessable(password, "alice"), false, password);
  for (let i = 0; i < 1000; i++) {
    const password = randomBytes(12).toString("base64url").slice(0, 15);
    assert.equal(await isGuessable(password, "alice"), false, password);
  }
});

test("whatever the text, the answer comes soon", async () => {
  await isGuessable("x", "y"); // the list is loaded once
  const slow: [number, string][] = [];
  await fc.assert(
    fc.asyncProperty(nastyText(4096), nastyText(64), async (password, name) => {
      const before = process.cpuUsage();
      await isGuessable(password, name);
      const { user } = process.cpuUsage(before);
      if (user > 500_000) slow.push([user, password]);
    }),
    { numRuns: byDepth(50, 2000, 100_000) },
  );
  assert.deepEqual(slow, []);
});
