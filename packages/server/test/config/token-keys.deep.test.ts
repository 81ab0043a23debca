// `--token-keys`: which files are taken, and what replacing a key does to those who are signed in.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "sessile-test-support/folder";
import { digestsOf } from "#dist/config/token-keys.js";
import { profile, signIn } from "../support/client.ts";
import { runCli, startServer } from "../support/server-process.ts";

const folder = temporaryFolder();
const path = join(folder, "keys");
const key = (): string => randomBytes(32).toString("hex");

function write(...lines: readonly string[]): void {
  writeFileSync(path, `${lines.join("\n")}\n`);
}

test("O1: a file without keys, or with keys that are short, simple, unnamed or ambiguous, is refused without showing one", () => {
  const good = key();
  for (const [lines, reason] of [
    [[], /must be a list/],
    [["# nothing"], /must be a list/],
    [[`a ${good}`, `b ${good.slice(2)}`], /line 2 must be a name/],
    [[good], /line 1 must be a name/],
    [[`a-b ${good}`], /line 1/],
    [[`a ${good}0`], /line 1/],
    [[`a ${good} b`], /line 1/],
    [[`a ${"00".repeat(32)}`], /its bytes repeat/],
    [[`a ${good}`, "", `a ${key()}`], /different `id`s/],
  ] as const) {
    write(...lines);
    assert.throws(
      () => digestsOf(path),
      (error: Error) =>
        error.name === "UsageError" && reason.test(error.message) && !/[0-9a-f]{20}/.test(error.message),
      lines.join("; "),
    );
  }
  assert.throws(() => digestsOf(join(folder, "absent")), /cannot be read \(ENOENT\)/);
  assert.deepEqual(digestsOf(""), {});
});

test("O1: the server does not start with such a file, and says so in one line", async () => {
  write(`a ${key().slice(2)}`);
  const { code, stderr } = await runCli(["serve", "--store", "memory", "--token-keys", path]);
  assert.deepEqual([code, stderr.trimEnd().split("\n").length], [2, 1]);
  assert.match(stderr, /--token-keys .*: line 1 must be/);
});

test("O2: a new key in front signs no user out of the server; without the old one exactly its sessions are over", async () => {
  const [first, second] = [`a ${key()}`, `b ${key()}`];
  const store = `sqlite:${join(folder, "sessions.db")}`;
  const tokens: string[] = [];
  const seenBy = async (lines: readonly string[], isBegun = true): Promise<readonly number[]> => {
    write(...lines);
    const options = lines.length === 0 ? [] : ["--token-keys", path];
    const server = await startServer(["--store", store, "--log-level", "trace", ...options]);
    const seen = await Promise.all(tokens.map(async (token) => (await profile(server.url, token)).status));
    if (isBegun) tokens.push(await signIn(server.url));
    assert.equal(await server.end(), 0);
    return seen;
  };
  assert.deepEqual(await seenBy([first]), []);
  assert.deepEqual(await seenBy([second, first]), [200]);
  assert.deepEqual(await seenBy(["# the old one is gone", second], false), [401, 200]);
  assert.deepEqual(await seenBy([second, first], false), [200, 200], "and with it they are back");
  assert.deepEqual(await seenBy([], false), [401, 401]);
});
