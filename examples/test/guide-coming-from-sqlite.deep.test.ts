// The program of docs/guide/coming-from.md, with a table that Lucia left.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "sessile-test-support/folder";
import { start } from "./guide-program.ts";

interface Database {
  exec(sql: string): void;
  prepare(sql: string): { run(...values: unknown[]): void };
  close(): void;
}
const { DatabaseSync } = process.getBuiltinModule("node:sqlite") as unknown as {
  DatabaseSync: new (path: string) => Database;
};

test("an old cookie is exchanged once, and not after it has expired", async (t) => {
  const path = join(temporaryFolder(), "app.db");
  const now = Math.floor(Date.now() / 1000);
  const table = new DatabaseSync(path);
  table.exec("CREATE TABLE session (id TEXT PRIMARY KEY, user_id TEXT NOT NULL, expires_at INTEGER NOT NULL)");
  const insert = table.prepare("INSERT INTO session VALUES (?, ?, ?)");
  insert.run("live", "anna", now + 3600);
  insert.run("old", "bob", now - 1);
  table.close();

  const { url } = await start(t, "coming-from", { FORMER_SESSIONS: path });
  const visit = async (cookie: string) => {
    const response = await fetch(url, { headers: { cookie } });
    const cookies = response.headers.getSetCookie().map((line) => line.split(";", 1)[0] ?? "");
    return { user: ((await response.json()) as { user: unknown }).user, cookies };
  };
  const first = await visit("a=b; auth_session=live");
  assert.equal(first.user, "anna");
  const own = first.cookies.find((each) => each.startsWith("__Host-session=")) ?? "";
  assert.ok(first.cookies.includes("auth_session="));
  assert.equal((await visit(own)).user, "anna");
  assert.equal((await visit(`${own}; auth_session=live`)).user, "anna");
  assert.equal((await visit("auth_session=live")).user, null);
  assert.equal((await visit("auth_session=old")).user, null);
});
