// K5, N4: one client has one name, and a network is the front part of an address.

import assert from "node:assert/strict";
import { test } from "node:test";
import { COARSE, isPrivate, networkOf, parseAddress, SUBSCRIBER } from "#dist/config/ip-address.js";

test("K5: an address has one form, with port, brackets, zone or mapping or without", () => {
  for (const [text, address] of [
    ["203.0.113.7", "203.0.113.7"],
    ["203.0.113.7:51234", "203.0.113.7"],
    ["::ffff:203.0.113.7", "203.0.113.7"],
    ["::FFFF:cb00:7107", "203.0.113.7"],
    ["[::ffff:203.0.113.7]:443", "203.0.113.7"],
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["[2001:db8::1]", "2001:db8::1"],
    ["[2001:db8::1]:443", "2001:db8::1"],
    ["fe80::1%eth0", "fe80::1"],
    ["::", "::"],
  ] as const) {
    assert.equal(parseAddress(text), address, text);
  }
});

test("K5: what is no address is none", () => {
  for (const text of [
    "",
    "unknown",
    "_hidden",
    "localhost",
    "1.2.3",
    "1.2.3.4.5",
    "256.1.1.1",
    "010.0.0.1",
    "1.2.3.4:",
    "1.2.3.4:123456",
    "[1.2.3.4",
    "[]",
    "[::1",
    "::1]",
    "2001:db8::1::2",
    "12345::",
    "<script>",
    "1.2.3.4\n",
    "0x7f.1",
    "2130706433",
    `${"1".repeat(5000)}`,
  ]) {
    assert.equal(parseAddress(text), null, text);
  }
});

test("N4: a network keeps the first bits and clears the rest", () => {
  for (const [address, coarse, subscriber] of [
    ["203.0.113.77", "203.0.113.0/24", "203.0.113.77/32"],
    ["2001:db8:1234:5678:9abc:def0:1234:5678", "2001:db8:1234::/48", "2001:db8:1234:5678::/64"],
    ["2001:db8::1", "2001:db8::/48", "2001:db8::/64"],
    ["::1", "::/48", "::/64"],
    ["64:ff9b::cb00:7107", "203.0.113.0/24", "203.0.113.7/32"],
    ["64:ff9b::203.0.113.7", "203.0.113.0/24", "203.0.113.7/32"],
    ["64:ff9b:1:fffe::cb00:7107", "203.0.113.0/24", "203.0.113.7/32"],
    ["64:ff9b:2::1", "64:ff9b:2::/48", "64:ff9b:2::/64"],
    ["64:ff9b:0:1::1", "64:ff9b::/48", "64:ff9b:0:1::/64"],
    ["unknown", "unknown", "unknown"],
  ] as const) {
    assert.equal(networkOf(address, COARSE), coarse);
    assert.equal(networkOf(address, SUBSCRIBER), subscriber);
  }
  assert.equal(networkOf("255.255.255.255", { v4: 9, v6: 1 }), "255.128.0.0/9");
  assert.equal(networkOf("ffff:ffff::", { v4: 9, v6: 20 }), "ffff:f000::/20");
});

test("N4: an address of a private network or of this machine names no subscriber", () => {
  for (const [address, expected] of [
    ["10.1.2.3", true],
    ["172.31.255.255", true],
    ["172.32.0.0", false],
    ["192.168.0.1", true],
    ["127.0.0.1", true],
    ["203.0.113.7", false],
    ["::1", true],
    ["::2", false],
    ["fd00::1", true],
    ["2001:db8::1", false],
  ] as const) {
    assert.equal(isPrivate(address), expected, address);
  }
});
