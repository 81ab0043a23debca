// K1, K2, K3, K6, K8 at the door: what a sign-in with a password answers, and what it leaves behind.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { memoryStore } from "sessile";
import { byDepth } from "sessile-test-support/depth";
import { HashGate } from "#dist/identity/sign-in/hash-gate.js";
import { PasswordHasher } from "#dist/identity/users/password-hash.js";
import { call, profile } from "../support/client.ts";
import { LN, login, NO_DELAYS, PASSWORD, post, type Reply, type SignInApp, startSignIn } from "./sign-in-app.ts";

const FAILURES = byDepth(800, 10_000, 200_000);
const WRONG = { detail: "Incorrect username or password" };

describe("POST /login with a password", () => {
  let app: SignInApp;
  let close: (() => Promise<void>) | undefined;
  const owner = {
    after(end: () => Promise<void>): void {
      close = end;
    },
  };
  before(async () => {
    app = await startSignIn(owner, { rules: NO_DELAYS });
  });

  after(() => close?.());

  test("answers exactly a session token, which belongs to the user", async () => {
    const { status, body } = await login(app.url, "alice", PASSWORD);
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(body), ["session_token"]);
    const known = await profile(app.url, body.session_token as string);
    assert.deepEqual(known.body, { username: "alice", user_id: app.users.find("alice")?.id });
  });

  test("takes the name in any case and width, and the password in any composition", async () => {
    for (const name of ["Alice", "ALICE", "Ａlice"])
      assert.equal((await login(app.url, name, PASSWORD)).status, 200, name);
    app.users.add("zoe", await new PasswordHasher({ ln: LN }).hash(Buffer.from("caf\u00e9 caf\u00e9 caf\u00e9")));
    assert.equal((await login(app.url, "zoe", "cafe\u0301 cafe\u0301 cafe\u0301")).status, 200);
  });

  test("K1: an unknown name, a wrong password and a disabled user get the same status, headers and body", async () => {
    const tries: [string, string][] = [
      ["alice", "wrong password!!"],
      ["nobody", PASSWORD],
      ["dora", PASSWORD],
      ["dora", "wrong password!!"],
      ["", ""],
      ["no such name", PASSWORD],
      ["n".repeat(5000), PASSWORD],
      ["名前", PASSWORD],
      ["alice", "x".repeat(5000)],
    ];
    const answers = [];
    for (const [name, password] of tries) answers.push(shape(await login(app.url, name, password)));
    for (const [index, answer] of answers.entries()) assert.deepEqual(answer, answers[0], String(tries[index]));
    assert.deepEqual(answers[0]?.body, WRONG);
    assert.equal(answers[0]?.status, 401);
  });

  test("K1: every try computes one hash of the current cost, for every user", async () => {
    for (const [name, password] of [
      ["alice", PASSWORD],
      ["alice", "wrong password!!"],
      ["nobody", PASSWORD],
      ["dora", PASSWORD],
      ["no such name", PASSWORD],
      ["alice", "\ud800".repeat(20)],
    ] as const) {
      app.hashed.length = 0;
      await login(app.url, name, password);
      assert.deepEqual(app.hashed, [LN], `${name}`);
    }
  });

  test("K1: an older and cheaper hash is topped up to the same cost, and renewed after the answer", async () => {
    const old = new PasswordHasher({ ln: LN - 3 });
    app.users.add("olga", await old.hash(Buffer.from(PASSWORD)));
    app.hashed.length = 0;
    await login(app.url, "olga", "wrong password!!");
    const work = app.hashed.reduce((sum, ln) => sum + 2 ** ln, 0);
    assert.equal(work, 2 ** LN, "the work of a try that fails");
    assert.equal((await login(app.url, "olga", PASSWORD)).status, 200);
    while (app.users.find("olga")?.password.includes(`ln=${LN - 3},`))
      await new Promise((resolve) => setImmediate(resolve));
    assert.match(app.users.find("olga")?.password ?? "", new RegExp(`^\\$scrypt\\$ln=${LN},r=8,p=1\\$`));
    assert.equal((await login(app.url, "olga", PASSWORD)).status, 200, "the renewed hash is of the same password");
  });

  test("bodies that are not two texts in JSON are refused, and nothing of them is repeated", async () => {
    for (const [body, status] of [
      ['{"username":"alice"', 400],
      [Buffer.from('{"username":"alice","password":"\xff"}', "latin1"), 400],
      [`{"username":"alice","password":${"[".repeat(7000)}${"]".repeat(7000)}}`, 400],
      ['{"__proto__":{"username":"alice"},"password":"secret-secret-secret"}', 400],
      ["[]", 422],
      ["null", 422],
      ['"alice"', 422],
      [{ username: "alice" }, 422],
      [{ username: "alice", password: 123456789012345 }, 422],
      [{ username: "alice", password: ["secret-secret-secret"] }, 422],
      [{ username: { $ne: null }, password: "secret-secret-secret" }, 422],
      [{ username: null, password: "secret-secret-secret" }, 422],
    ] as const) {
      const answer = await post(app.url, "/login", body);
      assert.equal(answer.status, status, String(body).slice(0, 50));
      assert.doesNotMatch(JSON.stringify(answer.body), /secret|123456/);
    }
    const { body } = await post(app.url, "/login", { username: 1 });
    assert.deepEqual(body.detail, [
      { type: "missing", loc: ["body", "password"], msg: "Field required" },
      { type: "string_type", loc: ["body", "username"], msg: "Input should be a valid string" },
    ]);
  });

  test("only JSON is taken: a form, a text or an encoded body is 415, and no body 422", async () => {
    for (const type of [
      "application/x-www-form-urlencoded",
      "text/plain",
      "multipart/form-data; boundary=x",
      "text/json",
    ]) {
      const { status } = await post(
        app.url,
        "/login",
        { username: "alice", password: PASSWORD },
        { "content-type": type },
      );
      assert.equal(status, 415, type);
    }
    const compressed = { username: "alice", password: PASSWORD };
    assert.equal((await post(app.url, "/login", compressed, { "content-encoding": "gzip" })).status, 415);
    assert.equal((await call(app.url, "POST", "/login")).status, 422);
  });

  test("keys that the route does not know are ignored", async () => {
    const body = { username: "alice", password: PASSWORD, remember: true, user_id: 1, role: "admin" };
    assert.equal((await post(app.url, "/login", body)).status, 200);
  });

  test("K2: a password of 1 MB is refused unread, one beyond 4,096 bytes is hashed as for an unknown user", async () => {
    app.hashed.length = 0;
    assert.equal((await login(app.url, "alice", "x".repeat(1024 * 1024))).status, 413);
    assert.deepEqual(app.hashed, []);
    assert.equal((await login(app.url, "alice", "\u00e9".repeat(3000))).status, 401);
  });

  test("K2: passwords of 64 characters and more, with NUL and every script, count to the last byte", async () => {
    const hasher = new PasswordHasher({ ln: LN });
    for (const [index, password] of [
      "x".repeat(64),
      "x".repeat(4096),
      `nul\0${"y".repeat(20)}`,
      "пароль密码🔑".repeat(9),
    ].entries()) {
      app.users.add(`user${index}`, await hasher.hash(Buffer.from(password)));
      assert.equal((await login(app.url, `user${index}`, password)).status, 200);
      for (const other of [`${password.slice(0, -1)}\u0001`, `${password}\0`])
        assert.equal((await login(app.url, `user${index}`, other)).status, 401, "every character counts");
    }
  });

  test("signing in ends the session that was presented, and a failed try does not", async () => {
    const first = (await login(app.url, "alice", PASSWORD)).body.session_token as string;
    const headers = { "X-Session-Token": first };
    assert.equal(
      (await post(app.url, "/login", { username: "alice", password: "wrong password!!" }, headers)).status,
      401,
    );
    assert.equal((await profile(app.url, first)).status, 200);
    assert.equal((await post(app.url, "/login", { username: "alice", password: PASSWORD }, headers)).status, 200);
    assert.equal((await profile(app.url, first)).status, 401);
  });

  test("N1, N3: the log tells every try and its outcome, and holds no password and no name that was typed", async () => {
    await login(app.url, "alice", "my-secret-password-1");
    await login(app.url, "my-secret-password-2", "x");
    await login(app.url, "alice", PASSWORD);
    const id = String(app.users.find("alice")?.id);
    const seen = app.events().map(({ event, reason, userId }) => [event, reason, userId].join(" "));
    for (const line of [`signInFailed wrongPassword ${id}`, "signInFailed unknownUser ", `signedIn  ${id}`])
      assert.ok(seen.includes(line), line);
    assert.doesNotMatch(app.log(), /my-secret-password|correct horse/);
  });
});

