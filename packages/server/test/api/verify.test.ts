// The answers for a reverse proxy: the user of a request, in headers that nothing in a session can break out of.

import assert from "node:assert/strict";
import { test } from "node:test";
import { cookieTransport, headerTransport } from "sessile";
import { raw } from "../support/raw.ts";
import { startApi } from "./api-app.ts";

const VERIFY_HEADERS = [
  ["username", "x-user-name"],
  ["roles", "x-user-roles"],
  ["plan", "x-user-plan"],
] as const;

test("a signed-in request is 200 with user, session and the chosen data; every chosen header is there", async () => {
  const api = await startApi({ verifyHeaders: VERIFY_HEADERS });
  const token = await api.begin("ann", { username: "Ann", roles: ["a", "b"], other: "secret" });
  for (const headers of [{ "X-Session-Token": token }, { Authorization: `Bearer ${token}` }]) {
    const answer = await fetch(`${api.url}/verify`, { headers });
    assert.deepEqual([answer.status, await answer.json()], [200, { user_id: "ann" }]);
    const { sid } = (await api.send("GET", "/sessions/current", { token })).body;
    const told = ["x-user-id", "x-session-id", "x-user-name", "x-user-roles", "x-user-plan"];
    assert.deepEqual(
      told.map((name) => answer.headers.get(name)),
      ["ann", sid, "Ann", '["a","b"]', ""],
    );
    assert.equal(answer.headers.get("cache-control"), "no-store");
    assert.match(answer.headers.get("vary") ?? "", /X-Session-Token/);
    assert.equal(answer.headers.get("x-other"), null);
  }
  await api.close();
});

test("B9: an anonymous request is 401, with a challenge that shows whether a token is worth keeping; two tokens are 401 too", async () => {
  const api = await startApi();
  const [token, other] = [await api.begin("ann"), await api.begin("ann")];
  await api.send("DELETE", "/sessions/current", { token });
  for (const [headers, challenge] of [
    [{}, "Bearer"],
    [{ "X-Session-Token": "x" }, 'Bearer error="invalid_token"'],
    [{ "X-Session-Token": token }, 'Bearer error="invalid_token"'],
    [{ "X-Session-Token": token, Authorization: `Bearer ${other}` }, 'Bearer error="invalid_request"'],
  ] as const) {
    const answer = await fetch(`${api.url}/verify`, { headers: { ...headers } });
    assert.deepEqual([answer.status, answer.headers.get("www-authenticate")], [401, challenge]);
    assert.equal(answer.headers.get("x-user-id"), null);
    assert.equal(answer.headers.get("cache-control"), "no-store");
  }
  await api.close();
});

test("H4: whatever a user is called and a session holds, each header is one line that decodes to it", async () => {
  const api = await startApi({ verifyHeaders: VERIFY_HEADERS });
  const values = [
    "a\r\nX-Admin: 1",
    "a\n\nbody",
    "\0\u007f\u0085\u2028",
    " spaces at both ends  ",
    "100%25 100%",
    "Zoë 日本 🙂",
    "%0d%0aX-Admin: 1",
    '"quoted", ; = \\',
  ];
  for (const value of values) {
    const token = await api.begin(value, { username: value, roles: { [value]: value } });
    const answer = await raw(
      api.url,
      `GET /verify HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Session-Token: ${token}\r\n\r\n`,
    );
    const lines = (answer.split("\r\n\r\n", 1)[0] as string).split("\r\n");
    for (const line of lines) assert.match(line, /^[\x20-\x7e]+$/);
    const of = (name: string) => lines.filter((line) => line.toLowerCase().startsWith(`${name}: `));
    assert.deepEqual([of("x-admin"), of("x-user-id").length, of("x-user-name").length], [[], 1, 1]);
    assert.equal(decodeURIComponent((of("x-user-id")[0] as string).slice("x-user-id: ".length)), value);
    const roles = decodeURIComponent((of("x-user-roles")[0] as string).slice("x-user-roles: ".length));
    assert.deepEqual(JSON.parse(roles), { [value]: value });
  }
  await api.close();
});

test("half a surrogate pair that another program stored is U+FFFD in a header", async () => {
  const api = await startApi({ verifyHeaders: VERIFY_HEADERS });
  const token = await api.begin("ann");
  const record = (await api.store.load(token.slice(4, 26))) ?? assert.fail();
  await api.store.delete(record.sid);
  const data = JSON.stringify({ username: "b\udc00", roles: ["\ud800"] });
  await api.store.create({ ...record, userId: "a\ud800", data });
  const { status, headers } = await fetch(`${api.url}/verify`, { headers: { "X-Session-Token": token } });
  const told = ["x-user-id", "x-user-name", "x-user-roles"].map((name) => headers.get(name));
  assert.deepEqual([status, ...told], [200, "a%EF%BF%BD", "b%EF%BF%BD", '["\\ud800"]']);
  await api.close();
});

