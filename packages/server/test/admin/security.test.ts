// L1, L6: who gets to the admin page, how it is held, and that everything that is done there is written down.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { PASSWORD } from "../sign-in/sign-in-app.ts";
import { call } from "../support/client.ts";
import { runCli, startServer } from "../support/server-process.ts";
import { PageClient, startAdminApp } from "./admin-app.ts";
import { startAdminServer } from "./admin-server.ts";

const app = await startAdminApp({ after });

const ROUTES = [
  ["GET", "/me"],
  ["POST", "/sign-out"],
  ["GET", "/overview"],
  ["GET", "/events"],
  ["GET", "/find?q=alice"],
  ["GET", "/sessions"],
  ["GET", "/session?sid=0000000000000000000000"],
  ["POST", "/show-data"],
  ["GET", "/user?userId=1"],
  ["POST", "/end-session"],
  ["POST", "/end-user"],
  ["POST", "/end-everyone"],
  ["GET", "/everyone"],
  ["GET", "/audit"],
] as const;

test("L1: by default there is no admin page and no account page, nor anything below", async () => {
  const server = await startServer(["--store", "memory", "--log-level", "silent"]);
  after(() => server.end());
  const paths = ROUTES.map(([method, path]) => [method, `/admin/api${path}`] as const);
  for (const [method, path] of [...paths, ["GET", "/admin"], ["GET", "/account/sessions"], ["GET", "/account/api/me"]])
    assert.equal((await call(server.url, method as string, path as string)).status, 404, path);
});

test("L1: no client reaches any route without signing in there; the token of a user's session is no key to it", async () => {
  const { token } = await app.mint(String(app.user("root").id));
  for (const headers of [
    {},
    { "X-Session-Token": token },
    { Authorization: `Bearer ${token}` },
    { Cookie: `__Host-sessile-admin=${token}` },
  ]) {
    for (const [method, path] of ROUTES) {
      const { status, body } = await call(app.url, method, `/admin/api${path}`, headers as Record<string, string>);
      assert.deepEqual([status, body], [401, { detail: "Not authenticated" }], `${method} ${path}`);
    }
  }
});

test("L1, L6: a user without the right is turned away with 403 and an entry in the audit and the log", async () => {
  const client = new PageClient(app.url, "/admin/api");
  const { status, body } = await client.ask("POST", "/sign-in", { username: "alice", password: PASSWORD });
  assert.deepEqual([status, body, client.cookie], [403, { detail: "Not allowed" }, ""]);
  const operator = await app.operator();
  const { entries } = (await operator.ask("GET", "/audit")).body;
  const { actor, action, outcome } = entries[1];
  assert.deepEqual([actor, action, outcome], ["alice", "signIn", "refused"]);
  const [event] = app.events().filter(({ event: name }) => name === "adminRefused");
  assert.deepEqual([event?.["actor"], event?.["action"], event?.["level"]], ["admin:alice", "signIn", "warn"]);
});

test("L1: a wrong password, an unknown and a disabled user are told the same", async () => {
  const bob = app.user("bob");
  app.users.setAdmin(bob, true);
  app.users.disable(bob);
  const answers = [];
  for (const [username, password] of [
    ["root", "wrong password"],
    ["nobody", PASSWORD],
    ["bob", PASSWORD],
  ]) {
    const { status, body, headers } = await new PageClient(app.url, "/admin/api").ask("POST", "/sign-in", {
      username,
      password,
    });
    answers.push(JSON.stringify([status, body, headers.get("set-cookie")]));
  }
  assert.deepEqual([...new Set(answers)], ['[401,{"detail":"Incorrect username or password"},null]']);
});

test("L1: who loses the right, the password or the account is out with the next request, and the session is over", async () => {
  const change: Record<string, () => void> = {
    right: () => app.users.setAdmin(app.user("ruth"), false),
    password: () => void app.users.changePassword(app.user("ruth"), app.user("ruth").password),
    account: () => app.users.disable(app.user("ruth")),
  };
  for (const [what, happen] of Object.entries(change)) {
    app.users.enable(app.user("ruth"));
    app.users.setAdmin(app.user("ruth"), true);
    app.clock.advance(1000);
    const client = await app.operator("ruth");
    const { cookie } = client;
    assert.equal((await client.ask("GET", "/sessions")).status, 200);
    app.clock.advance(1);
    happen();
    assert.equal((await client.ask("GET", "/sessions")).status, 403, what);
    assert.equal(client.cookie, "", "the browser forgets it");
    client.cookie = cookie;
    assert.equal((await client.ask("GET", "/sessions")).status, 401, what);
  }
});

