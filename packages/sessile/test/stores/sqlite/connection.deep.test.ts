// Opening: file modes, whose file it is, what goes wrong, and many processes at once.

import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { sqliteStore } from "sessile/sqlite";
import { sampleRecord } from "sessile/testing";
import { temporaryFolder } from "sessile-test-support/folder";
import { forkStore } from "../../support/store-process.ts";
import { isNode, newPath, openRaw, pick, runElsewhere, unable } from "./raw.ts";

const ROOT = fileURLToPath(new URL("../../../../../", import.meta.url));

describe("opening a sqlite store", { skip: unable }, () => {
  test("C6: the file, its log and its index are for this user only, whatever the umask", async () => {
    for (const umask of [0o000, 0o022, 0o277]) {
      const path = newPath();
      const before = process.umask(umask);
      try {
        const store = sqliteStore({ path });
        await store.create(sampleRecord());
        assert.deepEqual(
          ["", "-wal", "-shm"].map((suffix) => statSync(path + suffix).mode & 0o777),
          [0o600, 0o600, 0o600],
        );
        await store.close();
      } finally {
        process.umask(before);
      }
    }
  });

  test("under --permission the file is made, and found again, without a change of its mode", {
    skip: !isNode && "a flag of Node.js",
  }, async () => {
    const folder = temporaryFolder();
    const path = join(folder, "s.db");
    const allowed = ["--allow-worker", "--allow-fs-read=*", `--allow-fs-write=${folder}`];
    const body = `const record = sampleRecord(); await store.create(record); console.log((await store.load(record.sid)).sid === record.sid);`;
    for (const expected of ["true\n", "true\n"]) {
      assert.equal(await openElsewhere(path, body, ["--permission", ...allowed]), expected);
      assert.equal(statSync(path).mode & 0o777, 0o600);
    }
    for (const missing of allowed) {
      const flags = ["--permission", ...allowed.filter((flag) => flag !== missing), "--allow-fs-read=/lib"];
      if (missing === "--allow-fs-read=*") flags.push(`--allow-fs-read=${ROOT}`);
      assert.match(
        await openElsewhere(path, body, flags),
        /^ERR_SESSION_STORE .*`--permission`; allow `--allow-worker`/,
        missing,
      );
    }
  });

  test("a link to a file that is not there yet makes that file, as SQLite does", async () => {
    const [folder, other] = [temporaryFolder(), temporaryFolder()];
    mkdirSync(join(folder, "shared"));
    const links = {
      absolute: join(other, "a.db"),
      relative: "shared/b.db",
      "to-a-link": "relative-2",
      "relative-2": "./shared/c.db",
    };
    for (const [name, target] of Object.entries(links)) symlinkSync(target, join(folder, name));
    symlinkSync(folder, join(other, "folder"));
    symlinkSync("../d.db", join(folder, "shared", "up"));
    for (const [path, file] of [
      [join(folder, "absolute"), join(other, "a.db")],
      [join(folder, "relative"), join(folder, "shared/b.db")],
      [join(folder, "to-a-link"), join(folder, "shared/c.db")],
      [join(other, "folder/shared/up"), join(folder, "d.db")],
    ] as const) {
      const record = sampleRecord();
      for (const expected of ["created", "exists"]) {
        const store = sqliteStore({ path });
        assert.equal((await store.create(record)).status, expected, path);
        assert.deepEqual([statSync(file).mode & 0o777, lstatSync(path).isSymbolicLink()], [0o600, true]);
        assert.ok(existsSync(`${file}-wal`));
        await store.close();
      }
    }
    symlinkSync("absent/s.db", join(folder, "nowhere"));
    refuses(join(folder, "nowhere"), /its directory does not exist/);
    symlinkSync("circle", join(folder, "circle"));
    refuses(join(folder, "circle"), /its links lead in a circle/);
  });

  test("what was stored is there after closing and opening again", async () => {
    const path = newPath();
    const record = sampleRecord({ userId: "zoe" });
    const first = sqliteStore({ path });
    await first.create(record);
    await first.close();
    const second = sqliteStore({ path });
    assert.deepEqual(await second.load(record.sid), record);
    await second.close();
  });

  test("the file says whose it is", async () => {
    const path = newPath();
    await sqliteStore({ path }).close();
    const raw = openRaw(path);
    assert.equal(pick(raw, "PRAGMA application_id"), 0x73657373);
    assert.equal(pick(raw, "SELECT version FROM sessile_meta"), 2);
    raw.close();
  });

  test("R18: a file of another layout is refused with what to do, and not a byte of it changes", async () => {
    const path = newPath();
    await sqliteStore({ path }).close();
    change(path, "UPDATE sessile_meta SET version = 3");
    refusesUnchanged(path, /version 3 .* version 2\. Use a newer release/);
    change(path, "UPDATE sessile_meta SET version = 1");
    refusesUnchanged(path, /version 1 .* version 2\. Choose another file; no release was published/);
  });

  test("R14: a database of another application is refused, and not a byte of it changes", () => {
    const marked = newPath();
    change(marked, "PRAGMA application_id = 42");
    refusesUnchanged(marked, /application_id is 42/);
    const unmarked = newPath();
    change(unmarked, "CREATE TABLE orders (id INTEGER)");
    refusesUnchanged(unmarked, /it has `orders`.* pass it as `database`/);
  });

  test("R14: a file that is no database is refused, and not a byte of it changes", () => {
    const path = newPath();
    writeFileSync(path, "What I did last summer. ".repeat(100));
    refusesUnchanged(path, /file is not a database/);
  });

  test("R14: a file whose tables are not the store's is refused", async () => {
    const path = newPath();
    await sqliteStore({ path }).close();
    change(path, "ALTER TABLE sessile_sessions RENAME COLUMN device TO gadget");
    refusesUnchanged(path, /no such column: device/);
    change(path, "DELETE FROM sessile_meta");
    refusesUnchanged(path, /has version unknown/);
  });

  test("an empty file becomes a store", async () => {
    const path = newPath();
    writeFileSync(path, "");
    await sqliteStore({ path }).close();
    assert.ok(statSync(path).size > 0);
  });

  test("a path that cannot be a file is refused with the path and the reason", () => {
    const folder = temporaryFolder();
    refuses(folder, /it is not a file/);
    refuses(join(folder, "absent", "s.db"), /its directory does not exist/);
    writeFileSync(join(folder, "plain"), "");
    refuses(join(folder, "plain", "s.db"), /its directory is not a directory/);
  });

  test("a file or directory without permission is refused with the path and the reason", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "s.db");
    await sqliteStore({ path }).close();
    chmodSync(folder, 0o777);
    const locked = join(folder, "locked");
    mkdirSync(locked, { mode: 0o555 });
    assert.match(await openAsNobody(path), /ERR_SESSION_STORE.*may not read and write it/);
    assert.match(
      await openAsNobody(join(locked, "s.db")),
      /ERR_SESSION_STORE.*may not read and write it and its directory/,
    );
  });

  test("options that cannot work are refused by name", () => {
    const path = newPath();
    for (const [options, name] of [
      [undefined, "options"],
      [{}, "path"],
      [{ path, database: {} }, "path"],
      [{ path: "" }, "path"],
      [{ path: 5 }, "path"],
      [{ path, synchronus: "FULL" }, "synchronus"],
      [{ path, synchronous: "OFF" }, "synchronous"],
      [{ path, busyTimeout: 0 }, "busyTimeout"],
      [{ path, busyTimeout: Number.NaN }, "busyTimeout"],
      [{ database: openRaw(":memory:"), synchronous: "FULL" }, "synchronous"],
      [{ database: {} }, "database"],
    ] as const) {
      const expected = { code: "ERR_SESSION_OPTION", message: new RegExp(`\`${name}\``) };
      assert.throws(() => sqliteStore(options as never), expected, JSON.stringify(name));
    }
    assert.throws(() => sqliteStore({ path: ":memory:" }), {
      code: "ERR_SESSION_OPTION",
      message: /`memoryStore\(\)`/,
    });
    assert.ok(!existsSync(path));
  });

  test("several processes that make one file at the same time all succeed", async () => {
    const path = newPath();
    const remotes = await Promise.all(Array.from({ length: 6 }, () => forkStore({ path, busyTimeout: 10_000 })));
    const records = remotes.map(() => sampleRecord());
    await Promise.all(remotes.map(({ store }, i) => store.create(records[i] as never)));
    for (const { sid } of records) assert.notEqual(await remotes[0]?.store.load(sid), null);
    await Promise.all(remotes.map(({ end }) => end()));
  });
});