test("every user id that begins a session can be told, whatever its characters take in a header", async () => {
  const api = await startApi({ verifyHeaders: VERIFY_HEADERS });
  const long = { user_id: "\u20ac".repeat(256) };
  assert.equal((await api.send("POST", "/sessions", { body: long })).status, 422);
  for (const id of [
    "\u20ac".repeat(85),
    "\u{1f511}".repeat(64),
    "%".repeat(256),
    "\u0000".repeat(256),
    "x".repeat(256),
  ]) {
    const token = await api.begin(id);
    const { status, headers } = await fetch(`${api.url}/verify`, { headers: { "X-Session-Token": token } });
    assert.deepEqual([status, decodeURIComponent(headers.get("x-user-id") ?? "")], [200, id]);
  }
  await api.close();
});

test("data that could not be told is refused where it is written, and not with every request afterwards", async () => {
  const api = await startApi({ verifyHeaders: VERIFY_HEADERS });
  const token = await api.begin("ann", { username: "x".repeat(2304) });
  const verify = async () => (await fetch(`${api.url}/verify`, { headers: { "X-Session-Token": token } })).status;
  assert.equal(await verify(), 200);
  for (const value of ["x".repeat(2305), "\u20ac".repeat(257), ["x".repeat(2301)]]) {
    const data = { username: value, other: "y".repeat(5000) };
    const begun = await api.send("POST", "/sessions", { body: { user_id: "ann", data } });
    assert.deepEqual([begun.status, begun.body.detail[0].loc], [422, ["body", "data", "username"]]);
    const changed = await api.send("PATCH", "/sessions/current/data", { token, body: { set: data } });
    assert.deepEqual([changed.status, changed.body.detail[0].loc], [422, ["body", "set", "username"]]);
    assert.ok(!JSON.stringify([begun.body, changed.body]).includes("xxx"));
  }
  assert.equal(await verify(), 200);
  await api.close();
});

test("a session of another program with a value or a user too long for a header is 401 without any, and the log says which", async () => {
  const api = await startApi({ verifyHeaders: VERIFY_HEADERS });
  const token = await api.begin("ann", {});
  await api.store.commit(token.slice(4, 26), { at: Date.now(), set: { username: "x".repeat(2305), roles: "admin" } });
  const ofLongName = await api.begin("bob");
  const record = await api.store.load(ofLongName.slice(4, 26));
  assert.ok(record);
  await api.store.delete(record.sid);
  await api.store.create({ ...record, userId: "\u20ac".repeat(257) });
  for (const [presented, header] of [
    [token, "x-user-name"],
    [ofLongName, "x-user-id"],
  ] as const) {
    const answer = await fetch(`${api.url}/verify`, { headers: { "X-Session-Token": presented } });
    assert.deepEqual([answer.status, await answer.json()], [401, { detail: "The session does not fit into headers" }]);
    assert.equal(answer.headers.get("www-authenticate"), 'Bearer error="invalid_token"');
    for (const name of ["x-user-id", "x-session-id", "x-user-name", "x-user-roles"])
      assert.equal(answer.headers.get(name), null);
    const { event, outcome, sid, header: named } = api.events().at(-1) ?? {};
    assert.deepEqual([event, outcome, sid, named], ["identityTooLong", "refused", presented.slice(4, 26), header]);
  }
  assert.equal((await api.send("GET", "/sessions/current", { token })).status, 200);
  await api.close();
});

test("Envoy's way of asking, the path behind ours and any method, is answered the same", async () => {
  const api = await startApi();
  const token = await api.begin("ann");
  for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
    const headers = { "X-Session-Token": token };
    const answer = await fetch(`${api.url}/verify/envoy/some/path%2f..?q=1`, { method, headers });
    assert.deepEqual([answer.status, answer.headers.get("x-user-id")], [200, "ann"], method);
  }
  assert.equal((await fetch(`${api.url}/verify/envoy/x`, { method: "POST" })).status, 401);
  await api.close();
});

test("a request that carries one of our headers, in whatever spelling, is 401 and in the log, also when Connection names it", async () => {
  const api = await startApi({ verifyHeaders: VERIFY_HEADERS });
  const token = await api.begin("ann", { username: "Ann" });
  const ask = (path: string, lines: readonly string[]): Promise<string> => {
    const own = ["Host: x", `X-Session-Token: ${token}`, "Connection: close", ...lines];
    return raw(api.url, `GET ${path} HTTP/1.1\r\n${own.map((line) => `${line}\r\n`).join("")}\r\n`);
  };
  for (const line of [
    "X-User-Id: root",
    "x-user-id: ",
    "X_User_Id: root",
    "X_USER-ID: root",
    "X.User.Id: root",
    "X-Session-Id: 0000000000000000000000",
    "X-User-Roles: admin",
    "X_User_Roles: admin",
    "x-user-plan: gold",
    "Connection: X-User-Id",
    "Connection: keep-alive , x_user_roles",
  ]) {
    for (const path of ["/verify", "/verify/envoy/x"]) {
      const answer = await ask(path, [line]);
      assert.match(answer, /^HTTP\/1\.1 401 [\s\S]*\r\nwww-authenticate: Bearer error="invalid_request"\r\n/i, line);
      assert.doesNotMatch(answer, /\r\nx-user-/i, line);
    }
  }
  const refused = api.events().filter(({ event }) => event === "identityClaimed");
  assert.equal(refused.length, 22);
  assert.deepEqual([refused[0]?.["header"], refused.at(-1)?.["header"]], ["X-User-Id", "x_user_roles"]);
  const harmless = ["X-User: root", "X-User-Id-Of: root", "X-UserId: root", "Connection: x-other"];
  assert.match(await ask("/verify", harmless), /^HTTP\/1\.1 200 [\s\S]*\r\nx-user-id: ann\r\n/i);
  await api.close();
});

