// Typing mistakes on the command line, and the form of the help.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "sessile-test-support/folder";
import { COMMANDS } from "#dist/cli/commands.js";
import { cli } from "./cli.ts";

async function refused(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await cli(args);
  assert.deepEqual([code, stdout], [2, ""], args.join(" "));
  return stderr;
}

test("an unknown command, option or scope is refused with the one that was probably meant", async () => {
  for (const [line, expected] of [
    ["sevre", 'Unknown command "sevre". Did you mean serve? See sessile --help.'],
    ["session list", 'Unknown command "session". Did you mean sessions? See sessile --help.'],
    ["users psswd bob", 'Unknown command "users psswd". Did you mean users passwd? See sessile users --help.'],
    ["serve --prot 1", "Unknown option --prot. Did you mean --port? See sessile serve --help."],
    ["--prot=1", "Unknown option --prot. Did you mean --port? See sessile serve --help."],
    ["keys add shop --scopes x", "Unknown option --scopes. Did you mean --scope? See sessile keys add --help."],
  ] as const)
    assert.equal(await refused(line.split(" ")), `sessile: ${expected}\n`);
  const users = ["--users", join(temporaryFolder(), "users.db")];
  assert.equal(
    await refused(["keys", "add", "shop", "--scope", "session:read", ...users]),
    'sessile: Unknown scope "session:read". Did you mean sessions:read?\n',
  );
});

test("nothing is suggested for a word that is near none", async () => {
  for (const line of ["frobnicate", "users del bob", "serve --verbosity 3", "users list -q"])
    assert.match(await refused(line.split(" ")), /^sessile: Unknown (?:command|option) [^?]* See sessile [^?]*\n$/);
});

test("an unknown setting of the file is refused with the one that was probably meant", async () => {
  const path = join(temporaryFolder(), "sessile.json");
  writeFileSync(path, '{"prot": 1}');
  const said = await refused(["config", "check", "--config", path]);
  assert.equal(said, `sessile: ${path}: unknown setting "prot". Did you mean port?\n`);
});

test("the release is told by --version, -v and version, and is that of package.json", async () => {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const { version } = JSON.parse(text) as { version: string };
  for (const word of ["--version", "-v", "version"])
    assert.deepEqual(await cli([word]), { code: 0, stdout: `${version}\n`, stderr: "" });
});

test("in every help two blanks at least stand between an option or a command and its meaning", async () => {
  const all = [["--help"], ["users"], ...COMMANDS.map(({ name }) => [...name.split(" "), "--help"])];
  for (const args of all) {
    const { stdout } = await cli(args);
    const before = stdout.split("\nExamples:")[0] as string;
    const rows = before.split("\n").filter((line) => /^ {2}\S/.test(line));
    assert.ok(rows.length > 0, args.join(" "));
    for (const row of rows) assert.match(row, /^ {2}\S+(?: \S+)*? {2,}\S/, `${args.join(" ")}: ${row}`);
  }
});