test("a Node.js without node:sqlite loads the module and is told what to do", () => {
  const path = newPath();
  const original = process.getBuiltinModule;
  process.getBuiltinModule = (() => undefined) as typeof original;
  try {
    const expected = {
      code: "ERR_SESSION_OPTION",
      message: /Node\.js has from 22\.13 on.* pass an open database as `database`/,
    };
    assert.throws(() => sqliteStore({ path }), expected);
    assert.ok(!existsSync(path));
  } finally {
    process.getBuiltinModule = original;
  }
});

function change(path: string, sql: string): void {
  const raw = openRaw(path);
  raw.exec(sql);
  raw.close();
}

function refuses(path: string, reason: RegExp): void {
  assert.throws(
    () => sqliteStore({ path }),
    ({ code, message }) => code === "ERR_SESSION_STORE" && message.includes(`\`${path}\``) && reason.test(message),
  );
}

function refusesUnchanged(path: string, reason: RegExp): void {
  const before = readFileSync(path);
  refuses(path, reason);
  assert.deepEqual(readFileSync(path), before);
}

/** The error for a user without rights. When the tests run as root, another user has to try. */
function openAsNobody(path: string): Promise<string> {
  const identity = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  return openElsewhere(path, `console.log("opened");`, [], identity);
}

/** The output of a process that opens the file: the error when it cannot. */
function openElsewhere(path: string, body: string, flags: readonly string[], identity = {}): Promise<string> {
  const opening = `const store = sqliteStore({ path: ${JSON.stringify(path)} });`;
  return runElsewhere(
    `try { ${opening} ${body} process.exit(); } catch (error) { console.log(error.code, error.message); }`,
    flags,
    identity,
  );
}
