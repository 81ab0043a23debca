// The API for applications that sign their users in themselves.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { memoryStore } from "sessile";
import { pausingStore, testClock } from "sessile/testing";
import { KEY_SCOPES, type KeyScope } from "#dist/identity/keys/key-scopes.js";
import { raw } from "../support/raw.ts";
import { type ApiApp, startApi } from "./api-app.ts";

const OPERATIONS: readonly (readonly [method: string, path: string, scope: KeyScope])[] = [
  ["POST", "/sessions", "sessions:create"],
  ["GET", "/sessions/current", "sessions:read"],
  ["PATCH", "/sessions/current/data", "sessions:write"],
  ["POST", "/sessions/current/rotate", "sessions:write"],
  ["DELETE", "/sessions/current", "sessions:write"],
  ["GET", "/sessions?user_id=ann", "users:read"],
  ["POST", "/sessions/end", "users:revoke"],
  ["GET", "/metrics", "metrics:read"],
];

const SECOND = 1000;

describe("the API", () => {
  let api: ApiApp;
  const clock = testClock();
  before(async () => {
    api = await startApi({ manager: { clock: clock.now } });
  });
  after(() => api.close());

  test("begins a session, shows it, and ends it for every holder of the token", async () => {
    const body = { user_id: "ann@example.org", data: { cart: ["tea"], n: null }, device: "Firefox on Linux" };
    const begun = await api.send("POST", "/sessions", { body });
    assert.equal(begun.status, 201);
    const { session_token: token, ...session } = begun.body;
    assert.match(token, /^ses_[0-9A-Za-z]{72}$/);
    assert.deepEqual([session.user_id, session.data, session.version], ["ann@example.org", body.data, 1]);
    assert.equal(session.expires_at, new Date(clock.now() + 3600 * SECOND).toISOString());
    assert.equal(begun.headers.get("set-cookie"), null);
    const shown = await api.send("GET", "/sessions/current", { token });
    assert.deepEqual([shown.status, shown.body], [200, session]);
    assert.equal(shown.headers.get("etag"), '"1"');
    const list = await api.send("GET", "/sessions?user_id=ann%40example.org&utm_source=x");
    assert.deepEqual(
      list.body.sessions.map((each: { device: string }) => each.device),
      ["Firefox on Linux"],
    );
    const bearer = { headers: { Authorization: `Bearer ${token}` } };
    assert.deepEqual((await api.send("DELETE", "/sessions/current", bearer)).body, { ended: 1 });
    assert.equal((await api.send("GET", "/sessions/current", { token })).status, 401);
    assert.deepEqual((await api.send("DELETE", "/sessions/current", bearer)).body, { ended: 0 });
  });

  test("the token of another session that comes with a new sign-in ends", async () => {
    const first = await api.begin("ann");
    const { status, body } = await api.send("POST", "/sessions", { token: first, body: { user_id: "ann" } });
    assert.equal(status, 201);
    assert.equal((await api.send("GET", "/sessions/current", { token: first })).status, 401);
    assert.equal((await api.send("GET", "/sessions/current", { token: body.session_token })).status, 200);
  });

  test("F4: changes of different keys are both kept, and a removed key is gone", async () => {
    const token = await api.begin("bob", { a: 1, b: 2, c: 3 });
    const changes = [{ set: { a: 10 } }, { set: { d: { deep: [1] } } }, { remove: ["b"] }];
    const answers = await Promise.all(
      changes.map((body) => api.send("PATCH", "/sessions/current/data", { token, body })),
    );
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200],
    );
    const { body } = await api.send("GET", "/sessions/current", { token });
    assert.deepEqual([body.data, body.version], [{ a: 10, c: 3, d: { deep: [1] } }, 4]);
  });

  test("F4: with If-Match a change is made at that version only, and the answer has the next one", async () => {
    const token = await api.begin("bob", { n: 1 });
    const patch = (etag: string, n: number) =>
      api.send("PATCH", "/sessions/current/data", { token, body: { set: { n } }, headers: { "If-Match": etag } });
    const first = await patch('"1"', 2);
    assert.deepEqual([first.status, first.headers.get("etag"), first.body.data], [200, '"2"', { n: 2 }]);
    for (const stale of ['"1"', 'W/"2"', "2", '"x"', ""]) {
      const { status, body } = await patch(stale, 99);
      assert.deepEqual([status, body], [412, { detail: "The session has changed" }], stale);
    }
    assert.equal((await patch('"7", "2"', 3)).status, 200);
    assert.equal((await patch("*", 4)).status, 200);
    assert.deepEqual((await api.send("GET", "/sessions/current", { token })).body.data, { n: 4 });
  });

  test("a session in use keeps its version, and its ETag with it, while its data stays", async () => {
    const token = await api.begin("bob");
    clock.advance(61 * SECOND);
    const { headers, body } = await api.send("GET", "/sessions/current", { token });
    assert.deepEqual([headers.get("etag"), body.version], ['"1"', 1]);
    assert.equal(body.last_seen_at, new Date(clock.now()).toISOString());
    const again = await api.send("GET", "/sessions/current", { token });
    assert.equal(again.headers.get("etag"), '"1"');
  });

  test("F4: If-Match with the ETag from before a touch fits after it was written, at the change and its successor", async () => {
    const token = await api.begin("bob", { n: 1 });
    const etagOf = async () => (await api.send("GET", "/sessions/current", { token })).headers.get("etag") ?? "";
    const storedUse = async () => (await api.store.load(token.slice(4, 26)))?.lastSeenAt;
    let etag = await etagOf();
    for (const n of [2, 3]) {
      clock.advance(61 * SECOND);
      assert.equal(await etagOf(), etag, "while the touch waits");
      await api.manager.flush();
      assert.equal(await storedUse(), clock.now());
      assert.equal(await etagOf(), etag, "once it is written");
      clock.advance(61 * SECOND); // the change brings a touch itself
      const change = { token, body: { set: { n } }, headers: { "If-Match": etag } };
      const { status, headers, body } = await api.send("PATCH", "/sessions/current/data", change);
      assert.deepEqual([status, headers.get("etag"), body.data], [200, `"${n}"`, { n }]);
      assert.equal((await api.send("PATCH", "/sessions/current/data", change)).status, 412);
      etag = headers.get("etag") ?? "";
    }
  });

  test("rotates: the new token works, the old one for a minute more, and its holder gets no second successor", async () => {
    const token = await api.begin("cid", { k: 1 });
    const rotated = await api.send("POST", "/sessions/current/rotate", { token });
    assert.deepEqual([rotated.status, rotated.headers.get("x-session-token")], [200, null]);
    assert.deepEqual(rotated.body.data, { k: 1 });
    assert.notEqual(rotated.body.session_token, token);
    assert.equal((await api.send("GET", "/sessions/current", { token })).status, 200);
    assert.equal((await api.send("POST", "/sessions/current/rotate", { token })).status, 409);
    clock.advance(61 * SECOND);
    const rest = { token: rotated.body.session_token };
    assert.equal((await api.send("GET", "/sessions/current", rest)).status, 200);
    assert.equal((await api.send("GET", "/sessions/current", { token })).status, 401, "stolen, so the session ends");
    assert.equal((await api.send("GET", "/sessions/current", rest)).status, 401);
  });

  test("lists a user's sessions a page at a time, and no other user's", async () => {
    for (let i = 0; i < 5; i++) {
      await api.begin("dora");
      clock.advance(1);
    }
    await api.begin("dora2");
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const query: string = `limit=2${after === null ? "" : `&after=${encodeURIComponent(after)}`}`;
      const { body } = await api.send("GET", `/sessions?user_id=dora&${query}`);
      assert.ok(body.sessions.length <= 2);
      for (const { sid, user_id } of body.sessions) {
        assert.equal(user_id, "dora");
        seen.push(sid);
      }
      after = body.next;
    } while (after !== null);
    assert.equal(new Set(seen).size, 5);
    for (const query of ["limit=0", "limit=101", "limit=x", "after=nonsense"])
      assert.equal((await api.send("GET", `/sessions?user_id=dora&${query}`)).status, 422, query);
  });

  test("ends one or all sessions of a user, and another user's sid names nothing", async () => {
    const end = (body: object) => api.send("POST", "/sessions/end", { body });
    const tokens = [await api.begin("eve"), await api.begin("eve"), await api.begin("mallory")];
    const sids = await Promise.all(
      tokens.map(async (token) => (await api.send("GET", "/sessions/current", { token })).body.sid),
    );
    assert.equal((await end({ user_id: "eve", sid: sids[2] })).status, 404);
    assert.deepEqual((await end({ user_id: "eve", sid: sids[0] })).body, { ended: 1 });
    assert.equal((await end({ user_id: "eve", sid: sids[0] })).status, 404);
    assert.deepEqual((await end({ user_id: "eve", all: true })).body, { ended: 1 });
    const statuses = await Promise.all(
      tokens.map(async (token) => (await api.send("GET", "/sessions/current", { token })).status),
    );
    assert.deepEqual(statuses, [401, 401, 200]);
  });

  test("B1: without a good key every operation answers the same, whatever else the request holds", async () => {
    const token = await api.begin("ann");
    const revoked = api.makeKey("sessions:read");
    api.keys.revoke("key1");
    const wrong = `${revoked.slice(0, -1)}${revoked.endsWith("0") ? "1" : "0"}`;
    for (const [method, path] of OPERATIONS) {
      for (const key of [null, "", "x", wrong, revoked, token, `${revoked}, ${revoked}`]) {
        const hasBody = method === "POST" || method === "PATCH";
        const answer = await api.send(method, path, { key, token, ...(hasBody && { body: "{no json" }) });
        assert.deepEqual([answer.status, answer.body], [401, { detail: "API key required" }], `${method} ${path}`);
        assert.equal(answer.headers.get("www-authenticate"), "ApiKey");
        assert.equal(answer.headers.get("cache-control"), "no-store");
      }
    }
    const lines = [`X-API-Key: ${revoked}`, `X-API-Key: ${revoked}`].join("\r\n");
    assert.match(
      await raw(api.url, `GET /sessions?user_id=a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${lines}\r\n\r\n`),
      / 401 /,
    );
  });

  test("a key opens the operations of its scopes and no others", async () => {
    for (const scope of Object.keys(KEY_SCOPES) as KeyScope[]) {
      const key = api.makeKey(scope);
      for (const [method, path, needed] of OPERATIONS) {
        const { status, body } = await api.send(method, path, { key });
        if (scope === needed) assert.notEqual(status, 403, `${scope} ${method} ${path}`);
        else assert.deepEqual([status, body], [403, { detail: "The API key lacks the scope" }], `${scope} ${path}`);
      }
    }
  });

  test("H7: an answer is stored by no cache, and differs by key and token", async () => {
    const token = await api.begin("ann");
    for (const [method, path] of OPERATIONS.slice(1, 5)) {
      const { headers } = await api.send(method, path, { token, ...(method === "PATCH" && { body: {} }) });
      assert.equal(headers.get("cache-control"), "no-store", path);
      for (const name of ["X-API-Key", "X-Session-Token", "Authorization"])
        assert.ok(headers.get("vary")?.includes(name), `${path}: ${headers.get("vary")}`);
    }
  });

  test("B4: two different tokens in one request are refused", async () => {
    const [token, other] = [await api.begin("ann"), await api.begin("ann")];
    const headers = { Authorization: `Bearer ${other}` };
    const { status, body } = await api.send("GET", "/sessions/current", { token, headers });
    assert.deepEqual([status, body], [400, { detail: "Conflicting credentials" }]);
  });

  test("M2: what the schemas do not allow is 422 with where it is wrong, and nothing of the input", async () => {
    const token = await api.begin("ann");
    const marker = "s3cr3t-marker";
    for (const [method, path, body, loc] of [
      ["POST", "/sessions", {}, ["body", "user_id"]],
      ["POST", "/sessions", { user_id: 1 }, ["body", "user_id"]],
      ["POST", "/sessions", { user_id: "" }, ["body", "user_id"]],
      ["POST", "/sessions", { user_id: "x".repeat(257) }, ["body", "user_id"]],
      ["POST", "/sessions", { user_id: "漢".repeat(86) }, ["body"]],
      ["POST", "/sessions", { user_id: "\ud800" }, ["body"]],
      ["POST", "/sessions", { user_id: "a", data: { k: "\ud800" } }, ["body"]],
      ["POST", "/sessions", { user_id: "a", data: { k: { "\udc00": 1 } } }, ["body"]],
      ["POST", "/sessions", { user_id: "a", device: "\ud800" }, ["body"]],
      ["POST", "/sessions", { user_id: "a", data: marker }, ["body", "data"]],
      ["POST", "/sessions", { user_id: "a", data: [marker] }, ["body", "data"]],
      ["POST", "/sessions", { user_id: "a", role: marker }, ["body"]],
      ["POST", "/sessions", { user_id: "a", data: { k: marker.repeat(5500) } }, ["body"]],
      ["PATCH", "/sessions/current/data", { set: { k: ["\ud800"] } }, ["body"]],
      ["PATCH", "/sessions/current/data", { remove: "k" }, ["body", "remove"]],
      ["PATCH", "/sessions/current/data", { set: [marker] }, ["body", "set"]],
      ["PATCH", "/sessions/current/data", { [marker]: 1 }, ["body"]],
    ] as const) {
      const answer = await api.send(method, path, { token, body });
      assert.equal(answer.status, 422, JSON.stringify(body).slice(0, 80));
      assert.deepEqual(answer.body.detail[0].loc, loc);
      assert.ok(!JSON.stringify(answer.body).includes(marker));
    }
    for (const [body, status] of [
      ["{", 400],
      ['{"user_id":"a","data":{"__proto__":{"x":1}}}', 400],
      [`{"user_id":"a","data":{"k":${"[".repeat(40)}${"]".repeat(40)}}}`, 400],
    ] as const)
      assert.equal((await api.send("POST", "/sessions", { body })).status, status, body);
    const headers = { "Content-Type": "text/plain" };
    assert.equal((await api.send("POST", "/sessions", { body: "x", headers })).status, 415);
    const large = { user_id: "a", data: { k: "x".repeat(90_000) } };
    assert.equal((await api.send("POST", "/sessions", { body: large })).status, 413);
  });

  test("N3: the log says which key acted, and nothing of the key but its id", async () => {
    const key = api.makeKey("sessions:create", "sessions:read");
    const { body } = await api.send("POST", "/sessions", { key, body: { user_id: "frank" } });
    await api.send("POST", "/sessions/end", { key, body: { user_id: "frank", all: true } });
    const id = key.slice(4, 20);
    const events = api.events().filter(({ actor }) => actor === `key:${id}`);
    assert.deepEqual(
      events.map(({ event }) => event),
      ["created", "signedIn", "authorisationDenied"],
    );
    assert.ok(!api.log().includes(key.slice(20)) && !api.log().includes(body.session_token));
  });

  test("B10: a hundred bad keys of one client within a minute are one line of the log", async () => {
    for (let i = 0; i < 120; i++) await api.send("GET", "/sessions?user_id=a", { key: `sak_${i}` });
    assert.equal(api.events().filter(({ event }) => event === "invalidKeyBurst").length, 1);
  });
});

