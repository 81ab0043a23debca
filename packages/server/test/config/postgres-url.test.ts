// Postgres URLs: their parts, and refusals that do not show the password.

import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePostgresUrl } from "#dist/config/postgres-url.js";
import { withoutPasswords } from "#dist/config/without-password.js";

test("host, port, database, user, password, TLS and table are read from the URL", () => {
  assert.deepEqual(
    parsePostgresUrl("postgres://anna:p%40ss@db.example:6543/shop?sslmode=verify-full&table=web.s", {}),
    {
      ...{
        host: "db.example",
        port: 6543,
        user: "anna",
        password: "p@ss",
        database: "shop",
        isTls: true,
        table: "web.s",
      },
    },
  );
  const { port, isTls, table, host } = parsePostgresUrl("postgresql://[::1]/shop", {});
  assert.deepEqual([port, isTls, table, host], [5432, false, undefined, "::1"]);
});

test("a user and a password that the URL does not hold come from the environment", () => {
  const env = { SESSILE_POSTGRES_USERNAME: "anna", SESSILE_POSTGRES_PASSWORD: "secret" };
  const both = ({ user, password }: { user: string | undefined; password: string | undefined }) => [user, password];
  assert.deepEqual(both(parsePostgresUrl("postgres://db/shop", env)), ["anna", "secret"]);
  assert.deepEqual(both(parsePostgresUrl("postgres://ben@db/shop", env)), ["ben", "secret"]);
});

test("what cannot be used is refused, and no message shows the password", () => {
  for (const rest of [
    "",
    "/",
    "/a/b",
    "/shop#x",
    "/shop?sslmode=require",
    "/shop?sslmode=prefer",
    "/shop?ssl=1",
    "/%zz",
  ]) {
    assert.throws(
      () => parsePostgresUrl(`postgres://anna:hunter2@db${rest}`, {}),
      (error: Error) => error.name === "UsageError" && !error.message.includes("hunter2"),
      rest,
    );
  }
  assert.equal(withoutPasswords("postgres:anna:hunter2@db"), "postgres:***@db");
});
