// API keys in their file: what is kept of them, and which texts are one.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { testClock } from "sessile/testing";
import { KeyStore, type NewKey } from "#dist/identity/keys/key-store.js";
import { openUserFile } from "#dist/identity/users/user-file.js";
import { freshUserFile } from "../sign-in/sign-in-app.ts";

function open(path = freshUserFile()) {
  const clock = testClock();
  const file = openUserFile(path, { synchronous: "NORMAL" });
  const keys = new KeyStore(file, clock.now);
  const add = (name: string): NewKey => keys.add(name, ["sessions:read"]) ?? assert.fail(name);
  return { clock, file, keys, add, path };
}

test("a key opens what it was made for, under a name that is taken once", () => {
  const { keys, add } = open();
  const { key, info } = add("shop");
  assert.match(key, /^sak_[0-9a-f]{80}$/);
  assert.equal(keys.add("shop", ["users:read"]), null);
  assert.deepEqual(keys.verify(key), info);
  assert.deepEqual(info.scopes, ["sessions:read"]);
  assert.deepEqual(keys.list(), [info]);
});

test("no text but the key itself is the key", () => {
  const { keys, add } = open();
  const { key } = add("shop");
  const other = add("blog").key;
  const flipped = `${key.slice(0, -1)}${key.endsWith("0") ? "1" : "0"}`;
  const mixed = `${key.slice(0, 20)}${other.slice(20)}`;
  for (const text of ["", "sak_", key.slice(4), `${key}0`, key.toUpperCase(), `${key} `, flipped, mixed])
    assert.equal(keys.verify(text), null, text.length.toString());
});

test("C1: the file holds no secret of a key", () => {
  const { file, add, path } = open();
  const secrets = ["shop", "blog"].map((name) => add(name).key.slice(20));
  file.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  const bytes = readFileSync(path).toString("latin1");
  assert.ok(bytes.includes("blog"));
  for (const secret of secrets) assert.ok(!bytes.includes(secret));
});

test("a revoked key is none at once, also for another connection, and its name is free again", () => {
  const { keys, add, path } = open();
  const { key } = add("shop");
  const elsewhere = new KeyStore(openUserFile(path, { synchronous: "NORMAL" }));
  assert.notEqual(elsewhere.verify(key), null);
  assert.equal(keys.revoke("shop"), true);
  assert.equal(elsewhere.verify(key), null);
  assert.equal(keys.revoke("shop"), false);
  assert.notEqual(keys.verify(add("shop").key), null);
});

test("a rotated key works beside the one before for the grace, and the one before that not at all", () => {
  const { keys, add, clock } = open();
  const first = add("shop").key;
  const second = keys.rotate("shop", 1000) ?? assert.fail();
  assert.deepEqual([keys.verify(first)?.name, keys.verify(second.key)?.name], ["shop", "shop"]);
  assert.equal(second.info.previousUntil, clock.now() + 1000);
  clock.advance(1000);
  assert.equal(keys.verify(first), null);
  assert.equal(keys.find("shop")?.previousUntil, null);
  const third = keys.rotate("shop", 1000) ?? assert.fail();
  assert.deepEqual(
    [first, second.key, third.key].map((key) => keys.verify(key)?.name),
    [undefined, "shop", "shop"],
  );
  assert.equal(keys.rotate("nobody", 0), null);
});
