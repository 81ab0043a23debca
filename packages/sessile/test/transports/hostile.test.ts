// Hostile credential headers, as properties: nothing but a SessionError with a 4xx status, and never the store's
// business.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bearerTransport, cookieTransport, headerTransport, isSessionError } from "sessile";
import { byDepth } from "sessile-test-support/depth";
import { formatToken, newSecret, newSid, parseToken } from "#dist/core/token.js";
import { Bench, ResponseRecorder, requestWith, sidOf } from "../support/requests.ts";

const RUNS = { numRuns: byDepth(300, 1500, 100_000) };

const odd = fc.constantFrom(
  "",
  "\0",
  "\r\n",
  ";",
  ",",
  ", ",
  "; ",
  "=",
  '"',
  "%E0%A4%A",
  "%00",
  "Bearer ",
  "bearer",
  "Basic ",
  "__Host-session=",
  "__host-session=",
  "\u2000",
  "é\u00ff",
  "🔑",
  "\ud800",
  "{tag}",
  "*",
  "../x",
  "' OR 1=1--",
  "__proto__",
  "constructor",
  "null",
  "undefined",
);

/** A token of another program. */
const OTHER = formatToken("ses_", { sid: newSid(), secret: newSecret() });

/** Text around pieces of a live token. */
function hostile(token: string): fc.Arbitrary<string> {
  const piece = fc.oneof(
    odd,
    fc.string({ unit: "binary", maxLength: 20 }),
    fc.nat(76).map((at) => token.slice(0, at)),
    fc.nat(76).map((at) => token.slice(at)),
    fc.constantFrom(
      token,
      OTHER,
      `${token}, ${OTHER}`,
      `Bearer ${token}`,
      `; __Host-session=${token}; __Host-session=${OTHER}`,
    ),
  );
  return fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(""));
}

async function liveBench(): Promise<{ bench: Bench; token: string }> {
  const bench = new Bench({ transports: [headerTransport(), bearerTransport(), cookieTransport()] });
  const { issued } = await bench.send(null, (session) => session.signIn("ann"));
  bench.spied.take();
  return { bench, token: issued as string };
}

test("B2, B7: whatever the three headers hold, a request is a user's, anonymous or a 4xx, and nothing else", async () => {
  const { bench, token } = await liveBench();
  const value = fc.oneof(
    { arbitrary: hostile(token), weight: 4 },
    { arbitrary: fc.constantFrom(undefined, token), weight: 2 }, // or else hardly any request would be signed in
  );
  const outcomes = { ann: 0, nobody: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(value, value, value, async (header, authorization, cookie) => {
      const request = requestWith({ "x-session-token": header, authorization, cookie });
      try {
        const { session, commit } = await bench.manager.open(request);
        outcomes[session.userId === null ? "nobody" : "ann"]++;
        await commit(200, new ResponseRecorder());
      } catch (error) {
        outcomes.refused++;
        assert.ok(isSessionError(error) && error.statusCode === 400, String(error));
        assert.ok(!error.message.includes(token));
      }
      for (const { method, args } of bench.spied.calls.splice(0)) {
        assert.equal(method, "load");
        assert.ok([token, OTHER].map(sidOf).includes(args[0] as string), "only a whole token reaches the store");
      }
    }),
    RUNS,
  );
  assert.ok(outcomes.ann > 0 && outcomes.nobody > 0 && outcomes.refused > 0, JSON.stringify(outcomes));
  assert.equal(await bench.userOf(token), "ann");
});

test("B2: of every transport, a text that is not exactly a token is anonymous", async () => {
  const { bench, token } = await liveBench();
  const carriers = [
    (value: string) => ({ "x-session-token": value }),
    (value: string) => ({ authorization: `Bearer ${value}` }),
    (value: string) => ({ cookie: `__Host-session=${value}` }),
  ];
  await fc.assert(
    fc.asyncProperty(hostile(token), fc.constantFrom(...carriers), async (value, carry) => {
      fc.pre(!value.includes(token) && !value.includes(OTHER));
      let userId: string | null = null;
      try {
        ({ userId } = (await bench.manager.open(requestWith(carry(value)))).session);
      } catch (error) {
        assert.ok(isSessionError(error, "ERR_SESSION_CREDENTIALS"), String(error));
      }
      assert.equal(userId, null);
      assert.equal(parseToken("ses_", value), null);
      assert.deepEqual(bench.spied.take(), {});
    }),
    RUNS,
  );
});

test("B2: a cookie of 10 MB costs no store call and little time", async () => {
  const { bench } = await liveBench();
  const start = performance.now();
  for (const cookie of [
    `__Host-session=${"x".repeat(1e7)}`,
    "__Host-session=x;".repeat(6e5),
    `${" ".repeat(1e7)}__Host-session=`,
    `__Host-session=${" ".repeat(1e7)}x`,
  ]) {
    const { session } = await bench.manager.open(requestWith({ cookie }));
    assert.equal(session.userId, null);
  }
  assert.deepEqual(bench.spied.take(), {});
  assert.ok(performance.now() - start < 20_000);
});
