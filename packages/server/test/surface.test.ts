// M1–M4, M7, M8, I3, I6, I9: what the server lets in, and what it says about itself.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { call, profile, signIn } from "./support/client.ts";
import { raw as sendRaw } from "./support/raw.ts";
import { type ServerProcess, startServer } from "./support/server-process.ts";

let server: ServerProcess;
before(async () => {
  server = await startServer(["--store", "memory", "--log-level", "silent"]);
});
after(() => server?.end());

const raw = (...chunks: (string | Buffer)[]): Promise<string> => sendRaw(server.url, ...chunks);

const PATHS = {
  "/login": "POST",
  "/profile": "GET, HEAD",
  "/logout": "POST",
  "/me/sessions": "GET, HEAD",
  "/me/sessions/end": "POST",
  "/verify": "GET, HEAD",
  "/metrics": "GET, HEAD",
  "/sessions": "GET, HEAD, POST",
  "/sessions/current": "GET, HEAD, DELETE",
  "/sessions/current/data": "PATCH",
  "/sessions/current/rotate": "POST",
  "/sessions/end": "POST",
  "/openapi.json": "GET, HEAD",
  "/health/live": "GET, HEAD",
  "/health/ready": "GET, HEAD",
  "/": "GET, HEAD",
} as const;

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

function assertHardened(name: string, headers: { get: (name: string) => string | null }): void {
  assert.equal(headers.get("x-content-type-options"), "nosniff", name);
  assert.equal(headers.get("content-security-policy"), "default-src 'none'; frame-ancestors 'none'", name);
  assert.equal(headers.get("cross-origin-resource-policy"), "same-origin", name);
  assert.equal(headers.get("referrer-policy"), "no-referrer", name);
  for (const banner of ["server", "x-powered-by", "via"]) assert.equal(headers.get(banner), null, name);
}

/** The headers of a raw answer. */
function headersOf(answer: string): Headers {
  const lines = (answer.split("\r\n\r\n", 1)[0] as string).split("\r\n").slice(1);
  return new Headers(lines.map((line) => line.split(": ", 2) as [string, string]));
}

test("I9, M8: every path answers every method, with the security headers and without naming the software", async () => {
  const token = await signIn(server.url);
  for (const path of [...Object.keys(PATHS), "/nothing", "/", "/favicon.ico", "/cli.js.map", "/%zz", "/%00", "//"]) {
    for (const method of METHODS) {
      for (const headers of [{}, { "X-Session-Token": "x" }, { "X-Session-Token": token, Authorization: "Bearer b" }]) {
        const answer = await call(server.url, method, path, headers);
        assertHardened(`${method} ${path}`, answer.headers);
        assert.ok(answer.status < 500 && answer.status !== 201, `${method} ${path} ${answer.status}`);
      }
    }
  }
});

test("I9, M4: what the parser refuses is answered with the same headers and shape", async () => {
  for (const [status, request] of [
    [400, "GET / HTTP/9.9\r\n\r\n"],
    [400, "nonsense\r\n\r\n"],
    [431, `GET / HTTP/1.1\r\nHost: x\r\nA: ${"x".repeat(20_000)}\r\n\r\n`],
    [501, "CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n"],
    [417, "GET /profile HTTP/1.1\r\nHost: x\r\nExpect: banana\r\n\r\n"],
    [400, "GET /profile HTTP/1.1\r\n\r\n"],
    [400, "GET /profile HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"],
    [400, "GET /profile HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n"],
  ] as const) {
    const answer = await raw(request);
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.match(answer, /\r\n\r\n\{"detail":"[A-Za-z ]+"\}$/);
    assertHardened(request.slice(0, 20), headersOf(answer));
  }
});

test("M4: a request of HTTP/1.0 needs no Host, and an answer to an expectation keeps its place among others", async () => {
  assert.match(await raw("GET /health/live HTTP/1.0\r\n\r\n"), /^HTTP\/1\.1 200 /);
  const pipelined = "GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nExpect: banana\r\n\r\n";
  const statuses = (await raw(pipelined)).matchAll(/HTTP\/1\.1 (\d{3})/g);
  assert.deepEqual(
    [...statuses].map(([, status]) => status),
    ["200", "417"],
  );
});

test("I6: no origin is ever allowed to read an answer, whatever it asks beforehand", async () => {
  for (const origin of ["https://evil.example", "null", server.url, "https://good.evil.example"]) {
    for (const method of ["GET", "OPTIONS"]) {
      const headers = {
        Origin: origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-session-token",
      };
      const answer = await call(server.url, method, "/profile", headers);
      for (const name of answer.headers.keys()) assert.ok(!name.startsWith("access-control-"), name);
    }
  }
});

test("M3: a path refuses the methods it does not have, and says which it has", async () => {
  for (const [path, allow] of Object.entries(PATHS)) {
    for (const method of METHODS.filter((each) => !allow.split(", ").includes(each))) {
      const { status, body, headers } = await call(server.url, method, path);
      assert.deepEqual([status, headers.get("allow")], [405, allow], `${method} ${path}`);
      assert.deepEqual(body, method === "HEAD" ? null : { detail: "Method Not Allowed" });
    }
  }
});

