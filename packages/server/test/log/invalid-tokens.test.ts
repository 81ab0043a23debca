// B10: bursts of invalid tokens are noticed, per client and minute, in bounded memory.

import assert from "node:assert/strict";
import { test } from "node:test";
import { testClock } from "sessile/testing";
import { InvalidTokens } from "#dist/http/log/invalid-tokens.js";
import { createLog } from "#dist/http/log/log.js";
import { SecurityLog } from "#dist/http/log/security-log.js";

function watched(): { tokens: InvalidTokens; lines: () => number; advance: (ms: number) => void } {
  const clock = testClock();
  let lines = 0;
  const write = (): void => {
    lines++;
  };
  const tokens = new InvalidTokens(new SecurityLog(createLog("info", { write })), clock.now);
  return { tokens, lines: () => lines, advance: clock.advance };
}

function count(tokens: InvalidTokens, address: string, times: number): void {
  for (let i = 0; i < times; i++) tokens.count(address);
}

test("B10: the hundredth invalid token of a client in a minute is written, the next thousand are not", () => {
  const { tokens, lines } = watched();
  count(tokens, "203.0.113.7", 99);
  assert.equal(lines(), 0);
  count(tokens, "203.0.113.7", 1000);
  assert.equal(lines(), 1);
});

test("B10: another minute counts anew", () => {
  const { tokens, lines, advance } = watched();
  for (let i = 0; i < 3; i++) {
    count(tokens, "203.0.113.7", 99);
    advance(60_000);
  }
  assert.equal(lines(), 0);
  count(tokens, "203.0.113.7", 100);
  assert.equal(lines(), 1);
});

test("B10: an IPv6 client is its /64, an IPv4 client its address", () => {
  const { tokens, lines } = watched();
  for (let i = 0; i < 100; i++) tokens.count(`2001:db8:1:2::${i.toString(16)}`);
  assert.equal(lines(), 1);
  for (let i = 0; i < 100; i++) tokens.count(`203.0.113.${i}`);
  assert.equal(lines(), 1);
});

test("B10: a hundred thousand clients are counted in bounded memory, and together are a burst too", () => {
  const { tokens, lines } = watched();
  for (let i = 0; i < 100_000; i++) tokens.count(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
  assert.ok(tokens.size <= 10_001);
  assert.equal(lines(), 1);
});
