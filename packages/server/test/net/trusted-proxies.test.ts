// K5, H10: who a request comes from, when some peers may speak for others.

import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { test } from "node:test";
import { TrustedProxies } from "#dist/config/trusted-proxies.js";

function requestFrom(remoteAddress: string | undefined, headers: Record<string, string> = {}): IncomingMessage {
  return { socket: { remoteAddress }, headers } as unknown as IncomingMessage;
}

const proxies = new TrustedProxies(["127.0.0.1", "10.0.0.0/8", "fd00::/8"]);

function seen(peer: string, forwarded: string): string {
  return proxies.addressOf(requestFrom(peer, { "x-forwarded-for": forwarded }));
}

test("K5: without trusted proxies the peer is the client, whatever it says", () => {
  const none = new TrustedProxies([]);
  for (const forwarded of ["1.1.1.1", "127.0.0.1", "a, b, c", ""]) {
    assert.equal(none.addressOf(requestFrom("203.0.113.7", { "x-forwarded-for": forwarded })), "203.0.113.7");
  }
  assert.equal(none.addressOf(requestFrom("::ffff:203.0.113.7")), "203.0.113.7");
  assert.equal(none.addressOf(requestFrom(undefined)), "unknown");
});

test("K5: a peer that is no trusted proxy is one client, however it rotates X-Forwarded-For", () => {
  const names = new Set(Array.from({ length: 100 }, (_, i) => seen("203.0.113.7", `198.51.100.${i}, 10.0.0.1`)));
  assert.deepEqual([...names], ["203.0.113.7"]);
});

test("K5: of a chain the right-most hop that is no trusted proxy counts", () => {
  for (const [peer, forwarded, client] of [
    ["127.0.0.1", "203.0.113.7", "203.0.113.7"],
    ["127.0.0.1", "6.6.6.6, 203.0.113.7", "203.0.113.7"],
    ["127.0.0.1", "6.6.6.6, 203.0.113.7, 10.1.2.3", "203.0.113.7"],
    ["127.0.0.1", "127.0.0.1, 203.0.113.7,10.1.2.3 ,\t10.9.9.9", "203.0.113.7"],
    ["127.0.0.1", "10.0.0.5, 10.0.0.6", "10.0.0.5"],
    ["127.0.0.1", "", "127.0.0.1"],
    ["::ffff:127.0.0.1", "203.0.113.7:4711", "203.0.113.7"],
    ["::ffff:10.0.0.1", "::ffff:203.0.113.7", "203.0.113.7"],
    ["fd12::1", "[2001:db8::7]:443", "2001:db8::7"],
    ["fd12::1", "2001:DB8:0::7, [fd00::2]", "2001:db8::7"],
    ["8.8.8.8", "203.0.113.7, 127.0.0.1", "8.8.8.8"],
  ] as const) {
    assert.equal(seen(peer, forwarded), client, `${peer} says ${forwarded}`);
  }
});

test("K5: where a proxy names something that is no address, the nearest address that is one counts", () => {
  for (const garbage of ["unknown", "_x", "", " ", "<b>", "1.2.3.4.5", ",,,", "a".repeat(5000)]) {
    assert.equal(seen("127.0.0.1", `6.6.6.6, ${garbage}`), "127.0.0.1", garbage);
    assert.equal(seen("127.0.0.1", `6.6.6.6, ${garbage}, 10.0.0.9`), "10.0.0.9", garbage);
  }
});

test("H10: https is believed of a trusted proxy only, and only its own word", () => {
  const says = (peer: string, proto: string) => proxies.saysHttps(requestFrom(peer, { "x-forwarded-proto": proto }));
  assert.deepEqual(
    [says("127.0.0.1", "https"), says("127.0.0.1", "HTTPS"), says("127.0.0.1", "http, https")],
    [true, true, true],
  );
  assert.deepEqual(
    [
      says("203.0.113.7", "https"),
      says("127.0.0.1", "https, http"),
      says("127.0.0.1", ""),
      says("127.0.0.1", "httpss"),
    ],
    [false, false, false, false],
  );
  assert.equal(proxies.saysHttps(requestFrom(undefined, { "x-forwarded-proto": "https" })), false);
});

test("a peer that is not believed is told apart from one that says nothing, and from a trusted one", () => {
  const heard = (peer: string | undefined, headers: Record<string, string>) =>
    proxies.unheardOf(requestFrom(peer, headers));
  const says = { "x-forwarded-for": "203.0.113.7" };
  assert.equal(heard("::ffff:192.168.1.1", says), "192.168.1.1");
  for (const [peer, headers] of [
    ["192.168.1.1", {}],
    ["10.0.0.1", says],
    [undefined, says],
  ] as const) {
    assert.equal(heard(peer, headers), null);
  }
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
    assert.throws(() => new TrustedProxies(["127.0.0.1", text]), { name: "TypeError", message: text }, text);
  }
});
