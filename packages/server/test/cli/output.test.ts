// The output of commands on a terminal: foreign text that could steer it, and colours.

import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { Output } from "#dist/cli/terminal/output.js";
import { bytes, counted, span } from "#dist/cli/terminal/words.js";

function written(isTTY: boolean, env: Record<string, string>, say: (output: Output) => void): string {
  const stdout = Object.assign(new PassThrough(), { isTTY });
  say(new Output({ stdin: new PassThrough(), stdout, stderr: new PassThrough() }, env, false));
  return String(stdout.read() ?? "");
}

test("colours appear on a terminal alone, and not where NO_COLOR is set", () => {
  const paint = (output: Output) => output.line(output.paint("red", "x"));
  assert.ok(written(true, {}, paint).startsWith("\u001b[31mx"));
  assert.equal(written(false, {}, paint), "x\n");
  assert.equal(written(true, { NO_COLOR: "1" }, paint), "x\n");
  assert.equal(written(true, { TERM: "dumb" }, paint), "x\n");
});

test("L4: what a device or a user id says cannot steer a terminal, in tables and in JSON", () => {
  const hostile = "a\u001b[2Jb\nc\u202ed\u009b1me\u{e0041}";
  const table = written(true, { NO_COLOR: "1" }, (output) => output.table(["A"], [[hostile]]));
  assert.equal(table, "A\na\\u001b[2Jb\\u000ac\\u202ed\\u009b1me\\udb40\\udc41\n");
  const json = written(false, {}, (output) => output.json({ hostile }));
  assert.doesNotMatch(json.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
  assert.deepEqual(JSON.parse(json), { hostile });
});

test("numbers and times are read as people read them", () => {
  assert.deepEqual(
    [bytes(0), bytes(1023), bytes(20_480), bytes(3 * 1024 ** 3)],
    ["0 B", "1023 B", "20.0 KiB", "3.0 GiB"],
  );
  assert.deepEqual([counted(1, "session"), counted(2000, "session")], ["1 session", "2,000 sessions"]);
  assert.deepEqual(
    [span(45_000), span(59 * 60_000), span(3 * 3_600_000), span(-2 * 86_400_000)],
    ["45s", "59m", "3h", "2d"],
  );
});
