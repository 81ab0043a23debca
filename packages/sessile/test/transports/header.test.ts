// The header transport.

import assert from "node:assert/strict";
import { test } from "node:test";
import { headerTransport } from "sessile";
import { Bench, ResponseRecorder, requestWith } from "../support/requests.ts";

test("H9: the header transport reads and writes its header, and nothing else", () => {
  const transport = headerTransport();
  const request = requestWith({ "x-session-token": "A", cookie: "__Host-session=B", authorization: "Bearer C" });
  assert.deepEqual(transport.read(request), ["A"]);
  const response = new ResponseRecorder();
  transport.issue("T", 1000, response);
  transport.clear(response);
  assert.deepEqual(response.lines, [["x-session-token", "T"]]);
});

test("the header can be named, in any case", () => {
  const transport = headerTransport({ name: "X-My-Session" });
  assert.equal(transport.requestHeader, "X-My-Session");
  assert.deepEqual(transport.read(requestWith({ "x-my-session": "A", "x-session-token": "B" })), ["A"]);
  const response = new ResponseRecorder();
  transport.issue("T", 1000, response);
  assert.deepEqual(response.all("x-my-session"), ["T"]);
});

test("H4: a name that is no header name, or another transport's, is refused", () => {
  for (const name of [
    "",
    "a b",
    "a:b",
    "x\r\nset-cookie",
    "é",
    "x".repeat(65),
    "Cookie",
    "authorization",
    "Set-Cookie",
    null,
    5,
    ["x"],
  ]) {
    assert.throws(() => headerTransport({ name: name as string }), { code: "ERR_SESSION_OPTION", message: /`name`/ });
  }
});

test("I5: a token in a header needs no cross-site check", async () => {
  const bench = new Bench({ transports: [headerTransport()] });
  const token = await bench.signIn();
  const crossSite = requestWith({
    "x-session-token": token,
    "sec-fetch-site": "cross-site",
    origin: "https://attacker.example",
  });
  const { session } = await bench.manager.open(crossSite);
  assert.equal(session.userId, "ann");
  await session.signIn("ann");
});