test("L1: a session on the admin page does not come back with the right or the account", async () => {
  const lost: Record<string, (isLost: boolean) => void> = {
    right: (isLost) => app.users.setAdmin(app.user("ruth"), !isLost),
    account: (isLost) => (isLost ? app.users.disable(app.user("ruth")) : app.users.enable(app.user("ruth"))),
  };
  app.users.enable(app.user("ruth"));
  app.users.setAdmin(app.user("ruth"), true);
  for (const [what, set] of Object.entries(lost)) {
    app.clock.advance(1000);
    const client = await app.operator("ruth");
    set(true);
    set(false); // nothing was asked of the server meanwhile
    assert.equal((await client.ask("GET", "/sessions")).status, 403, what);
    app.clock.advance(1000);
    assert.equal((await (await app.operator("ruth")).ask("GET", "/sessions")).status, 200, what);
  }
});

test("L1, H1, H9: the cookie is of this host alone, for no program and no other site, and the token is nowhere else", async () => {
  const client = new PageClient(app.url, "/admin/api");
  const { headers, body } = await client.ask("POST", "/sign-in", { username: "root", password: PASSWORD });
  assert.match(
    headers.get("set-cookie") ?? "",
    /^__Host-sessile-admin=adm_[0-9A-Za-z]{72}; Max-Age=28800; Path=\/; Secure; HttpOnly; SameSite=Strict$/,
  );
  assert.deepEqual(Object.keys(body), ["name", "freshUntil", "now"]);
  const token = client.cookie.split("=")[1] as string;
  assert.equal((await call(app.url, "GET", "/profile", { "X-Session-Token": token })).status, 401);
  assert.equal(
    (await call(app.url, "GET", "/profile", { "X-Session-Token": token.replace("adm_", "ses_") })).status,
    401,
  );
});

test("L1, I1, I7: what comes from another site does nothing, and is not even signed in", async () => {
  const client = await app.operator();
  const { sid } = await app.mint("7");
  for (const headers of [
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { "sec-fetch-site": "", origin: "https://evil.example" },
  ]) {
    for (const [method, path] of ROUTES.filter(([each]) => each !== "GET")) {
      const act = path === "/end-everyone" ? { everyone: true } : { sid };
      const { status, body } = await client.ask(method, path, act, headers as Record<string, string>);
      assert.deepEqual([status, body], [403, { detail: "Cross-site request refused" }], `${method} ${path}`);
    }
    const credentials = { username: "root", password: PASSWORD };
    const stranger = new PageClient(app.url, "/admin/api");
    assert.equal((await stranger.ask("POST", "/sign-in", credentials, headers as Record<string, string>)).status, 403);
  }
  assert.notEqual(await app.store.load(sid), null);
});

test("N3, L1: what is refused on the admin page is in the log, with who asked where that is known", async () => {
  const client = await app.operator();
  const before = app.events().length;
  const everyone = { everyone: true };
  await client.ask("POST", "/end-everyone", everyone, { "sec-fetch-site": "cross-site" });
  app.clock.advance(5 * 60_000);
  await client.ask("POST", "/end-everyone", everyone);
  const seen = app.events().slice(before);
  assert.deepEqual(
    seen.map(({ event, actor, reason }) => [event, actor, reason]),
    [
      [
        "crossSiteRefused",
        "anonymous",
        "where the page is your own, let the proxy pass Host on, or name the origin in --trusted-origins",
      ],
      ["authorisationDenied", "admin:root", "stale"],
    ],
  );
});

