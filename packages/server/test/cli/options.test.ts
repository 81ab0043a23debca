// How the options of every command are read: each at most once, and each mistake in words.

import assert from "node:assert/strict";
import { test } from "node:test";
import { settingsOf } from "#dist/cli/command.js";
import { COMMANDS } from "#dist/cli/commands.js";
import { cli } from "./cli.ts";

async function refused(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await cli(args);
  assert.deepEqual([code, stdout], [2, ""], args.join(" "));
  assert.match(stderr, /^sessile: [^\n]*[^.]\.\n$/, "one line, one full stop");
  return stderr;
}

test("an option that is given twice is refused, whichever command and option it is", async () => {
  for (const command of COMMANDS) {
    const words = command.takes === undefined || command.takes.startsWith("[") ? [] : ["x"];
    for (const { name, value } of [...(command.options ?? []), ...settingsOf(command)]) {
      const [first, second] =
        value === undefined ? [[`--${name}`], [`--${name}`]] : [[`--${name}`, "1"], [`--${name}=2`]];
      const said = await refused([...command.name.split(" "), ...words, ...first, ...second]);
      assert.equal(
        said,
        `sessile: --${name} is given more than once; give it once. See sessile ${command.name} --help.\n`,
      );
    }
  }
});

test("a value that begins like an option is refused with the form that gives it", async () => {
  for (const [args, form] of [
    [["serve", "--port", "-1"], "--port=-1"],
    [["sessions", "revoke", "--user", "-x"], "--user=-x"],
    [["users", "list", "--users", "--json"], "--users=--json"],
  ] as const)
    assert.ok((await refused(args)).includes(`If it is the value, write ${form}.`), form);
  assert.match(await refused(["serve", "--port=-1"]), /--port must be/);
  assert.match(await refused(["serve", "--port"]), /^sessile: --port needs a value\. See/);
});

test("after --, a word that looks like help is a name", async () => {
  assert.match(await refused(["users", "disable", "--users", "none.db", "--", "--help"]), /There is no file of users/);
  const { code, stdout } = await cli(["users", "disable", "--help"]);
  assert.equal(code, 0);
  assert.match(stdout, /sessile users disable NAME/);
});

test("a server that is to go on for longer than 10 minutes after SIGTERM does not start", async () => {
  for (const text of ["1d", "601s", "11m"])
    assert.match(await refused(["serve", "--stop-delay", text]), /--stop-delay must be a duration from 0ms to 10m/);
});

test("a Node.js without SQLite is named, with the one that is needed", async (t) => {
  t.mock.method(process, "getBuiltinModule", () => undefined);
  for (const args of [
    ["serve", "--store", "sqlite:/none/s.db"],
    ["users", "add", "alice", "--users", "/none/users.db"],
    ["keys", "list", "--users", "/none/users.db"],
  ])
    assert.match(
      await refused(args),
      /SQLite files need Node\.js 22\.13 or later; this is Node\.js \d+\.\d+\.\d+\. Install /,
    );
});
