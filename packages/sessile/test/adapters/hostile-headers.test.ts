// Hostile credential headers through every adapter: each sees what the core sees in the same lines, at a cost that
// grows no faster than the header.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import {
  bearerTransport,
  cookieTransport,
  headerTransport,
  isSessionError,
  memoryStore,
  SessionManager,
} from "sessile";
import type { SessionRequest } from "sessile/adapter";
import { mintSession } from "sessile/testing";
import { byDepth } from "sessile-test-support/depth";
import { everyAdapter, type Lines, type Running } from "./support/every-adapter.ts";

const CASES = byDepth(150, 3_000, 50_000);
const LONG = 256 * 1024;
const MOST_SECONDS = 4;

const manager = new SessionManager({
  store: memoryStore(),
  transports: [headerTransport(), bearerTransport(), cookieTransport()],
  sweepInterval: 0,
});
const tokens = await Promise.all(["anna", "bob"].map(async (user) => (await mintSession(manager, user)).token));

const odd = fc.constantFrom(
  ...[
    ";",
    "; ",
    ";\t",
    ",",
    ", ",
    "=",
    "==",
    " ",
    "\t",
    "\u00a0",
    '"',
    "\\",
    "%00",
    "%3D",
    "%E0%A4%A",
    "%73",
    "\u00e9",
  ],
  ...["Bearer ", "bearer ", "Basic ", "__Host-session=", "__host-session=", "__Host-session", "__proto__=", "a=b; "],
);
const token = fc.constantFrom(...tokens);
const encoded = token.map((each) => `%73${each.slice(1)}`);
const cut = fc.tuple(token, fc.nat(76)).map(([each, at]) => each.slice(0, at));
const text = fc
  .array(fc.oneof(odd, odd, token, encoded, cut, fc.string({ maxLength: 5, unit: "grapheme-ascii" })), { maxLength: 8 })
  .map((pieces) => pieces.join(""));
const line: fc.Arbitrary<readonly [string, string]> = fc.oneof(
  fc.tuple(fc.constant("cookie"), text),
  fc.tuple(
    fc.constant("cookie"),
    token.map((each) => `__Host-session=${each}`),
  ),
  fc.tuple(
    fc.constant("cookie"),
    encoded.map((each) => `__Host-session=${each}`),
  ),
  fc.tuple(fc.constant("x-session-token"), fc.oneof(text, token)),
  fc.tuple(
    fc.constant("authorization"),
    fc.oneof(
      text,
      token.map((each) => `Bearer ${each}`),
    ),
  ),
);

/** The user of these lines, by the core's own reading: HTTP drops blanks at the ends, and joins lines of one name. */
async function identify(lines: Lines): Promise<string> {
  const header: SessionRequest["header"] = (name) => {
    const values = lines.filter(([each]) => each === name).map(([, value]) => value.replace(/^[ \t]+|[ \t]+$/g, ""));
    return values.length === 0 ? undefined : values.join(name === "cookie" ? "; " : ", ");
  };
  try {
    const { session } = await manager.open({ method: "GET", path: "/", header });
    return `200 ${session.userId}`;
  } catch (error) {
    if (isSessionError(error)) return String(error.statusCode);
    throw error;
  }
}

for (const { name, run } of everyAdapter) {
  describe(`hostile headers through the adapter of ${name}`, () => {
    let app: Running;
    before(async () => {
      app = await run(manager, (session) => String(session.userId));
    });
    after(() => app.close());

    test("B2, B7: whatever the lines hold, the request is the user's, anonymous or refused, as the core has it", async () => {
      const outcomes = new Set<string>();
      await fc.assert(
        fc.asyncProperty(fc.array(line, { maxLength: 3 }), async (lines) => {
          const expected = await identify(lines);
          const { status, text: user } = await app.ask(lines);
          outcomes.add(expected);
          assert.equal(status === 200 ? `200 ${user}` : String(status), expected);
        }),
        { numRuns: CASES },
      );
      assert.deepEqual([...outcomes].sort(), ["200 anna", "200 bob", "200 null", "400"]);
    });

    for (const [kind, piece] of Object.entries({
      "short cookies": (index: number) => `${index.toString(36)}=1; `,
      "cookies of the session's name": () => "__Host-session=x; ",
      "cookies that begin with the session's name": () => "__Host-session__Host-session=x; ",
      "blanks and semicolons": () => "; \t;",
      "broken encodings": (index: number) => `${index.toString(36)}=%E0%A4%A;`,
    })) {
      test(`B2: a header of ${LONG / 1024} KB of ${kind} costs no more than its length`, async () => {
        let cookie = "";
        for (let index = 0; cookie.length < LONG; index++) cookie += piece(index);
        const start = process.cpuUsage();
        const { status, text: user } = await app.ask([["cookie", `${cookie}a=b; __Host-session=${tokens[0]}`]]);
        const { user: spent } = process.cpuUsage(start);
        assert.ok(kind === "cookies of the session's name" ? status === 400 : user === "anna", `${status} ${user}`);
        assert.ok(spent < MOST_SECONDS * 1e6, `${spent / 1e6} s`);
      });
    }
  });
}
