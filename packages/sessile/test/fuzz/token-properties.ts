// Tokens and sids: what is taken for one.

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Property } from "sessile-test-support/properties";
import { formatToken, isSid, parseToken } from "#dist/core/token.js";
import { anything, base62, broken, hostile, parts, prefixes, tokens } from "./inputs.ts";

export const tokenProperties: readonly Property[] = [
  {
    name: "A3, B2: text is a token exactly when its parts make the same text again",
    cases: 120_000,
    make: () =>
      fc.property(prefixes, fc.oneof(broken(tokens), hostile(tokens), base62(76)), (prefix, text) => {
        const found = parseToken(prefix, text);
        if (found === null) return;
        assert.ok(isSid(found.sid) && /^[0-9A-Za-z]{44}$/.test(found.secret));
        assert.equal(formatToken(prefix, found), text);
      }),
  },
  {
    name: "A3: every token that is made is recognised, under its own prefix only",
    cases: 30_000,
    make: () =>
      fc.property(prefixes, prefixes, parts, (prefix, other, made) => {
        const token = formatToken(prefix, made);
        assert.deepEqual(parseToken(prefix, token), made);
        if (other !== prefix) assert.equal(parseToken(other, token), null);
      }),
  },
  {
    name: "A3: a token with up to four neighbouring characters changed is none",
    cases: 60_000,
    make: () =>
      fc.property(tokens, fc.nat(75), fc.string({ minLength: 1, maxLength: 4 }), (token, at, put) => {
        const changed = (token.slice(0, at) + put + token.slice(at + put.length)).slice(0, token.length);
        if (changed !== token) assert.equal(parseToken("ses_", changed), null);
      }),
  },
  {
    name: "B2: a sid is 22 letters and digits, whatever is asked",
    cases: 30_000,
    make: () =>
      fc.property(fc.oneof(anything, base62(22), broken(base62(22))), (value) => {
        const isOne =
          typeof value === "string" && value.length === 22 && [...value].every((each) => /[0-9A-Za-z]/.test(each));
        assert.equal(isSid(value), isOne);
      }),
  },
];