test("the root says what answers here: a text for programs, a page with links for browsers", async () => {
  const text = await fetch(server.url);
  assert.match(text.headers.get("content-type") ?? "", /^text\/plain/);
  const said = await text.text();
  assert.match(said, /^Sessile serves sessions over HTTP\.\n\n\/docs {2,}/);
  const page = await fetch(server.url, { headers: { Accept: "text/html,application/xhtml+xml,*/*;q=0.8" } });
  assert.equal(page.headers.get("vary"), "accept");
  assert.match(page.headers.get("content-security-policy") ?? "", /^default-src 'none'; style-src 'sha256-/);
  const html = await page.text();
  for (const path of ["/docs", "/openapi.json", "/health/ready"]) {
    assert.ok(said.includes(path) && html.includes(`<a href="${path}">`), path);
    assert.equal((await fetch(server.url + path)).status, 200);
  }
  for (const path of ["/admin", "/account"]) assert.ok(!(said + html).includes(path), "it is not served here");
});

test("M3: methods that no path has are not implemented, and those that are none are no request", async () => {
  for (const [method, status] of [
    ["TRACE", 501],
    ["CONNECT", 501],
    ["PROPFIND", 501],
    ["QUERY", 501],
    ["BREW", 400],
    ["get", 400],
  ] as const) {
    const target = method === "CONNECT" ? "example.org:443" : "/profile";
    const answer = await raw(`${method} ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), method);
  }
});

test("I3: no GET or HEAD signs a user in or out", async () => {
  const token = await signIn(server.url);
  for (const path of Object.keys(PATHS)) {
    for (const method of ["GET", "HEAD"]) await call(server.url, method, path, { "X-Session-Token": token });
  }
  assert.equal((await profile(server.url, token)).status, 200);
  const { body } = await call(server.url, "GET", "/me/sessions", { "X-Session-Token": token });
  const { sessions } = body as { sessions: { current: boolean }[] };
  assert.equal(sessions.filter(({ current }) => current).length, 1);
  const again = await call(server.url, "GET", "/me/sessions", { "X-Session-Token": token });
  assert.deepEqual(again.body, body);
});

test("M2: a body beyond the limit is refused while it streams, declared or not, and the connection ends", async () => {
  const declared = await raw("POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\n", "x".repeat(20_000));
  assert.match(declared, /^HTTP\/1\.1 413 /);
  const chunk = `4000\r\n${"x".repeat(0x4000)}\r\n`;
  const chunked = await raw("POST /login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", chunk, chunk);
  assert.match(chunked, /^HTTP\/1\.1 413 /);
  assertHardened("413", headersOf(chunked));
});

test("M1: a header section beyond the limit is refused", async () => {
  const long = await raw(`GET /profile HTTP/1.1\r\nHost: x\r\nX-Session-Token: ${"x".repeat(20_000)}\r\n\r\n`);
  assert.match(long, /^HTTP\/1\.1 431 /);
  const many = await raw(`GET /profile HTTP/1.1\r\nHost: x\r\n${"A: b\r\n".repeat(4000)}\r\n`);
  assert.match(many, /^HTTP\/1\.1 431 /);
});

test("M1, K5: too many headers are refused rather than cut off where a proxy adds its own", async () => {
  const withHeaders = (count: number): string =>
    `GET /health/live HTTP/1.1\r\nHost: x\r\n${"A: b\r\n".repeat(count - 2)}Connection: close\r\n\r\n`;
  assert.match(await raw(withHeaders(100)), /^HTTP\/1\.1 200 /);
  for (const count of [101, 102, 500, 2000]) {
    const answer = await raw(withHeaders(count));
    assert.match(answer, /^HTTP\/1\.1 431 /, `${count}`);
    assertHardened("431", headersOf(answer));
  }
});

test("M4: requests that two parsers might read differently are refused, and nothing after them is read", async () => {
  const smuggled = "GET /profile HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  for (const headers of [
    "Content-Length: 5\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nContent-Length: 5",
    "Content-Length: 5\r\nContent-Length: 6",
    "Content-Length: 5, 6",
    "Content-Length: -1",
    "Content-Length: +5",
    "Content-Length: 5 5",
    "Content-Length: 0x5",
    "Content-Length: 99999999999999999999",
    "Content-Length:",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    "Transfer-Encoding: chunked, identity",
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding: \x0bchunked",
    "Transfer-Encoding : chunked",
    "X-Session-Token: a\0b",
    "X-Session-Token: a\rb",
    "X-Session-Token : a",
    "X-Session-Token",
    ": a",
    " X-Session-Token: a",
  ]) {
    const answer = await raw(`POST /login HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n${smuggled}`);
    assert.match(answer, /^HTTP\/1\.1 400 /, JSON.stringify(headers));
    assert.equal(answer.match(/HTTP\/1\.1/g)?.length, 1, `${headers}: one answer`);
  }
  for (const body of [
    "5\rhello\r\n0\r\n\r\n",
    "g\r\nhello",
    "-5\r\nhello",
    "5 \r\nhello\r\n0\r\n\r\n",
    "\r\n5\r\nhello",
    "5\nhello\n0\n\n",
  ]) {
    const answer = await raw(`POST /login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${body}`, smuggled);
    assert.match(answer, /^HTTP\/1\.1 400 /, JSON.stringify(body));
    assert.equal(answer.match(/HTTP\/1\.1/g)?.length, 1, `${JSON.stringify(body)}: one answer`);
  }
});

test("M4: a request without a Host, or with a target that is no path, reaches no session", async () => {
  assert.match(await raw("POST /login HTTP/1.1\r\nConnection: close\r\n\r\n"), /^HTTP\/1\.1 400 /);
  for (const target of ["login", "*", "http://other.example", "//login", "/login/../profile", "/./profile"]) {
    const answer = await raw(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 40[04] /, target);
  }
});

test("M7: health needs no session, tells nothing of the inside and is not cached", async () => {
  const live = await call(server.url, "GET", "/health/live");
  assert.deepEqual([live.status, live.body], [200, { status: "live" }]);
  const ready = await call(server.url, "GET", "/health/ready", { "X-Session-Token": "a", Authorization: "Bearer b" });
  assert.deepEqual([ready.status, ready.body], [200, { status: "ready" }]);
  assert.equal(ready.headers.get("cache-control"), "no-store");
});
