// The server and its commands on a PostgreSQL.

import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, test } from "node:test";
import pg from "pg";
import { cookieTransport, SessionManager } from "sessile";
import { formerSessions } from "sessile/former-sessions";
import { sqliteStore } from "sessile/sqlite";
import { makeCertificate } from "sessile-test-support/certificate";
import { temporaryFolder } from "sessile-test-support/folder";
import { freePort } from "sessile-test-support/free-port";
import { type PostgresServer, startPostgres, withoutPostgres } from "sessile-test-support/postgres-server";
import { startRedis } from "sessile-test-support/redis-server";
import { waitUntil } from "sessile-test-support/wait-until";
import { cli } from "./cli/cli.ts";
import { call, profile, signIn, signOut } from "./support/client.ts";
import { startServer } from "./support/server-process.ts";

const DEEPLY = { timeout: 120_000, skip: withoutPostgres };
let postgres: PostgresServer;
let admin: pg.Pool;

if (withoutPostgres === false) {
  postgres = await startPostgres(["timezone=EAST-5"]);
  admin = new pg.Pool({ connectionString: postgres.url });
  admin.on("error", () => {});
  after(async () => {
    admin.end().catch(() => {});
    await postgres.close();
  });
}

test(
  "two servers share the sessions, which outlive both, and say what an acknowledged one survives",
  DEEPLY,
  async () => {
    const store = `${postgres.url}?table=shared`;
    const [one, two] = [await startServer(["--store", store]), await startServer(["--store", store])];
    assert.match(
      one.output().stdout,
      /survives a crash and a power loss \(synchronous_commit=on\)|takes the last changes/,
    );
    const [kept, ended] = [await signIn(one.url), await signIn(one.url)];
    assert.equal((await profile(two.url, kept)).status, 200);
    assert.equal((await signOut(two.url, ended)).status, 200);
    assert.equal((await profile(one.url, ended)).status, 401);
    await one.end();
    await two.end();
    const next = await startServer(["--store", store]);
    assert.equal((await profile(next.url, kept)).status, 200);
    assert.equal((await profile(next.url, ended)).status, 401);
    await next.end();
  },
);

test("while Postgres is away the server answers 503 and is not ready, and goes on by itself", DEEPLY, async () => {
  const own = await startPostgres();
  const server = await startServer(["--store", own.url]);
  const token = await signIn(server.url);
  const ready = async () => (await call(server.url, "GET", "/health/ready")).status;
  assert.equal(await ready(), 200);
  await own.kill();
  assert.equal((await profile(server.url, token)).status, 503);
  assert.equal(await ready(), 503);
  await own.restart();
  await waitUntil("the session is there again", async () => (await profile(server.url, token)).status === 200);
  assert.equal(await ready(), 200);
  await server.end();
  await own.close();
});

test(
  "sessions move from SQLite to Postgres, Redis, Postgres and SQLite, signed-in users with them",
  DEEPLY,
  async () => {
    const redis = await startRedis();
    const [first, last] = ["a.db", "b.db"].map((name) => `sqlite:${join(temporaryFolder(), name)}`) as [string, string];
    const [second, fourth] = [`${postgres.url}?table=moved`, `${postgres.url}?table=moved_again`];
    const before = await startServer(["--store", first]);
    const token = await signIn(before.url);
    await before.end();
    for (const [from, to] of [
      [first, second],
      [second, redis.url],
      [redis.url, fourth],
      [fourth, last],
    ] as const) {
      const { code, stderr } = await cli(["migrate", "--from", from, "--to", to, "--final"]);
      assert.equal(code, 0, stderr);
      const server = await startServer(["--store", to]);
      assert.equal((await profile(server.url, token)).status, 200, to);
      await server.end();
    }
    await redis.close();
  },
);

