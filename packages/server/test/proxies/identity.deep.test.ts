// Attempts of a client to change its own identity at an application behind a proxy: none succeeds.

import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { temporaryFolder } from "sessile-test-support/folder";
import { raw } from "../support/raw.ts";
import { type ServerProcess, startServer } from "../support/server-process.ts";
import { asRelease } from "./caddy-routes.ts";
import { missingFor, type Program, startCaddy, startNginx, startTypeScript, type Urls } from "./programs.ts";

/** The file of no proxy lists the last one, but for the routes of newer releases of Caddy. */
const COPIED = ["X-User-Id", "X-User-Name", "X-User-Roles"];

const PROXIES = {
  nginx: { variable: "NGINX", start: (urls: Urls) => startNginx(urls) },
  "an nginx that passes any header on": {
    variable: "NGINX",
    start: (urls: Urls) => startNginx(urls, "underscores_in_headers on; ignore_invalid_headers off;\n"),
  },
  Caddy: { variable: "CADDY", start: startCaddy },
  "the routes of Caddy 2.10": { variable: "CADDY", start: (urls: Urls) => startCaddy(urls, asRelease("2.10", COPIED)) },
  "the routes of Caddy 2.11.2": {
    variable: "CADDY",
    start: (urls: Urls) => startCaddy(urls, asRelease("2.11.2", COPIED)),
  },
} as const;

const FORGED = [
  ["X-User-Id: root"],
  ["x-user-id: root", "X-User-Id: root"],
  ["X_User_Id: root"],
  ["X-User-Name: root"],
  ["X_USER_NAME: root"],
  ["X-User-Roles: root"],
  ["X_User_Roles: root"],
  ["X-User_Roles: root"],
  ["X-User-Id:"],
  ["X-User-Id: root", "Connection: X-User-Id"],
];
const DROPPED = ["X-User-Id", "X-User-Name", "x-user-id, x-user-name", "close, X-User-Id"];

/** Behind the proxy: remembers the headers of the last request. */
let app: Server;
let seen: readonly string[] | null = null;
let example: Program;
let sessile: ServerProcess;

before(async () => {
  app = createServer(({ rawHeaders }, response) => {
    seen = rawHeaders;
    response.end();
  });
  await new Promise<void>((resolve) => app.listen(0, "127.0.0.1", resolve));
  const store = `sqlite:${join(temporaryFolder(), "sessile.db")}`;
  const options = ["--cookie", "__Host-session", "--verify-headers", "username=X-User-Name,roles=X-User-Roles"];
  sessile = await startServer(["--store", store, "--trust-proxy", "127.0.0.1", ...options]);
  example = await startTypeScript();
});
after(async () => {
  app?.close();
  app?.closeAllConnections();
  await example?.close();
  await sessile?.end("SIGKILL");
});

for (const [name, { variable, start }] of Object.entries(PROXIES))
  describe(`behind ${name}`, { skip: missingFor(variable) }, () => {
    let proxy: Program;
    let cookie = "";

    before(async () => {
      const typescript = `http://127.0.0.1:${(app.address() as AddressInfo).port}`;
      proxy = await start({ sessile: sessile.url, typescript, fastapi: typescript });
      const answer = await fetch(`${proxy.url}/login`, { method: "POST" });
      cookie = answer.headers.getSetCookie()[0]?.split(";")[0] ?? assert.fail("no cookie");
    });
    after(() => proxy?.close());
    beforeEach(() => {
      seen = null;
    });

    /** The status, after a request with these lines. */
    async function ask(...lines: readonly string[]): Promise<number> {
      const head = [
        "GET /typescript/ HTTP/1.1",
        `Host: ${new URL(proxy.url).host}`,
        `Cookie: ${cookie}`,
        "Connection: close",
        ...lines,
      ];
      const answer = await raw(proxy.url, `${head.join("\r\n")}\r\n\r\n`);
      return Number(answer.slice("HTTP/1.1 ".length, "HTTP/1.1 200".length));
    }

    test("an honest request comes with the user once, and without the token", async () => {
      assert.equal(await ask(), 200);
      assert.deepEqual(told("X-User-Id"), ["1"]);
      assert.deepEqual(told("X-User-Name"), ["john_doe"]);
      assert.deepEqual(told("Cookie"), []);
    });

    test("nothing that a client says of itself reaches the application, in any spelling", async () => {
      for (const lines of FORGED) {
        seen = null;
        const status = await ask(...lines);
        assert.ok(status === 401 || (status === 200 && seen !== null), `${lines}: ${status}`);
        if (seen === null) continue;
        for (const value of COPIED.flatMap(told)) assert.ok(["1", "john_doe", ""].includes(value), `${lines}`);
      }
    });

    test("a header that a client has dropped is missing at most, and is no other user's", async () => {
      for (const names of DROPPED) {
        seen = null;
        const status = await ask(`Connection: ${names}`);
        assert.ok(status === 401 || (status === 200 && seen !== null), `${names}: ${status}`);
        for (const id of told("X-User-Id")) assert.equal(id, "1");
      }
    });
  });

/** The values of a header at the application, in every spelling that it might take for the same. */
function told(name: string): string[] {
  const isSame = (text: string | undefined): boolean => text?.toLowerCase().replaceAll("_", "-") === name.toLowerCase();
  return (seen ?? []).filter((_, i) => i % 2 === 1 && isSame(seen?.[i - 1]));
}

test("the example application takes only a request with exactly one user", async () => {
  for (const [lines, user] of [
    [["X-User-Id: 1", "X-User-Name: J%C3%B6rg"], "1"],
    [["X-User-Id: 1"], "1"],
    [[], null],
    [["X-User-Id:"], null],
    [["X-User-Name: root"], null],
    [["X_User_Id: root"], null],
    [["X-User-Id: 1", "X-User-Id: root"], null],
    [["X-User-Id: %"], null],
    [["X-User-Id: %E9"], null],
  ] as const) {
    const head = ["GET / HTTP/1.1", "Host: x", "Connection: close", ...lines];
    const answer = await raw(example.url, `${head.join("\r\n")}\r\n\r\n`);
    assert.match(answer, user === null ? /^HTTP\/1\.1 401 / : new RegExp(`^HTTP/1\\.1 200 .*"user_id":"${user}"`, "s"));
  }
});
