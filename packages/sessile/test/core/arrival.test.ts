// The data and options of a sign-in.

import assert from "node:assert/strict";
import { test } from "node:test";
import { headerTransport, memoryStore } from "sessile";
import { Core } from "#dist/core/core.js";
import type { JsonObject } from "#dist/core/data.js";
import { resolveOptions } from "#dist/core/options.js";
import { checkDevice, checkUserId, firstData } from "#dist/core/sign-in.js";

const core = new Core(resolveOptions({ store: memoryStore(), transports: [headerTransport()], sweepInterval: 0 }));

test("a user id is well-formed text of 1 to 256 bytes, taken as it is", () => {
  for (const good of [
    "1",
    "x".repeat(256),
    "é".repeat(128),
    "漢".repeat(85),
    "a:b{c}*",
    "Zoë",
    "Zoe\u0308",
    " ",
    "🔑",
    "\0",
    "__proto__",
  ]) {
    assert.equal(checkUserId(good), good);
  }
  for (const bad of [
    "",
    "x".repeat(257),
    "é".repeat(129),
    "漢".repeat(86),
    "漢".repeat(256),
    "\ud800",
    0,
    1n,
    null,
    undefined,
    ["1"],
    {},
  ]) {
    assert.throws(() => checkUserId(bad), { code: "ERR_SESSION_VALUE", message: /`userId`/ });
  }
});

test("a device is well-formed text, or nothing", () => {
  for (const good of ["", "Firefox on Línux\n", "x".repeat(200)]) assert.equal(checkDevice(good), good);
  assert.equal(checkDevice(undefined), null);
  for (const bad of ["\udc00", `${"x".repeat(300)}\udc00`, 1, null, {}]) {
    assert.throws(() => checkDevice(bad), { code: "ERR_SESSION_VALUE", message: /`device`/ });
  }
});

test("the first data is what `data` names over what `keep` keeps", async () => {
  const present = (): JsonObject => Object.assign(Object.create(null) as object, { a: 1, b: { c: [2] }, d: 3 });
  const keep = ["a", "b", "missing", "constructor"];
  assert.deepEqual(JSON.parse(await firstData(core, { keep, data: { a: 9, e: 4 } }, present)), {
    a: 9,
    b: { c: [2] },
    e: 4,
  });
  assert.equal(await firstData(core, {}, present), "{}");
});

test("the present data is not asked for when nothing is to be kept", async () => {
  assert.equal(await firstData(core, { data: { a: 1 } }, () => assert.fail("it may be unreadable")), '{"a":1}');
});

test("a property put on Object.prototype swallows no first data", async () => {
  Object.defineProperty(Object.prototype, "role", { set() {}, configurable: true });
  try {
    assert.equal(await firstData(core, { data: { role: "user" } }, () => ({})), '{"role":"user"}');
  } finally {
    Reflect.deleteProperty(Object.prototype, "role");
  }
});