test("with sslmode=verify-full only a Postgres with a trusted certificate gets the password", DEEPLY, async (t) => {
  const [certificate, other] = [makeCertificate(), makeCertificate()];
  if (certificate === null || other === null) return t.skip("needs openssl");
  const own = await startPostgres([], undefined, certificate);
  t.after(() => own.close());
  const store = `${own.url}?sslmode=verify-full`;
  const sent = await startServer(["--store", store], { NODE_EXTRA_CA_CERTS: certificate.certFile });
  const token = await signIn(sent.url);
  assert.equal((await profile(sent.url, token)).status, 200);
  const client = new pg.Client(own.url);
  await client.connect();
  const encrypted = "SELECT count(*)::int AS count FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE ssl";
  assert.ok((await client.query(`${encrypted} AND application_name = 'sessile'`)).rows[0].count > 0);
  await client.end();
  await sent.end();
  for (const env of [{ NODE_EXTRA_CA_CERTS: other.certFile }, {}])
    await assert.rejects(startServer(["--store", store], env), /cannot be reached: .*(?:self.signed|certificate)/s);
  const plain = `${postgres.url}?sslmode=verify-full`;
  await assert.rejects(startServer(["--store", plain]), /cannot be reached: The server does not support SSL/);
});

test("the metrics count the sessions in Postgres, and show its outage", DEEPLY, async () => {
  const own = await startPostgres();
  const metricsPort = await freePort();
  const server = await startServer(["--store", own.url, "--metrics", `127.0.0.1:${metricsPort}`]);
  const shows = (line: RegExp) =>
    waitUntil(String(line), async () =>
      line.test(await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()),
    );
  await signIn(server.url);
  await signIn(server.url);
  await shows(/^sessile_sessions\{store="postgres"\} 2$/m);
  await shows(/^sessile_store_up 1$/m);
  await shows(/^sessile_store_circuit\{state="closed"\} 1$/m);
  await own.kill();
  await shows(/^sessile_store_up 0$/m);
  await server.end();
  await own.close();
});

test("doctor looks at the settings of Postgres, and warns of those that lose sessions", DEEPLY, async () => {
  const { stdout } = await cli(["doctor", "--store", `${postgres.url}?table=looked_at`]);
  assert.match(stdout, /`fsync` is off/);
  const url = new URL(postgres.url);
  url.hostname = "127.0.0.1";
  url.port = "1";
  const away = await cli(["doctor", "--store", url.href]);
  assert.match(away.stdout + away.stderr, /cannot be reached: .*ECONNREFUSED/);
});

test("a user who may not make tables is told of `sessile schema`, whose SQL is enough", DEEPLY, async () => {
  await admin.query("CREATE SCHEMA limited; CREATE ROLE clerk LOGIN; GRANT USAGE ON SCHEMA limited TO clerk");
  const store = `${postgres.url.replace("postgres@", "clerk@")}?table=limited.web`;
  const refused = await cli(["stats", "--store", store]);
  assert.match(refused.stdout + refused.stderr, /sessile schema/);
  const { code, stdout } = await cli(["schema", "--table", "limited.web"]);
  assert.equal(code, 0);
  await admin.query(`${stdout} GRANT SELECT, INSERT, UPDATE, DELETE ON limited.web TO clerk`);
  const server = await startServer(["--store", store]);
  const token = await signIn(server.url);
  assert.equal((await signOut(server.url, token)).status, 200);
  await server.end();
});

