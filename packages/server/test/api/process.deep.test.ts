// The API of the real server: keys from its file, metrics on an address of its own, and what a restart keeps.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "sessile-test-support/folder";
import { FAMILIES } from "#dist/http/metrics/families.js";
import { KeyStore } from "#dist/identity/keys/key-store.js";
import { makeUserFile, openUserFile } from "#dist/identity/users/user-file.js";
import { runCli, startServer } from "../support/server-process.ts";

/** A store, and a key for it in the file beside. */
function fresh(): { store: string; key: string } {
  const path = join(temporaryFolder(), "sessile.db");
  const users = path.replace(/\.db$/, ".users.db");
  makeUserFile(users);
  const file = openUserFile(users, { synchronous: "FULL" });
  const { key } = new KeyStore(file).add("app", ["sessions:create", "sessions:read", "metrics:read"]) ?? assert.fail();
  file.close();
  return { store: `sqlite:${path}`, key };
}

async function begin(url: string, key: string, userId: string): Promise<string> {
  const headers = { "X-API-Key": key, "Content-Type": "application/json" };
  const answer = await fetch(`${url}/sessions`, { method: "POST", headers, body: JSON.stringify({ user_id: userId }) });
  assert.equal(answer.status, 201);
  return ((await answer.json()) as { session_token: string }).session_token;
}

test("a session of an application's user 1 survives the start that ends those of the demo", async () => {
  const { store, key } = fresh();
  const first = await startServer(["--store", store]);
  const token = await begin(first.url, key, "1");
  assert.equal(await first.end(), 0);
  const second = await startServer(["--store", store]);
  const answer = await fetch(`${second.url}/sessions/current`, {
    headers: { "X-API-Key": key, "X-Session-Token": token },
  });
  assert.equal(answer.status, 200);
  const profile = await fetch(`${second.url}/profile`, { headers: { "X-Session-Token": token } });
  assert.deepEqual(await profile.json(), { username: null, user_id: 1 });
  await second.end();
});

test("N1: metrics are on an address of their own, or behind a key, and hold no token and no user", async () => {
  const { store, key } = fresh();
  const server = await startServer(["--store", store, "--metrics", "127.0.0.1:0"]);
  const own = /metrics {5}(http:\S+\/metrics)/.exec(server.output().stdout)?.[1] ?? assert.fail(server.output().stdout);
  const token = await begin(server.url, key, "alice-in-metrics");
  await fetch(`${server.url}/profile/alice-in-metrics?t=${token}`);
  const texts = await Promise.all([
    fetch(own),
    fetch(`${server.url}/metrics`, { headers: { "X-API-Key": key } }),
    fetch(`${server.url}/metrics`, { headers: { Authorization: `Bearer ${key}` } }),
  ]).then((answers) =>
    Promise.all(
      answers.map((answer) => {
        assert.equal(answer.status, 200);
        assert.match(answer.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
        assert.equal(answer.headers.get("cache-control"), "no-store");
        return answer.text();
      }),
    ),
  );
  for (const text of texts) {
    for (const name of Object.keys(FAMILIES)) assert.ok(text.includes(`# TYPE ${name} `), name);
    for (const name of ["sessile_store_up", "sessile_sessions", "process_resident_memory_bytes"])
      assert.match(text, new RegExp(`^${name}(?:\\{store="sqlite"\\})? [1-9]`, "m"));
    assert.ok(!text.includes("alice") && !text.includes(token.slice(4, 26)));
  }
  assert.equal((await fetch(`${server.url}/metrics`)).status, 401);
  assert.deepEqual(
    [(await fetch(own, { method: "POST" })).status, (await fetch(new URL("/login", own))).status],
    [405, 404],
  );
  assert.equal(await server.end(), 0);
});

test("an option that cannot work is said in one line", async () => {
  for (const [args, reason] of [
    [["--metrics", "9464"], /--metrics must be an address and a port, such as 127\.0\.0\.1:9464; got "9464"/],
    [["--verify-headers", "a=Set-Cookie"], /--verify-headers must be a list such as/],
    [["--verify-headers", "a=X-User-Id"], /--verify-headers must be a list such as/],
    ...["X-Forwarded-User", "X-Real-IP", "x-envoy-user", "X-Original-User", "X_User"].map(
      (header) => [["--verify-headers", `a=${header}`], /--verify-headers must be a list such as/] as const,
    ),
    [["--verify-headers", "a=X-A,b=x-a"], /--verify-headers must be a list such as/],
    [["--cookie", "a b"], /--cookie a b: `name` must be a cookie name/],
    [["--cookie", "__Host-sessile-admin"], /is the admin page's own\. Choose another name/],
    [["--cookie", "__Host-s", "--cookie-domain", "example.com"], /needs no `domain`/],
    [["--cookie-domain", "example.com"], /--cookie-domain needs --cookie NAME/],
    [["--trusted-origins", "https://a.example/x"], /--trusted-origins must be a list of origins such as/],
  ] as const) {
    const { code, stderr } = await runCli(["serve", "--store", "memory", ...args]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, reason);
    assert.equal(stderr.trimEnd().split("\n").length, 1);
  }
});
