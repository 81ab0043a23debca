// `sessile import`: a real application with express-session, and the one that takes its users over.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createClient } from "@redis/client";
import { cookieTransport, SessionManager } from "sessile";
import { formerSessions, importFormerSession } from "sessile/former-sessions";
import { withSession } from "sessile/node";
import { sqliteStore } from "sessile/sqlite";
import type { SessionStore } from "sessile/store";
import { temporaryFolder } from "sessile-test-support/folder";
import { startRedis } from "sessile-test-support/redis-server";
import type { UserFile } from "#dist/identity/users/user-file.js";
import { setMarker } from "#dist/store/marker.js";
import { cli } from "./cli.ts";

interface Data {
  userId: number;
  cart: string[];
}

/** As much as the former application uses; neither package brings types. */
interface FormerRequest {
  readonly url: string;
  readonly session: Partial<Data> & { readonly cookie: unknown };
}
type Middleware = (request: FormerRequest, response: unknown, next: () => void) => void;

interface SqliteModule {
  readonly DatabaseSync: new (path: string) => UserFile;
}

const SECRET = "the secret of the former application";
const load = createRequire(import.meta.url);
const folder = temporaryFolder();

async function listen(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Signs user 42 in at `/login`, and shows a cart to all other visitors. */
function formerApp(store: object, cookie: object = { maxAge: 3_600_000 }): RequestListener {
  const session = load("express-session") as (options: object) => Middleware;
  const open = session({
    store,
    secret: SECRET,
    resave: false,
    saveUninitialized: false,
    cookie,
  });
  return (request, response) => {
    const former = request as unknown as FormerRequest;
    open(former, response, () => {
      former.session.cart = ["a-12"];
      if (former.url === "/login") former.session.userId = 42;
      response.end("done");
    });
  };
}

async function cookieFrom(url: string, path: string): Promise<string> {
  const { headers } = await fetch(url + path);
  return (headers.getSetCookie()[0] as string).split(";")[0] as string;
}

/** The program that `docs/migration.md` advises. */
function newApp(store: SessionStore): RequestListener {
  const manager = new SessionManager<Data>({ store, transports: [cookieTransport()] });
  const former = formerSessions({ store, secret: SECRET });
  return withSession(manager, async (request, response, session) => {
    const isMoved = await former.signIn(session, request.headers.cookie, (data) => data as unknown as Data);
    if (isMoved) response.appendHeader("Set-Cookie", "connect.sid=; Path=/; Max-Age=0");
    if (session.userId === null) response.statusCode = 401;
    if (request.url === "/fresh") session.requireFresh(3_600_000);
    response.end(JSON.stringify({ user: session.userId, cart: session.get("cart") ?? null }));
  });
}

async function ask(url: string, cookie: string) {
  const response = await fetch(url, { headers: { cookie } });
  return {
    status: response.status,
    body: (await response.json()) as unknown,
    cookies: response.headers.getSetCookie(),
  };
}

test("F3: who was signed in with express-session over connect-redis stays so, once and for this cookie alone", async (t) => {
  const redis = await startRedis();
  const client = await createClient({ url: redis.url }).connect();
  t.after(async () => {
    client.destroy();
    await redis.close();
  });
  const { RedisStore } = load("connect-redis") as { RedisStore: new (options: object) => object };
  const oldUrl = await listen(t, formerApp(new RedisStore({ client })));
  const ofBrowser = await listen(t, formerApp(new RedisStore({ client }), {}));
  const cookies = await Promise.all([
    cookieFrom(ofBrowser, "/login"),
    ...["/login", "/login", "/"].map((path) => cookieFrom(oldUrl, path)),
  ]);
  const [first, raced, revoked, anonymous] = cookies as [string, string, string, string];
  const path = join(folder, "new.db");
  const args = [
    "import",
    "--from",
    "connect-redis",
    "--source",
    redis.url,
    "--user",
    "userId",
    "--store",
    `sqlite:${path}`,
  ];
  assert.match((await cli([...args, "--dry-run"])).stdout, /^Would import 3 sessions/);
  assert.equal(await client.dbSize(), 4, "a dry run leaves everything where it is");
  const { code, stdout } = await cli([...args, "--json"]);
  const { imported, anonymous: left, expired, unreadable } = JSON.parse(stdout) as Record<string, number>;
  assert.deepEqual([code, imported, left, expired, unreadable], [0, 3, 1, 0, 0]);
  assert.equal(await client.dbSize(), 1, "what was imported is nowhere else");
  const store = sqliteStore({ path });
  t.after(() => store.close());
  const records = (await store.list("42")).records;
  assert.deepEqual(new Set(records.map(({ persistent }) => persistent)), new Set([true, false]));
  assert.equal(records.length, 3, "they are in the user's list, so that revoking all ends them too");
  for (const cookie of cookies) {
    const id = decodeURIComponent(cookie).slice("connect.sid=s:".length).split(".")[0] as string;
    assert.ok(!JSON.stringify(records).includes(id), "the id is a credential");
  }
  const url = await listen(t, newApp(store));
  const answer = await ask(url, first);
  assert.deepEqual([answer.status, answer.body], [200, { user: "42", cart: ["a-12"] }]);
  const [own = "", ...attributes] =
    answer.cookies.find((cookie) => !cookie.startsWith("connect.sid"))?.split("; ") ?? [];
  assert.doesNotMatch(attributes.join(), /Max-Age/, "the old one was the browser's, too");
  assert.equal((await ask(url, own)).status, 200, "the new cookie goes on");
  assert.equal((await fetch(`${url}/fresh`, { headers: { cookie: own } })).status, 403, "nobody gave a password");
  assert.equal((await ask(url, first)).status, 401, "the old one was taken");
  assert.equal((await ask(url, anonymous)).status, 401);
  const race = await Promise.all(Array.from({ length: 10 }, () => ask(url, raced)));
  assert.equal(race.filter(({ status }) => status === 200).length, 1, "of many at once, one gets it");
  await store.deleteByUser("42");
  assert.equal((await ask(url, revoked)).status, 401, "what was revoked does not come back");
  assert.match((await cli(args)).stdout, /^Imported 0 sessions/);
  assert.equal((await ask(url, raced)).status, 401);
});

test("a cookie whose signature, secret, name or number is wrong takes nothing, and harms nothing", async () => {
  const store = sqliteStore({ path: join(folder, "forged.db") });
  const { sign } = load("cookie-signature") as { sign: (id: string, secret: string) => string };
  const end = Date.now() + 3_600_000;
  await importFormerSession(store, { id: "the-id", userId: "7", data: {}, expiresAt: end });
  await importFormerSession(store, { id: "over", userId: "7", data: {}, expiresAt: Date.now() - 1 });
  const former = formerSessions({ store, secret: ["a newer secret", SECRET] });
  const manager = new SessionManager({ store, transports: [cookieTransport()] });
  const anonymous = { method: "GET", path: "/", header: () => undefined };
  const cookie = (value: string, name = "connect.sid") => `${name}=${encodeURIComponent(value)}`;
  const good = `s:${sign("the-id", SECRET)}`;
  for (const wrong of [
    undefined,
    "",
    cookie("s:the-id"),
    cookie("s:the-id."),
    cookie(`s:${sign("the-id", "another secret")}`),
    cookie(good.slice(0, -1)),
    cookie(good.slice(0, -1) + (good.endsWith("A") ? "B" : "A")),
    cookie(good.replace("the-id", "the-ie")),
    cookie(good, "other"),
    `${cookie(good)}; ${cookie(`s:${sign("else", SECRET)}`)}`,
    "connect.sid=%",
    cookie(`s:${sign("unknown", SECRET)}`),
    cookie(`s:${sign("over", SECRET)}`),
  ]) {
    const { session } = await manager.open(anonymous);
    assert.equal(await former.signIn(session, wrong), false, wrong);
  }
  const { session } = await manager.open(anonymous);
  assert.equal(await former.signIn(session, cookie(good)), true);
  assert.equal(session.userId, "7");
  for (const secret of ["", [], [""]])
    assert.throws(() => formerSessions({ store, secret }), { code: "ERR_SESSION_OPTION" });
  await store.close();
});

test("SQLite stores of express-session are understood by their columns, and what cannot be is named", async () => {
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite") as unknown as SqliteModule;
  const now = Date.now();
  const shapes = {
    expired: now + 60_000,
    expire: new Date(now + 60_000).toISOString(),
    expires: Math.round(now / 1000) + 60,
  };
  for (const [column, expiry] of Object.entries(shapes)) {
    const source = join(folder, `${column}.db`);
    const database = new DatabaseSync(source);
    database.exec(`CREATE TABLE sessions (sid TEXT PRIMARY KEY, sess TEXT, ${column})`);
    const add = (id: string, text: string, at: string | number = expiry) =>
      database.prepare("INSERT INTO sessions VALUES (?, ?, ?)").run(id, text, at);
    add("a", '{"cookie":{"originalMaxAge":null,"expires":null},"passport":{"user":"u1"},"__proto__":{"x":1}}');
    add("b", '{"cookie":{}}');
    add("c", "not JSON");
    add("c2", String.raw`{"passport":{"user":"\ud800"}}`);
    add("c3", String.raw`{"passport":{"user":"u1"},"\udc00":1}`);
    add("d", '{"passport":{"user":"u1"}}', 1);
    database.close();
    const target = join(folder, `${column}-new.db`);
    const args = [
      "import",
      "--from",
      "express-session-sqlite",
      "--source",
      source,
      "--store",
      `sqlite:${target}`,
      "--json",
    ];
    const { stdout } = await cli([...args, "--user", "passport.user"]);
    const { imported, anonymous, expired, unreadable } = JSON.parse(stdout) as Record<string, number>;
    assert.deepEqual([imported, anonymous, expired, unreadable], [1, 1, 1, 3], column);
    const store = sqliteStore({ path: target });
    const [record] = (await store.list("u1")).records;
    assert.deepEqual([record?.data, record?.persistent], ['{"passport":{"user":"u1"}}', false]);
    assert.ok(Math.abs((record?.expiresAt ?? 0) - now - 60_000) < 2000);
    await store.close();
  }
  const args = [
    "import",
    "--source",
    join(folder, "expired.db"),
    "--user",
    "u",
    "--store",
    `sqlite:${join(folder, "x.db")}`,
  ];
  assert.match(
    (await cli([...args, "--from", "express-session-sqlite", "--table", "none"])).stderr,
    /there is no such table/,
  );
  assert.match(
    (await cli([...args, "--from", "memcached"])).stderr,
    /must be connect-redis, connect-pg-simple or express-session-sqlite/,
  );
});

test("the password of a Redis comes from the environment, where no other user of the machine reads it", async (t) => {
  const redis = await startRedis(["--requirepass", "hunter2"]);
  t.after(() => redis.close());
  const source = ["import", "--from", "connect-redis", "--source", redis.url, "--user", "u"];
  const args = [...source, "--store", `sqlite:${join(folder, "password.db")}`];
  const without = await cli(args);
  assert.equal(without.code, 2);
  assert.match(without.stderr, /cannot be reached: NOAUTH.*SESSILE_SOURCE_PASSWORD/);
  assert.equal((await cli(args, { SESSILE_SOURCE_PASSWORD: "wrong" })).code, 2);
  const { code, stdout } = await cli(args, { SESSILE_SOURCE_PASSWORD: "hunter2" });
  assert.deepEqual(
    [code, stdout.split("\n")[0]],
    [0, `Imported 0 sessions into sqlite:${join(folder, "password.db")}.`],
  );
});

test("N1: a source that is no URL is refused without showing its password", async () => {
  const to = ["--user", "u", "--store", `sqlite:${join(folder, "refused.db")}`];
  for (const source of ["ann:hunter2@a", "redis://ann:hunter2@127.0.0.1:99999", "redis:/ann:hunter2%@a"]) {
    const { code, stderr } = await cli(["import", "--from", "connect-redis", "--source", source, ...to]);
    assert.equal(code, 2, source);
    assert.match(stderr, /--source .*(?:must look like redis:|cannot be reached)/);
    assert.ok(!stderr.includes("hunter2"), source);
  }
});

test("nothing is imported into a store that no server starts on", async () => {
  const path = join(folder, "moved.db");
  const store = sqliteStore({ path });
  await setMarker(store, { state: "moved", store: "elsewhere" });
  await store.close();
  const args = ["import", "--from", "connect-redis", "--source", "redis://127.0.0.1:1", "--user", "u"];
  const { code, stderr } = await cli([...args, "--store", `sqlite:${path}`]);
  assert.equal(code, 2);
  assert.match(stderr, /have moved to elsewhere/);
});