test("I1: with a cookie, what another site makes a browser send is refused by the method the proxy was sent", async () => {
  const transports = [cookieTransport(), headerTransport()];
  const api = await startApi({ manager: { transports }, tokenInBody: false });
  const token = await api.begin("ann");
  const ask = (headers: Record<string, string>) =>
    fetch(`${api.url}/verify`, { headers: { Cookie: `__Host-session=${token}`, ...headers } });
  const crossSite = { "Sec-Fetch-Site": "cross-site" };
  assert.equal((await ask({})).status, 200);
  assert.equal((await ask({ ...crossSite, "X-Forwarded-Method": "GET" })).status, 200, "a link from elsewhere");
  const refused = await ask({ ...crossSite, "X-Forwarded-Method": "POST" });
  assert.deepEqual([refused.status, refused.headers.get("x-user-id")], [403, null]);
  assert.equal((await ask({ "Sec-Fetch-Site": "same-origin", "X-Forwarded-Method": "POST" })).status, 200);
  const own = { Origin: "https://app.example", "X-Forwarded-Host": "app.example", "X-Forwarded-Method": "POST" };
  assert.equal((await ask(own)).status, 200);
  assert.equal((await ask({ ...own, Origin: "https://evil.example" })).status, 403);
  assert.equal((await ask(crossSite)).status, 403, "a proxy that does not say the method");
  assert.equal((await ask({ ...crossSite, "X-Forwarded-Method": "GET, POST" })).status, 403, "or says two");
  const webSocket = { ...crossSite, "X-Forwarded-Method": "GET", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==" };
  assert.equal((await ask(webSocket)).status, 403, "another site's page that opens a WebSocket");
  for (const path of [
    "/verify/",
    "/verify//",
    "/verify/x",
    "/%76erify",
    "/verify?x",
    "/verify/./",
    "/verify/%65nvoy/x",
  ]) {
    const { status } = await fetch(api.url + path, { headers: { Cookie: `__Host-session=${token}`, ...crossSite } });
    assert.ok(status === 403 || status === 404, `an unknown method at ${path} is ${status}`);
  }
  const asEnvoy = (method: string) =>
    fetch(`${api.url}/verify/envoy/x`, {
      method,
      headers: { Cookie: `__Host-session=${token}`, ...crossSite, "X-Forwarded-Method": "GET" },
    });
  const statuses = await Promise.all(["GET", "POST"].map(async (method) => (await asEnvoy(method)).status));
  assert.deepEqual(statuses, [200, 403], "at Envoy's path only its method counts");
  await api.close();
});

test("two cookies that contradict each other are 401, and the answer expires the one that is not ours", async () => {
  const transports = [cookieTransport({ name: "sid" }), headerTransport()];
  const api = await startApi({ manager: { transports }, tokenInBody: false });
  const [token, other] = [await api.begin("ann"), await api.begin("ann")];
  const headers = { Cookie: `sid=${token}; sid=${other}`, "X-Forwarded-Host": "app.example.com" };
  const answer = await fetch(`${api.url}/verify`, { headers });
  assert.deepEqual([answer.status, answer.headers.get("x-user-id")], [401, null]);
  const expired = answer.headers.getSetCookie();
  assert.ok(
    expired.some((cookie) => /^sid=; Max-Age=0;.*; Domain=example\.com/.test(cookie)),
    expired.join("\n"),
  );
  await api.close();
});

test("H9: with a cookie, a browser's sign-in hands the token out there and nowhere else", async () => {
  const transports = [cookieTransport(), headerTransport()];
  const api = await startApi({ manager: { transports }, tokenInBody: false });
  const login = await fetch(`${api.url}/login`, { method: "POST" });
  assert.deepEqual(await login.json(), { session_token: null });
  assert.equal(login.headers.get("x-session-token"), null);
  const [cookie] = login.headers.getSetCookie();
  assert.match(cookie ?? "", /^__Host-session=ses_\w{72}; Max-Age=\d+; .*HttpOnly/);
  const begun = await api.send("POST", "/sessions", { body: { user_id: "ann" } });
  assert.equal(begun.headers.get("set-cookie"), null, "an application is no browser");
  await api.close();
});

test("P1: a store that fails is 503, never 401", async () => {
  const api = await startApi();
  const token = await api.begin("ann");
  api.store.fail("load");
  const answer = await fetch(`${api.url}/verify`, { headers: { "X-Session-Token": token } });
  assert.deepEqual([answer.status, answer.headers.get("retry-after")], [503, "1"]);
  await api.close();
});