test("H10: over plain HTTP from elsewhere no user is signed in, because the browser would drop the cookie", async () => {
  const client = new PageClient(app.url, "/admin/api");
  const raw = { username: "root", password: PASSWORD };
  const asked = await app.app.inject({
    method: "POST",
    url: "/admin/api/sign-in",
    headers: { host: "admin.example" },
    payload: raw,
  });
  assert.equal(asked.statusCode, 403);
  assert.match(asked.json().detail, /needs HTTPS/);
  const https = { host: "admin.example", "x-forwarded-proto": "https" };
  const behind = await app.app.inject({
    method: "POST",
    url: "/admin/api/sign-in",
    headers: https,
    payload: raw,
    remoteAddress: "127.0.0.1",
  });
  assert.equal(behind.statusCode, 200);
  assert.equal((await client.ask("POST", "/sign-in", raw)).status, 200, "loopback is the machine's own");
});

test("D10, L1: what ends sessions or shows data wants a password that was given within five minutes", async () => {
  const client = await app.operator();
  const { sid } = await app.mint("7");
  const guarded = [
    ["/end-session", { sid }],
    ["/end-user", { userId: "7", all: true }],
    ["/end-everyone", { everyone: true }],
    ["/show-data", { sid }],
  ] as const;
  app.clock.advance(5 * 60_000);
  for (const [path, act] of guarded) {
    const { status, body } = await client.ask("POST", path, act);
    assert.deepEqual([status, body], [403, { detail: "Sign in again to do this." }], path);
  }
  assert.notEqual(await app.store.load(sid), null);
  assert.equal((await client.ask("POST", "/confirm", { password: "wrong" })).status, 403);
  assert.equal((await client.ask("POST", "/end-session", { sid })).status, 403);
  const before = client.cookie;
  assert.equal((await client.ask("POST", "/confirm", { password: PASSWORD })).status, 200);
  assert.notEqual(client.cookie, before, "a new proof makes a new token");
  assert.deepEqual((await client.ask("POST", "/end-session", { sid })).body, { ended: 1 });
});

test("L6: every act is in the audit and in the log, with who, what, whom and what came of it, also when it fails", async () => {
  const client = await app.operator();
  const alice = app.user("alice");
  const [first, second] = [await app.mint(String(alice.id)), await app.mint(String(alice.id))];
  const other = await app.mint("8");
  const userId = String(alice.id);
  await client.ask("POST", "/show-data", { sid: first.sid });
  await client.ask("POST", "/end-session", { sid: other.sid });
  await client.ask("POST", "/end-user", { userId, except: second.sid });
  app.store.fail("deleteByUser");
  assert.equal((await client.ask("POST", "/end-user", { userId, all: true })).status, 503);
  app.store.recover();
  await client.ask("POST", "/end-user", { userId, all: true });
  await client.ask("POST", "/confirm", { password: PASSWORD });
  const { entries } = (await client.ask("GET", "/audit?limit=6")).body;
  const told = entries.map(({ actor, action, target, outcome, ended }: Record<string, unknown>) => [
    actor,
    action,
    target,
    outcome,
    ended,
  ]);
  assert.deepEqual(told, [
    ["root", "confirm", "", "done", null],
    ["root", "endUser", "alice", "done", 1],
    ["root", "endUser", "alice", "failed", null],
    ["root", "endOthers", "alice", "done", 1],
    ["root", "endSession", other.sid, "done", 1],
    ["root", "showData", first.sid, "done", null],
  ]);
  const logged = app
    .events()
    .filter(({ event }) => event === "adminActed" || event === "adminFailed")
    .slice(-6);
  assert.deepEqual(
    logged.map(({ event, actor, action, ended }) => [event, actor, action, ended]),
    [
      ["adminActed", "admin:root", "showData", undefined],
      ["adminActed", "admin:root", "endSession", 1],
      ["adminActed", "admin:root", "endOthers", 1],
      ["adminFailed", "admin:root", "endUser", undefined],
      ["adminActed", "admin:root", "endUser", 1],
      ["adminActed", "admin:root", "confirm", undefined],
    ],
  );
  const [revoked] = app.events().filter(({ event, sid }) => event === "revoked" && sid === other.sid);
  assert.equal(revoked?.["actor"], "admin:root", "the session's own event says who ended it");
});