test(`K8: ${FAILURES} failed sign-ins and anonymous requests create no record and never ask the store to`, async (t) => {
  const app = await startSignIn(t, { rules: NO_DELAYS, store: memoryStore() });
  const { app: fastify } = app;
  const before = app.counts.calls("create");
  const kinds = [
    { method: "POST", url: "/login", payload: { username: "alice", password: "wrong password!!" } },
    { method: "POST", url: "/login", payload: { username: "nobody", password: "wrong password!!" } },
    { method: "POST", url: "/login", payload: { username: 1 } },
    { method: "POST", url: "/logout" },
    { method: "GET", url: "/profile" },
    { method: "GET", url: "/profile", headers: { "x-session-token": "nonsense" } },
    { method: "GET", url: "/profile", headers: { cookie: "__Host-sid=x; sid=y" } },
    { method: "POST", url: "/password", payload: { current_password: "x", new_password: "y" } },
  ] as const;
  for (let i = 0; i < FAILURES; i++) {
    const { statusCode } = await fastify.inject(kinds[i % kinds.length] as (typeof kinds)[number]);
    assert.ok([200, 401, 422].includes(statusCode), String(statusCode));
  }
  assert.equal(app.counts.calls("create"), before);
  assert.equal(before, 0);
  assert.equal((await app.manager.stats()).sessions, 0);
});

