// M2: what a route that takes JSON takes, and what every other body is told.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { readJsonBodies } from "#dist/http/bodies.js";
import { type AppUnderTest, startApp } from "../support/app.ts";
import { raw } from "../support/raw.ts";

let server: AppUnderTest;
before(async () => {
  server = await startApp({
    prepare: (app) =>
      void app.register(async (scope) => {
        readJsonBodies(scope);
        scope.post("/echo", async ({ body }) => ({ got: body ?? null }));
      }),
  });
});
after(() => server?.close());

const JSON_TYPE = { "content-type": "application/json" };

async function post(body: string | Buffer, headers: Record<string, string> = JSON_TYPE): Promise<[number, unknown]> {
  const response = await fetch(`${server.url}/echo`, { method: "POST", headers, body: body as string });
  return [response.status, await response.json()];
}

test("M2: JSON in UTF-8 is read, with or without a charset", async () => {
  for (const type of ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON;charset=UTF-8"]) {
    assert.deepEqual(await post('{"a":"é\u2028","b":[1,null]}', { "content-type": type }), [
      200,
      { got: { a: "é\u2028", b: [1, null] } },
    ]);
  }
});

test("M2: of a key that comes twice the last counts", async () => {
  assert.deepEqual(await post('{"a":1,"a":2}'), [200, { got: { a: 2 } }]);
});

test("M2: a body that is not declared as JSON is refused", async () => {
  for (const type of [
    "text/plain",
    "application/x-www-form-urlencoded",
    "text/json",
    "application/jsonx",
    "multipart/form-data",
  ]) {
    assert.equal((await post("{}", { "content-type": type }))[0], 415, type);
  }
  const untyped = "POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}";
  assert.match(await raw(server.url, untyped), /^HTTP\/1\.1 415 /);
});

test("M2: what is no JSON is refused with one answer, and so are a byte order mark and invalid UTF-8", async () => {
  for (const body of [
    "",
    " ",
    "{",
    "{a:1}",
    "'x'",
    "NaN",
    "undefined",
    '{"a":1}x',
    '{"a":1,}',
    "\u0000",
    '"\ud800',
    "\ufeff{}",
    Buffer.from('{"a":"\xe9"}', "latin1"),
    Buffer.from('{"a":1}', "utf16le"),
    Buffer.from([0x22, 0xc0, 0xaf, 0x22]),
    '{"__proto__":{"admin":true}}',
    '{"a":{"__proto__":1}}',
  ]) {
    assert.deepEqual(await post(body), [400, { detail: "Invalid JSON" }], JSON.stringify(body));
  }
});

test("M2: nesting is limited, whatever its kind", async () => {
  const nested = (open: string, close: string, depth: number): string => `${open.repeat(depth)}1${close.repeat(depth)}`;
  assert.equal((await post(nested("[", "]", 8)))[0], 200);
  assert.equal((await post(nested("[", "]", 9)))[0], 400);
  assert.equal((await post(nested('{"a":', "}", 9)))[0], 400);
  assert.equal((await post(nested("[", "]", 8000)))[0], 400);
  assert.equal((await post("[".repeat(100_000)))[0], 413);
});

test("M2: a compressed body is refused before it is unpacked, however it is spelled", async () => {
  const bomb = gzipSync(Buffer.alloc(10_000_000));
  assert.ok(bomb.length < 16 * 1024);
  for (const encoding of ["gzip", "deflate", "br", "zstd", "GZIP", "identity, gzip", "x"]) {
    assert.deepEqual(await post(bomb, { ...JSON_TYPE, "content-encoding": encoding }), [
      415,
      { detail: "Unsupported Media Type" },
    ]);
  }
  assert.equal((await post("{}", { ...JSON_TYPE, "content-encoding": "identity" }))[0], 200);
});

test("M2: a body one byte beyond the limit is refused, at the limit it is read", async () => {
  const body = (length: number): string => `"${"x".repeat(length - 2)}"`;
  assert.equal((await post(body(16 * 1024)))[0], 200);
  assert.equal((await post(body(16 * 1024 + 1)))[0], 413);
});
