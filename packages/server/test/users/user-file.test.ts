// The file of the users: whose it is, who may read it, and how it is set up.

import assert from "node:assert/strict";
import { existsSync, lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { sqliteStore } from "sessile/sqlite";
import { temporaryFolder } from "sessile-test-support/folder";
import { makeUserFile, openUserFile } from "#dist/identity/users/user-file.js";
import { UserStore } from "#dist/identity/users/user-store.js";
import { chooseUsers } from "#dist/identity/users/users-path.js";

const folder = temporaryFolder();
const SETTINGS = { synchronous: "FULL" } as const;

function fresh(name: string): string {
  const path = join(folder, name);
  makeUserFile(path);
  return path;
}

test("C: the file, its log and its index can be read by their owner only, whatever the umask", () => {
  const umask = process.umask(0);
  const path = fresh("mode.db");
  const file = openUserFile(path, SETTINGS);
  new UserStore(file).add("alice", "hash");
  process.umask(umask);
  for (const suffix of ["", "-wal", "-shm"]) assert.equal(statSync(path + suffix).mode & 0o777, 0o600, suffix);
  file.close();
});

test("where the path is a link to a file that is not there yet, that one is made; until then the demo does not take its place", () => {
  mkdirSync(join(folder, "shared"));
  const [link, target] = [join(folder, "linked.users.db"), join(folder, "shared", "users.db")];
  symlinkSync("shared/users.db", link);
  const config = { store: `sqlite:${join(folder, "linked.db")}`, users: "", demo: false };
  assert.equal(chooseUsers(config), link);
  assert.throws(() => openUserFile(link, SETTINGS), /There is no file of users/);
  assert.equal(existsSync(target), false);
  makeUserFile(link);
  const file = openUserFile(link, SETTINGS);
  new UserStore(file).add("alice", "hash");
  file.close();
  assert.ok(lstatSync(link).isSymbolicLink());
  assert.equal(statSync(target).mode & 0o777, 0o600);
  const again = openUserFile(target, SETTINGS);
  assert.equal(new UserStore(again).list().length, 1);
  again.close();
});

test("every setting is what it should be", () => {
  const file = openUserFile(fresh("settings.db"), SETTINGS);
  const value = (name: string): unknown => Object.values(file.prepare(`PRAGMA ${name}`).get() as object)[0];
  assert.deepEqual(
    ["journal_mode", "synchronous", "trusted_schema", "foreign_keys", "secure_delete", "mmap_size"].map(value),
    ["wal", 2, 0, 1, 1, 0],
  );
  file.close();
});

test("a missing file, a file of sessions, of another program, of a newer release, and a text are refused and left alone", async () => {
  const sessions = join(folder, "sessions.db");
  await sqliteStore({ path: sessions }).close();
  const newer = fresh("newer.db");
  const file = openUserFile(newer, SETTINGS);
  file.exec("PRAGMA user_version = 1000; PRAGMA wal_checkpoint(TRUNCATE)");
  file.close();
  const text = join(folder, "notes.txt");
  writeFileSync(text, "these are my notes, not a database\n".repeat(100));
  for (const [path, reason] of [
    [join(folder, "no.db"), /There is no file of users/],
    [sessions, /belongs to another application/],
    [newer, /has version 1000 of the tables/],
    [text, /not a database/],
    [folder, /not a file/],
  ] as const) {
    const before = path.endsWith("no.db") || path === folder ? null : readFileSync(path);
    assert.throws(() => openUserFile(path, SETTINGS), reason);
    if (before !== null) assert.deepEqual(readFileSync(path), before);
  }
});

test("C: a password hash that was replaced or removed is gone from the closed file", () => {
  const path = fresh("erase.db");
  const file = openUserFile(path, SETTINGS);
  const users = new UserStore(file);
  users.add("alice", "hash-one-of-alice");
  users.add("bob", "hash-one-of-bob");
  const [alice, bob] = [users.find("alice"), users.find("bob")];
  assert.ok(alice && bob);
  users.changePassword(alice, "hash-two-of-alice");
  users.remove(bob);
  file.close();
  const bytes = readFileSync(path);
  assert.ok(bytes.includes("hash-two-of-alice"));
  for (const old of ["hash-one-of-alice", "hash-one-of-bob"]) assert.equal(bytes.includes(old), false, old);
});

test("O1: every file has a key of its own, 256 random bits", () => {
  const keys = ["key1.db", "key2.db"].map((name) => {
    const file = openUserFile(fresh(name), SETTINGS);
    const { key } = file.prepare("SELECT key FROM sessile_key").get() as { key: string };
    file.close();
    return key;
  });
  assert.match(keys[0] ?? "", /^[0-9a-f]{64}$/);
  assert.notEqual(keys[0], keys[1]);
});