test("K3: while every hash slot is busy excess sign-ins get 503 at once, and sessions are checked as ever", async (t) => {
  const { promise: hold, resolve: release } = Promise.withResolvers<void>();
  let isHolding = false;
  let begun = 0;
  const beforeHash = async (): Promise<void> => {
    begun++;
    if (isHolding) await hold;
  };
  const app = await startSignIn(t, { rules: NO_DELAYS, gate: new HashGate({ slots: 2, places: 3 }), beforeHash });
  const token = (await login(app.url, "alice", PASSWORD)).body.session_token as string;
  isHolding = true;
  begun = 0;
  let waiting = 0;
  const { promise: turnedAway, resolve: allTurnedAway } = Promise.withResolvers<void>();
  const refused: Reply[] = [];
  const tries = Array.from({ length: 40 }, async () => {
    const answer = await login(app.url, "alice", PASSWORD);
    if (answer.status === 503) refused.push(answer);
    else waiting++;
    if (refused.length + waiting === 35) allTurnedAway();
  });
  await turnedAway;
  assert.equal(waiting, 0, "none that waits has been answered: the 35 were, while the slots were busy");
  assert.equal(begun, 2, "no more hashes at once than slots");
  for (const { headers, body } of refused) {
    assert.deepEqual(body, { detail: "Service unavailable" });
    assert.match(headers.get("retry-after") ?? "", /^[1-9]\d*$/);
  }
  assert.equal((await profile(app.url, token)).status, 200, "a session is checked meanwhile");
  release();
  await Promise.all(tries);
  assert.equal(waiting, 5, "two that ran and three that waited");
  assert.equal((await login(app.url, "alice", PASSWORD)).status, 200, "the slots are free again");
});

test("K6: while the file of users cannot be written, sign-in is 503 and sessions are checked as ever", async (t) => {
  const app = await startSignIn(t);
  const token = (await login(app.url, "alice", PASSWORD)).body.session_token as string;
  app.file.exec("BEGIN EXCLUSIVE");
  app.hashed.length = 0;
  for (const password of [PASSWORD, "wrong password!!"]) {
    const { status, body, headers } = await login(app.url, "alice", password);
    assert.deepEqual([status, body], [503, { detail: "Service unavailable" }]);
    assert.match(headers.get("retry-after") ?? "", /^[1-9]\d*$/);
  }
  assert.deepEqual(app.hashed, [], "no password is looked at that is not counted");
  assert.equal((await profile(app.url, token)).status, 200);
  app.file.exec("ROLLBACK");
  assert.equal((await login(app.url, "alice", PASSWORD)).status, 200, "and it comes back by itself");
  app.file.exec("DROP TABLE sessile_attempts");
  assert.equal((await login(app.url, "alice", PASSWORD)).status, 503, "a damaged file as well");
  assert.equal((await profile(app.url, token)).status, 200);
});

test("P: while the session store is down, sign-in is 503 and hands out nothing", async (t) => {
  const app = await startSignIn(t);
  app.store.fail("create");
  const { status, body } = await login(app.url, "alice", PASSWORD);
  assert.deepEqual([status, Object.keys(body)], [503, ["detail"]]);
  app.store.recover();
  assert.equal((await login(app.url, "alice", PASSWORD)).status, 200);
});

/** Everything that distinguishes one answer from another; the date is the same second's in all of them. */
function shape({ status, body, headers }: Reply): { status: number; body: unknown; headers: [string, string][] } {
  return { status, body, headers: [...headers].filter(([name]) => name !== "date") };
}
