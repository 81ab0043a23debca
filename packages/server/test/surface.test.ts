// M1, M2, M4, M8, I9: what the server lets in, and what it says about itself.

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { call, profile, signIn } from "./support/client.ts";
import { type ServerProcess, startServer } from "./support/server-process.ts";

let server: ServerProcess;
before(async () => {
  server = await startServer(["--store", "memory", "--log-level", "silent"]);
});
after(() => server?.end());

/** Sends raw bytes; what comes back until the server closes the connection. */
async function raw(...chunks: (string | Buffer)[]): Promise<string> {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  let answer = "";
  socket.setEncoding("latin1").on("data", (text) => {
    answer += text;
  });
  socket.on("error", () => {}); // a reset after the answer is the server's right
  for (const chunk of chunks) socket.write(chunk);
  await once(socket, "close");
  return answer;
}

test("I9: every answer carries the security headers, and none names the software", async () => {
  const token = await signIn(server.url);
  for (const answer of [
    await profile(server.url, token),
    await profile(server.url, "nonsense"),
    await call(server.url, "GET", "/nothing"),
    await call(server.url, "GET", "/login"),
    await call(server.url, "POST", "/logout"),
    await call(server.url, "GET", "/profile", { "X-Session-Token": token, Authorization: "Bearer other" }),
  ]) {
    assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
    assert.equal(answer.headers.get("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
    assert.equal(answer.headers.get("cross-origin-resource-policy"), "same-origin");
    assert.equal(answer.headers.get("referrer-policy"), "no-referrer");
    for (const banner of ["server", "x-powered-by", "via"]) assert.equal(answer.headers.get(banner), null);
  }
});

test("I6: no origin is ever allowed to read an answer", async () => {
  for (const origin of ["https://evil.example", "null", server.url]) {
    const { headers } = await call(server.url, "GET", "/profile", { Origin: origin });
    assert.equal(headers.get("access-control-allow-origin"), null);
  }
});

test("M2: a body beyond the limit is refused while it streams, declared or not", async () => {
  const declared = await raw(
    "POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\nConnection: close\r\n\r\n",
    "x".repeat(20_000),
  );
  assert.match(declared, /^HTTP\/1\.1 413 /);
  const chunk = `4000\r\n${"x".repeat(0x4000)}\r\n`;
  const chunked = await raw(
    "POST /login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
    chunk,
    chunk,
    "0\r\n\r\n",
  );
  assert.match(chunked, /^HTTP\/1\.1 413 /);
});

test("M1: a header section beyond the limit is refused", async () => {
  assert.match(
    await raw(`GET /profile HTTP/1.1\r\nHost: x\r\nX-Session-Token: ${"x".repeat(20_000)}\r\n\r\n`),
    /^HTTP\/1\.1 431 /,
  );
});

test("M4: requests that two parsers might read differently are refused", async () => {
  for (const headers of [
    "Content-Length: 5\r\nTransfer-Encoding: chunked",
    "Content-Length: 5\r\nContent-Length: 6",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    "X-Session-Token: a\0b",
    "X-Session-Token : a",
  ]) {
    assert.match(await raw(`POST /login HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\nhello`), /^HTTP\/1\.1 400 /, headers);
  }
});

test("M3: methods that no route has are refused", async () => {
  for (const method of ["TRACE", "CONNECT", "PROPFIND", "BREW"]) {
    assert.doesNotMatch(
      await raw(`${method} /profile HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`),
      /^HTTP\/1\.1 [25]/,
      method,
    );
  }
});
