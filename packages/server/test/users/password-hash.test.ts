// K2: how passwords are hashed.

import assert from "node:assert/strict";
import { scryptSync } from "node:crypto";
import { test } from "node:test";
import { newPasswordProblem, passwordBytes } from "#dist/identity/users/password.js";
import { PasswordHasher } from "#dist/identity/users/password-hash.js";

const PASSWORD = Buffer.from("correct horse battery staple");

test("K2: by default a hash is scrypt with N=2^17, r=8, p=1, a salt of 16 random bytes, as a PHC string", async () => {
  const hasher = new PasswordHasher();
  const stored = await hasher.hash(PASSWORD);
  const [, salt = "", hash] = /^\$scrypt\$ln=17,r=8,p=1\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/.exec(stored) ?? [];
  const expected = scryptSync(PASSWORD, Buffer.from(salt, "base64"), 32, { N: 2 ** 17, r: 8, p: 1, maxmem: 2 ** 28 });
  assert.equal(hash, expected.toString("base64").replace(/=+$/, ""));
  assert.equal(await hasher.verify(PASSWORD, stored), true);
});

test("K2: two hashes of one password differ, and each knows its password only", async () => {
  const hasher = new PasswordHasher({ ln: 4 });
  const [first, second] = [await hasher.hash(PASSWORD), await hasher.hash(PASSWORD)];
  assert.notEqual(first, second);
  for (const stored of [first, second]) {
    assert.equal(await hasher.verify(PASSWORD, stored), true);
    for (const other of [
      "",
      "correct horse battery stapl",
      "correct horse battery staple\0x",
      "Correct horse battery staple",
    ])
      assert.equal(await hasher.verify(Buffer.from(other), stored), false);
  }
  assert.equal(await hasher.verify(PASSWORD, null), false);
});

test("K1: the work is the same for an unknown user, for a current hash and for a cheaper one", async () => {
  for (const ln of [1, 3, 5, 6]) {
    let work = 0;
    const derive = async (_password: Uint8Array, _salt: Uint8Array, cost: number): Promise<Buffer> => {
      work += 2 ** cost;
      return Buffer.alloc(32);
    };
    const stored = await new PasswordHasher({ ln }).hash(PASSWORD);
    const hasher = new PasswordHasher({ ln: 6, derive });
    await hasher.verify(PASSWORD, ln === 6 ? null : stored);
    assert.equal(work, 2 ** 6);
    assert.equal(hasher.isOutdated(stored), ln < 6);
  }
});

test("a hash that is damaged, or asks for more than 1 GiB, is an error and never a match", async () => {
  const hasher = new PasswordHasher({ ln: 4 });
  const stored = await hasher.hash(PASSWORD);
  for (const damaged of [
    "",
    "x",
    stored.slice(0, -1),
    stored.replace("ln=4", "ln=0"),
    stored.replace("ln=4", "ln=21"),
    stored.replace("r=8", "r=9"),
    stored.replace("scrypt", "argon2id"),
  ])
    await assert.rejects(hasher.verify(PASSWORD, damaged), /cannot be read/);
});

test("K2: a new password has 15 characters or more, and at most 4,096 bytes of valid text, and is not guessable", async () => {
  const hard = "wL7\u00e9 kq-Vz";
  for (const good of [
    `${hard} 12345`,
    `${hard}${"x".repeat(4085)}`,
    `${"🔑".repeat(5)}${hard}`,
    "with\0nul and\nlines",
  ])
    assert.equal(await newPasswordProblem(good, "alice"), null, good.slice(0, 30));
  for (const bad of [
    "",
    `${hard} 123`,
    `${hard}${"🔑".repeat(4)}`,
    `${hard}${"x".repeat(4087)}`,
    `${hard}${"密".repeat(1362)}`,
    "123456789012345",
    "alicealicealice",
    `\ud800${"x".repeat(20)}`,
    `${"x".repeat(20)}\0`,
  ])
    assert.notEqual(await newPasswordProblem(bad, "alice"), null, bad.slice(0, 30));
});

test("K2: a password is the same in every composition, and otherwise as typed", () => {
  assert.deepEqual(passwordBytes("cafe\u0301"), passwordBytes("caf\u00e9"));
  assert.deepEqual(passwordBytes("a\0b"), Buffer.from([97, 0, 98]));
  assert.notDeepEqual(passwordBytes("\ufb01x"), passwordBytes("fix"));
  assert.equal(passwordBytes("\udc00"), null);
});

test("K2: a NUL at the end, which scrypt would not see, makes no password", async () => {
  const hasher = new PasswordHasher({ ln: 4 });
  const stored = await hasher.hash(PASSWORD);
  const withNul = Buffer.concat([PASSWORD, Buffer.alloc(1)]);
  assert.equal(await hasher.verify(withNul, stored), true, "this is why");
  assert.equal(passwordBytes(withNul.toString()), null);
});
