// K5, H10: the client of a request, when some peers may speak for others.

import assert from "node:assert/strict";
import { test } from "node:test";
import { trustIn } from "#dist/config/trusted-proxies.js";
import { askFrom } from "../support/ask-from.ts";

const seen = askFrom(["127.0.0.1", "10.0.0.0/8", "fd00::/8"]);

const addressOf = async (peer: string | undefined, forwarded: string) =>
  (await seen(peer, { "x-forwarded-for": forwarded })).address;

test("K5: without trusted proxies the peer is the client, whatever it says", async () => {
  const alone = askFrom([]);
  for (const forwarded of ["1.1.1.1", "127.0.0.1", "a, b, c", ""]) {
    assert.equal((await alone("203.0.113.7", { "x-forwarded-for": forwarded })).address, "203.0.113.7");
  }
  assert.equal((await alone("::ffff:203.0.113.7", {})).address, "203.0.113.7");
  assert.equal((await alone(undefined, {})).address, "unknown");
});

test("K5: a peer that is no trusted proxy is one client, however it rotates X-Forwarded-For", async () => {
  const names = new Set<string>();
  for (let i = 0; i < 100; i++) names.add(await addressOf("203.0.113.7", `198.51.100.${i}, 10.0.0.1`));
  assert.deepEqual([...names], ["203.0.113.7"]);
  assert.equal(await addressOf(undefined, "127.0.0.1"), "unknown");
});

test("K5: of a chain the right-most hop that is no trusted proxy counts", async () => {
  for (const [peer, forwarded, client] of [
    ["127.0.0.1", "203.0.113.7", "203.0.113.7"],
    ["127.0.0.1", "6.6.6.6, 203.0.113.7", "203.0.113.7"],
    ["127.0.0.1", "6.6.6.6, 203.0.113.7, 10.1.2.3", "203.0.113.7"],
    ["127.0.0.1", "127.0.0.1, 203.0.113.7,10.1.2.3 ,\t10.9.9.9", "203.0.113.7"],
    ["127.0.0.1", "10.0.0.5, 10.0.0.6", "10.0.0.5"],
    ["127.0.0.1", "", "127.0.0.1"],
    ["127.0.0.1", "6.6.6.6, 203.0.113.7, 10.0.0.9:4711, [fd00::2]:443", "203.0.113.7"],
    ["::ffff:127.0.0.1", "203.0.113.7:4711", "203.0.113.7"],
    ["::ffff:10.0.0.1", "::ffff:203.0.113.7", "203.0.113.7"],
    ["fd12::1", "[2001:db8::7]:443", "2001:db8::7"],
    ["fd12::1", "2001:DB8:0::7, [fd00::2]", "2001:db8::7"],
    ["8.8.8.8", "203.0.113.7, 127.0.0.1", "8.8.8.8"],
  ] as const) {
    assert.equal(await addressOf(peer, forwarded), client, `${peer} says ${forwarded}`);
  }
});

test("K5: where a proxy names something that is no address, the nearest address that is one counts", async () => {
  for (const garbage of ["unknown", "_x", "<b>", "1.2.3.4.5", "unix:", "a".repeat(5000)]) {
    assert.equal(await addressOf("127.0.0.1", `6.6.6.6, ${garbage}`), "127.0.0.1", garbage);
    assert.equal(await addressOf("127.0.0.1", `6.6.6.6, ${garbage}, 10.0.0.9`), "10.0.0.9", garbage);
  }
});

test("K5: empty elements of the list do not count (RFC 9110 §5.6.1)", async () => {
  for (const empty of [",", " , ", ",,,"]) {
    assert.equal(await addressOf("127.0.0.1", `6.6.6.6${empty},203.0.113.7`), "203.0.113.7");
    assert.equal(await addressOf("127.0.0.1", `6.6.6.6, 203.0.113.7${empty}10.0.0.9`), "203.0.113.7");
  }
});

test("H10: https is believed of a trusted proxy only, and only its own word", async () => {
  const says = async (peer: string | undefined, proto: string) =>
    (await seen(peer, { "x-forwarded-proto": proto })).isHttps;
  for (const proto of ["https", "HTTPS", "http, https"]) assert.equal(await says("127.0.0.1", proto), true, proto);
  for (const proto of ["https, http", "", "httpss"]) assert.equal(await says("127.0.0.1", proto), false, proto);
  assert.equal(await says("203.0.113.7", "https"), false);
  assert.equal(await says(undefined, "https"), false);
});

test("a list with something that is no network is refused, and so is a network of all addresses", () => {
  for (const text of [
    "true",
    "*",
    "0.0.0.0/0",
    "::/0",
    "10.0.0.0/33",
    "::1/129",
    "10.0.0.0/x",
    "10.0.0.0/",
    "10/8",
    "",
    "[::1]",
  ]) {
    assert.throws(() => trustIn(["127.0.0.1", text]), { name: "TypeError", message: text }, text);
  }
});
