// A file of settings that was not named: read by `serve` alone, and never when another user may have written it.

import assert from "node:assert/strict";
import { chmodSync, chownSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { startFakeRedis } from "sessile-test-support/fake-redis";
import { temporaryFolder } from "sessile-test-support/folder";
import { cli } from "../cli/cli.ts";
import { readConfig } from "../support/config.ts";

const FILE = "sessile.config.json";

/** Makes a working directory with a file of settings. */
function enter(settings: object, mode = 0o600): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, FILE), JSON.stringify(settings));
  chmodSync(join(folder, FILE), mode);
  process.chdir(folder);
  return join(folder, FILE);
}

test("a command in a hostile directory sends the password of Redis nowhere, and says that a file was not read", async (t) => {
  const redis = await startFakeRedis(() => "+OK");
  t.after(() => redis.close());
  enter({ store: `redis://127.0.0.1:${redis.port}/0` });
  const env = { SESSILE_REDIS_PASSWORD: "hunter2" };
  for (const command of ["sessions list", "sessions revoke --user 1", "sweep", "stats", "doctor", "users list"]) {
    const { stderr } = await cli(command.split(" "), env);
    assert.match(stderr, /sessile\.config\.json of this folder is not read by itself here; --config sessile/, command);
  }
  assert.deepEqual(redis.heard, []);
  assert.equal(readConfig([], env).store, `redis://127.0.0.1:${redis.port}/0`, "serve reads it");
});

test("what is asked for by name is read by every command, and there is no word about it", async () => {
  enter({ store: "sqlite:named.db" });
  for (const [args, env] of [
    [["--config", FILE], {}],
    [[], { SESSILE_CONFIG: FILE }],
  ] as const) {
    const { stdout, stderr } = await cli(["config", "check", ...args], env);
    assert.match(stdout, /^store +sqlite:named\.db +file$/m);
    assert.equal(stderr, "");
  }
  const { stdout } = await cli(["config", "check"]);
  assert.match(stdout, /^No configuration file\.$/m);
});

test("serve refuses a file that others may write, and takes one that they can only read", () => {
  for (const mode of [0o602, 0o666, 0o777]) {
    enter({ port: 1234 }, mode);
    assert.throws(() => readConfig([], {}), /is not read by itself, because other users of this machine may write it/);
    assert.equal(readConfig(["--config", FILE], {}).port, 1234, "named, it is whoever named it who decides");
  }
  for (const mode of [0o600, 0o644, 0o664]) {
    enter({ port: 1234 }, mode);
    assert.equal(readConfig([], {}).port, 1234, mode.toString(8));
  }
});

test("serve refuses a file of another user or of a group of others", { skip: process.getuid?.() !== 0 }, () => {
  for (const [uid, gid, mode, isRead] of [
    [4711, 0, 0o600, false],
    [0, 4711, 0o664, false],
    [0, 4711, 0o644, true],
  ] as const) {
    const path = enter({ port: 1234 }, mode);
    chownSync(path, uid, gid);
    if (isRead) assert.equal(readConfig([], {}).port, 1234);
    else assert.throws(() => readConfig([], {}), /is not read by itself/);
  }
});

test("doctor looks at sessions, users, administrators' sessions and token keys, named or not", async () => {
  const path = enter({});
  const folder = path.slice(0, -FILE.length);
  const files = ["s.db", "s.db-wal", "s.users.db", "s.users.admin.db", "s.users.admin.db-wal", "keys.txt"];
  const look = async (open = "", mode = 0o600): Promise<{ about: string; state: string; text: string }[]> => {
    for (const file of files) {
      writeFileSync(join(folder, file), ""); // doctor opens the stores, and what it closes is gone
      chmodSync(join(folder, file), file === open ? mode : 0o600);
    }
    const args = ["doctor", "--json", "--store", `sqlite:${folder}s.db`, "--token-keys", `${folder}keys.txt`];
    const findings = JSON.parse((await cli(args)).stdout) as { about: string; state: string; text: string }[];
    return findings.filter(({ about }) => about === "permissions");
  };
  assert.deepEqual(
    (await look()).map(({ state }) => state),
    ["ok"],
  );
  for (const file of files) {
    for (const mode of [0o640, 0o604, 0o602]) {
      const [finding] = await look(file, mode);
      assert.deepEqual([finding?.state, finding?.text.includes(`${folder}${file} `)], ["fails", true], file);
    }
  }
});