test("L6: where the audit cannot be written nothing is done, and the answer says so", async () => {
  const apart = await startAdminApp({ after });
  const client = await apart.operator();
  const { sid } = await apart.mint("7");
  apart.file.exec("ALTER TABLE sessile_audit RENAME TO elsewhere");
  for (const [path, act] of [
    ["/end-everyone", { everyone: true }],
    ["/end-session", { sid }],
    ["/end-user", { userId: "7", all: true }],
    ["/show-data", { sid }],
  ] as const)
    assert.equal((await client.ask("POST", path, act)).status, 500, path);
  assert.notEqual(await apart.store.load(sid), null);
});

test("L6: the audit names only users whose sessions ended", async () => {
  const client = await app.operator();
  const alike = `0${app.user("alice").id}`; // another program's user
  await app.mint(alike);
  assert.deepEqual((await client.ask("POST", "/end-user", { userId: alike, all: true })).body, { ended: 1 });
  assert.equal((await client.ask("GET", "/audit?limit=1")).body.entries[0].target, alike);
});

test("I9, M8: the page takes nothing but its own files, and they may be kept for a year because their names change", async () => {
  const { headers, body } = await fetchText("/admin");
  const policy = headers.get("content-security-policy") ?? "";
  assert.ok(
    !policy.includes("unsafe") && policy.startsWith("default-src 'none'") && policy.includes("frame-ancestors 'none'"),
  );
  assert.equal(headers.get("cache-control"), "no-cache");
  assert.doesNotMatch(body, /<script(?![^>]+src=)|<style|style=|https?:\/\/|\son\w+=/i);
  const assets = [...body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path as string);
  assert.ok(assets.length >= 4);
  for (const path of assets) {
    const asset = await fetchText(path);
    assert.match(path, /^\/admin\/assets\/[\w.-]+-[A-Z0-9]{8}\.(?:js|css|svg)$/);
    assert.equal(asset.headers.get("cache-control"), "public, max-age=31536000, immutable");
    assert.equal(asset.headers.get("content-encoding"), "gzip");
    assert.equal(asset.headers.get("x-content-type-options"), "nosniff");
  }
  for (const path of [
    "/admin/assets/admin.html",
    "/admin/assets/..%2fcli.js",
    "/admin/assets/none.js",
    "/admin/assets/",
    "/admin/nothing",
  ])
    assert.equal((await fetchText(path)).status, 404, path);
});

async function fetchText(path: string): Promise<{ status: number; headers: Headers; body: string }> {
  const response = await fetch(app.url + path);
  return { status: response.status, headers: response.headers, body: await response.text() };
}

test("the admin page is no page of a demo, and the options say what they need", async () => {
  for (const [args, expected] of [
    [["--admin"], /--admin needs users.*sessile users add NAME --admin/],
    [["--account"], /--account needs users/],
    [["--admin-listen", "127.0.0.1:1"], /--admin-listen says where.*needs --admin/],
    [["--admin", "--admin-listen", "nonsense"], /--admin-listen must be an address and a port/],
  ] as const) {
    const { code, stderr } = await runCli(["serve", "--store", "memory", "--port", "0", ...args]);
    assert.equal(code, 2);
    assert.match(stderr, expected);
  }
});

test("L1: with a listener of its own the admin page is there and nowhere else", async () => {
  const server = await startAdminServer([
    "--store",
    "memory",
    "--admin",
    "--admin-listen",
    "127.0.0.1:0",
    "--log-level",
    "silent",
  ]);
  after(async () => {
    await server.end();
    server.file.close();
  });
  const [, elsewhere = ""] = /admin +(http:\S+)\/admin\n/.exec(server.output().stdout) ?? [];
  assert.notEqual(elsewhere, server.url);
  const client = new PageClient(elsewhere, "/admin/api");
  assert.equal((await client.ask("POST", "/sign-in", { username: "root", password: PASSWORD })).status, 200);
  assert.equal((await client.ask("GET", "/sessions")).status, 200);
  for (const [method, path] of [...ROUTES, ["POST", "/sign-in"]] as const)
    assert.equal((await call(server.url, method, `/admin/api${path}`, { cookie: client.cookie })).status, 404, path);
  assert.equal((await call(server.url, "GET", "/admin")).status, 404);
  assert.equal((await call(elsewhere, "POST", "/login")).status, 404, "and nothing else is there");
  assert.equal((await call(elsewhere, "GET", "/profile")).status, 404);
});
