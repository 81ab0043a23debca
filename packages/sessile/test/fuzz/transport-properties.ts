// Credentials in headers, read against a second reading of the same rules that shares no code with the library's.

import assert from "node:assert/strict";
import fc from "fast-check";
import { bearerTransport, cookieTransport, headerTransport } from "sessile";
import type { SessionTransport } from "sessile/adapter";
import type { Property } from "sessile-test-support/properties";
import { ResponseRecorder, requestWith } from "../support/requests.ts";
import { hostile, tokens } from "./inputs.ts";

const NAME = "__Host-session";
const pair = tokens.map((token) => `${NAME}=${token}`);
const carried = fc.option(hostile(tokens, pair, fc.constantFrom("; ", `; ${NAME}=`, "a=b; ")), { nil: undefined });
const bearing = fc.option(
  hostile(
    tokens,
    tokens.map((token) => `Bearer ${token}`),
  ),
  { nil: undefined },
);

const cookieName = fc.constantFrom(NAME, "session", "a", "__Secure-x", "!#$%&'*+.^_`|~-");
const sameSite = fc.constantFrom("Strict", "Lax", "None");
const domain = fc.constantFrom(undefined, "example.com", "a.b.example");
const path = fc.constantFrom("/", "/app", "/a b/=");

export const transportProperties: readonly Property[] = [
  {
    name: "B7: a cookie is found exactly where RFC 6265 has it, and its value is not touched",
    cases: 120_000,
    make: () =>
      fc.property(carried, (cookie) => {
        assert.deepEqual(read(cookieTransport(), { cookie }), cookiesOf(cookie, NAME));
      }),
  },
  {
    name: "B7: a bearer credential is read by RFC 6750's grammar, and other schemes are not looked at",
    cases: 120_000,
    make: () =>
      fc.property(bearing, (authorization) => {
        const found = read(bearerTransport(), { authorization });
        const isBearer = /^bearer( |$)/i.test(authorization ?? "");
        assert.equal(found.length > 0, isBearer);
        for (const token of found) {
          if (token === "malformed") continue;
          assert.match(token, /^[A-Za-z0-9\-._~+/]+=*$/);
          assert.ok(authorization?.toLowerCase().includes(`bearer ${token.toLowerCase()}`));
        }
      }),
  },
  {
    name: "B7: a token header gives its distinct values, none of them empty or padded",
    cases: 60_000,
    make: () =>
      fc.property(fc.option(hostile(tokens, fc.constant(",")), { nil: undefined }), (value) => {
        const found = read(headerTransport(), { "x-session-token": value });
        assert.equal(new Set(found).size, found.length);
        for (const token of found) {
          assert.ok(token !== "" && value?.includes(token));
          if (value?.includes(",")) assert.doesNotMatch(token, /^[ \t]|[ \t]$|,/);
        }
      }),
  },
  {
    name: "H1: an issued cookie is one line, is read back, and lives for 1 second to 400 days",
    cases: 30_000,
    make: () =>
      fc.property(tokens, issuing, (token, { maxAge, ...options }) => {
        const transport = cookieTransport(options);
        const response = new ResponseRecorder();
        transport.issue(token, maxAge, response);
        const line = response.get("set-cookie") ?? "";
        assert.match(line, /^[\x20-\x7e]+$/);
        assert.ok(line.includes("; HttpOnly") && line.includes("; Secure"));
        const seconds = Number(/; Max-Age=(\d+);/.exec(line)?.[1]);
        assert.ok(seconds >= 1 && seconds <= 400 * 24 * 60 * 60);
        assert.deepEqual(transport.read(requestWith({ cookie: line.split("; ", 1)[0] })), [token]);
      }),
  },
];

const issuing = fc
  .record({ name: cookieName, sameSite, domain, path, partitioned: fc.boolean(), maxAge: fc.maxSafeInteger() })
  .map(({ domain, path, ...rest }) => ({
    ...rest,
    ...(domain !== undefined && rest.name !== NAME && { domain }),
    ...(rest.name !== NAME && { path }),
  }));

function read(transport: SessionTransport, headers: Readonly<Record<string, string | undefined>>): readonly string[] {
  return transport.read(requestWith(headers));
}

/** One character at a time: pairs end at `;`, spaces and tabs around them do not count, the first `=` ends the name. */
function cookiesOf(header: string | undefined, name: string): string[] {
  const values: string[] = [];
  for (const raw of (header ?? "").split(";")) {
    const pair = raw.replace(/^[ \t]+/, "").replace(/[ \t]+$/, "");
    const equals = pair.indexOf("=");
    const value = pair.slice(equals + 1);
    if (equals !== -1 && pair.slice(0, equals) === name && value !== "" && !values.includes(value)) values.push(value);
  }
  return values;
}
