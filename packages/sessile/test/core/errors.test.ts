// The error class and the closed list of its codes.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { isSessionError, SessionError, type SessionErrorCode } from "sessile";
import { STATUS } from "#dist/core/errors.js";

const SOURCE = readFileSync(new URL("../../src/core/errors.ts", import.meta.url), "utf8");

test("every code has the HTTP status that its documentation names", () => {
  const documented = [...SOURCE.matchAll(/^ \* \| `(ERR_\w+)` \| (\d{3}) \|/gm)].map(([, code, status]) => [
    code,
    Number(status),
  ]);
  assert.deepEqual(
    documented,
    (Object.keys(STATUS) as SessionErrorCode[]).map((code) => [code, new SessionError(code, "x").statusCode]),
  );
});

test("a SessionError is an Error with a name, a code, a status and a cause", () => {
  const cause = new Error("inner");
  const error = new SessionError("ERR_SESSION_STORE", "outer", { cause });
  assert.ok(error instanceof Error);
  assert.deepEqual(
    [error.name, error.code, error.statusCode, error.message, error.cause],
    ["SessionError", "ERR_SESSION_STORE", 503, "outer", cause],
  );
});

test("isSessionError recognises the class, another copy of it, and a code", () => {
  const error = new SessionError("ERR_SESSION_LIMIT", "x");
  assert.equal(isSessionError(error), true);
  assert.equal(isSessionError(error, "ERR_SESSION_LIMIT"), true);
  assert.equal(isSessionError(error, "ERR_SESSION_STORE"), false);
  assert.equal(
    isSessionError(
      Object.assign(new Error("x"), { name: "SessionError", code: "ERR_SESSION_LIMIT" }),
      "ERR_SESSION_LIMIT",
    ),
    true,
  );
  for (const other of [
    new Error("x"),
    null,
    undefined,
    "SessionError",
    { name: "SessionError" },
    runInNewContext("({})"),
  ])
    assert.equal(isSessionError(other), false);
});
