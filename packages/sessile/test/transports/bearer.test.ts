// The bearer transport: what counts as a credential.

import assert from "node:assert/strict";
import { test } from "node:test";
import { bearerTransport } from "sessile";
import { ResponseRecorder, requestWith } from "../support/requests.ts";

function read(authorization: string | undefined): readonly string[] {
  return bearerTransport().read(requestWith({ authorization }));
}

for (const [value, expected] of [
  [undefined, []],
  ["", []],
  ["Bearer abc", ["abc"]],
  ["bearer abc", ["abc"]],
  ["BEARER abc", ["abc"]],
  ["bEaReR a-._~+/b==", ["a-._~+/b=="]],
  ["Basic eDp5", []],
  ["Bearerabc", []],
  ["Bearers abc", []],
  ["Token abc", []],
  ["abc", []],
  [" Bearer abc", []],
  ["Digest x, Bearer abc", []],
  ["Bearer", ["malformed"]],
  ["Bearer ", ["malformed"]],
  ["Bearer  abc", ["malformed"]],
  ["Bearer a b", ["malformed"]],
  ["Bearer abc ", ["malformed"]],
  ["Bearer a,b", ["malformed"]],
  ["Bearer abc,", ["malformed"]],
  ["Bearer abc, Basic x", ["malformed"]],
  ["Bearer a=b", ["malformed"]],
  ["Bearer =", ["malformed"]],
  ['Bearer "abc"', ["malformed"]],
  ["Bearer é", ["malformed"]],
  ["Bearer abc\u00a0", ["malformed"]],
  ["Bearer a, Bearer a", ["a"]],
  ["Bearer a, bearer a", ["a"]],
  ["Bearer a,Bearer b", ["a", "b"]],
  ["Bearer a, Bearer b c", ["a", "malformed"]],
] as const) {
  test(`B8: ${JSON.stringify(value) ?? "no header"} presents ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(read(value), expected);
  });
}

test("B7: a hostile header is read in linear time", () => {
  const hostile = [
    `Bearer ${"a".repeat(1e6)}!`,
    `Bearer ${"=".repeat(1e6)}`,
    `Bearer ${" ".repeat(1e6)}x`,
    "Bearer a,".repeat(1e5),
    "bearer".repeat(1e5),
  ];
  const start = performance.now();
  for (const value of hostile) read(value);
  assert.ok(performance.now() - start < 20_000, "quadratic time would be minutes");
});

test("a new token leaves in X-Session-Token, or in a header of another name", () => {
  for (const [options, name] of [
    [{}, "x-session-token"],
    [{ responseHeader: "X-Next" }, "x-next"],
  ] as const) {
    const response = new ResponseRecorder();
    const transport = bearerTransport(options);
    transport.issue("T", 1000, response);
    transport.clear(response);
    assert.deepEqual([response.lines, transport.requestHeader], [[[name, "T"]], "Authorization"]);
  }
});

test("H4: a response header that cannot be is refused by the option's name", () => {
  for (const responseHeader of ["", "a b", "Set-Cookie", "x\r\ny", 5, null]) {
    assert.throws(() => bearerTransport({ responseHeader: responseHeader as string }), {
      code: "ERR_SESSION_OPTION",
      message: /`responseHeader`/,
    });
  }
});