test(
  "users of express-session over connect-pg-simple stay signed in, until the old session would end",
  DEEPLY,
  async (t) => {
    const load = createRequire(import.meta.url);
    const session = load("express-session") as (options: object) => (...args: unknown[]) => void;
    const Store = (load("connect-pg-simple") as (module: unknown) => new (options: object) => object)(session);
    await admin.query("CREATE SCHEMA former");
    const options = { pool: admin, schemaName: "former", createTableIfMissing: true, pruneSessionInterval: false };
    const cookie = { maxAge: 3_600_000 };
    const settings = { secret: "s", resave: false, saveUninitialized: false, cookie };
    const open = session({ store: new Store(options), ...settings });
    const app: RequestListener = (request, response) =>
      open(request, response, () => {
        const former = (request as unknown as { session: Record<string, unknown> }).session;
        former["cart"] = ["a-12"];
        if (request.url === "/login") former["userId"] = 42;
        response.end();
      });
    const server = createServer(app).listen(0, "127.0.0.1");
    t.after(() => void server.close());
    await new Promise((resolve) => server.once("listening", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const visit = async (path: string) => (await fetch(url + path)).headers.getSetCookie()[0]?.split(";")[0] as string;
    const cookies = [await visit("/login"), await visit("/login"), await visit("/")];
    await admin.query("UPDATE former.session SET expire = now() - interval '1 second' WHERE sid = $1", [
      decodeURIComponent(cookies[1] as string)
        .slice("connect.sid=s:".length)
        .split(".")[0],
    ]);
    const path = join(temporaryFolder(), "new.db");
    const args = ["import", "--from", "connect-pg-simple", "--source", postgres.url, "--table", "former.session"];
    const { stdout, stderr } = await cli([...args, "--user", "userId", "--store", `sqlite:${path}`, "--json"]);
    const { imported, anonymous, expired, unreadable } = JSON.parse(stdout || stderr) as Record<string, number>;
    assert.deepEqual([imported, anonymous, expired, unreadable], [1, 1, 1, 0]);
    assert.equal((await admin.query("SELECT FROM former.session")).rowCount, 2, "the imported one is nowhere else");
    const store = sqliteStore({ path });
    const [record] = (await store.list("42")).records;
    assert.ok(
      Math.abs((record?.expiresAt ?? 0) - Date.now() - cookie.maxAge) < 60_000,
      "the time zone is the server's",
    );
    const manager = new SessionManager({ store, transports: [cookieTransport()] });
    const opened = await manager.open({ method: "GET", path: "/", header: () => undefined });
    const former = formerSessions({ store, secret: settings.secret });
    assert.equal(await former.signIn(opened.session, cookies[0], (data) => data), true);
    assert.deepEqual([opened.session.userId, opened.session.get("cart")], ["42", ["a-12"]]);
    await manager.close();
  },
);

test(
  "a session of connect-pg-simple without a deadline is imported, and a user that may not delete is refused",
  DEEPLY,
  async () => {
    await admin.query("CREATE SCHEMA odd");
    await admin.query("CREATE TABLE odd.session (sid text PRIMARY KEY, sess json, expire timestamp(6))");
    await admin.query(`INSERT INTO odd.session SELECT sid, '{"userId":"7","cookie":{}}', expire FROM (VALUES
    ('none', NULL), ('ever', 'infinity'), ('over', '-infinity'), ('soon', now() + interval '1 hour')) AS odd (sid, expire)`);
    await admin.query("CREATE ROLE reader LOGIN PASSWORD 'reader'");
    await admin.query("GRANT USAGE ON SCHEMA odd TO reader");
    await admin.query("GRANT SELECT ON odd.session TO reader");
    const run = (source: string) =>
      cli(
        [
          "import",
          "--from",
          "connect-pg-simple",
          "--source",
          source,
          "--table",
          "odd.session",
          "--user",
          "userId",
        ].concat([...["--store", `sqlite:${join(temporaryFolder(), "odd.db")}`, "--json"]]),
      );
    const refused = await run(postgres.url.replace("postgres@", "reader:reader@"));
    assert.deepEqual([refused.code, refused.stdout], [2, ""]);
    assert.match(refused.stderr, /the user may not delete from odd\.session/);
    const { stdout } = await run(postgres.url);
    const { imported, expired, unreadable } = JSON.parse(stdout) as Record<string, number>;
    assert.deepEqual([imported, expired, unreadable], [3, 1, 0]);
  },
);

test("a table of connect-pg-simple that cannot be read is named, without a password", DEEPLY, async () => {
  const to = ["--user", "userId", "--store", `sqlite:${join(temporaryFolder(), "none.db")}`];
  const source = postgres.url.replace("postgres@", "postgres:hunter2@");
  for (const [url, reason] of [
    [source, /cannot be read: relation "session" does not exist/],
    [source.replace(/:\d+\//, ":1/"), /cannot be read: .*ECONNREFUSED/],
    ["redis://127.0.0.1/0", /--source .* is no usable Postgres URL/],
  ] as const) {
    const { code, stderr } = await cli(["import", "--from", "connect-pg-simple", "--source", url, ...to]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, reason);
    assert.ok(!stderr.includes("hunter2"));
  }
});
