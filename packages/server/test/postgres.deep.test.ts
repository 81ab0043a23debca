// The server and its commands on a PostgreSQL.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import pg from "pg";
import { temporaryFolder } from "sessile-test-support/folder";
import { type PostgresServer, startPostgres, withoutPostgres } from "sessile-test-support/postgres-server";
import { waitUntil } from "sessile-test-support/wait-until";
import { cli } from "./cli/cli.ts";
import { call, profile, signIn, signOut } from "./support/client.ts";
import { startServer } from "./support/server-process.ts";

const DEEPLY = { timeout: 120_000, skip: withoutPostgres };
let postgres: PostgresServer;
let admin: pg.Pool;

if (withoutPostgres === false) {
  postgres = await startPostgres();
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

test("sessions move from SQLite to Postgres and back, signed-in users with them", DEEPLY, async () => {
  const [first, last] = ["a.db", "b.db"].map((name) => `sqlite:${join(temporaryFolder(), name)}`) as [string, string];
  const middle = `${postgres.url}?table=moved`;
  const before = await startServer(["--store", first]);
  const token = await signIn(before.url);
  await before.end();
  for (const [from, to] of [
    [first, middle],
    [middle, last],
  ] as const) {
    const { code, stderr } = await cli(["migrate", "--from", from, "--to", to, "--final"]);
    assert.equal(code, 0, stderr);
    const server = await startServer(["--store", to]);
    assert.equal((await profile(server.url, token)).status, 200, to);
    await server.end();
  }
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