test("P1: a store that fails is 503 with Retry-After, never 401, and nothing was changed", async () => {
  const api = await startApi();
  const token = await api.begin("ann", { n: 1 });
  for (const [method, path, failing, ending] of [
    ["POST", "/sessions", "create"],
    ["GET", "/sessions/current", "load"],
    ["PATCH", "/sessions/current/data", "commit"],
    ["POST", "/sessions/current/rotate", "commit"],
    ["GET", "/sessions?user_id=ann", "list"],
    ["POST", "/sessions/end", "deleteByUser", { user_id: "ann", all: true }],
  ] as const) {
    api.store.fail(failing);
    const body = ending ?? (method === "POST" ? { user_id: "ann" } : { set: { n: 2 } });
    const hasBody = path === "/sessions" || method === "PATCH" || ending !== undefined;
    const answer = await api.send(method, path, { token: path === "/sessions" ? "" : token, ...(hasBody && { body }) });
    assert.deepEqual([answer.status, answer.headers.get("retry-after")], [503, "1"], `${method} ${path}`);
  }
  api.store.recover();
  assert.deepEqual((await api.send("GET", "/sessions/current", { token })).body.data, { n: 1 });
  api.store.fail("delete");
  assert.equal((await api.send("DELETE", "/sessions/current", { token })).status, 503);
  api.store.recover();
  assert.equal((await api.send("GET", "/sessions/current", { token })).status, 401, "the process goes on ending it");
  await api.close();
});

test("F3: a change that was under way when the session ended is 401, and the session stays ended", async () => {
  const store = pausingStore(memoryStore());
  const api = await startApi({ manager: { store } });
  const token = await api.begin("ann");
  const passing = store.pause("commit");
  const patching = api.send("PATCH", "/sessions/current/data", { token, body: { set: { n: 1 } } });
  await passing.reached;
  await api.send("DELETE", "/sessions/current", { token });
  passing.open();
  assert.equal((await patching).status, 401);
  assert.equal((await api.send("GET", "/sessions/current", { token })).status, 401);
  await api.close();
});

test("F4: of two changes with the same If-Match at the same moment exactly one is made", async () => {
  const api = await startApi();
  for (let round = 0; round < 20; round++) {
    const token = await api.begin("ann", { n: 0 });
    const patch = (n: number) =>
      api.send("PATCH", "/sessions/current/data", { token, body: { set: { n } }, headers: { "If-Match": '"1"' } });
    const answers = await Promise.all([1, 2, 3, 4].map(patch));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 412, 412, 412]);
    const winner = answers.findIndex(({ status }) => status === 200) + 1;
    assert.deepEqual((await api.send("GET", "/sessions/current", { token })).body.data, { n: winner });
  }
  await api.close();
});
