// How a password is read: from a pipe, or typed without being shown.

import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { readNewPassword } from "#dist/cli/read-password.js";

function terminal(isTTY: boolean) {
  const input = Object.assign(new PassThrough(), { isTTY });
  const output = new PassThrough().setEncoding("utf8");
  let shown = "";
  output.on("data", (text: string) => {
    shown += text;
  });
  return { input, output, shown: () => shown };
}

test("from a pipe the text is the password, without the line end", async () => {
  for (const [text, password] of [
    ["correct horse", "correct horse"],
    ["correct horse\n", "correct horse"],
    ["correct horse\r\n", "correct horse"],
    [" two\nlines \n", " two\nlines "],
  ] as const) {
    const { input, output, shown } = terminal(false);
    input.end(text);
    assert.equal(await readNewPassword({ input, output }), password);
    assert.equal(shown(), "");
  }
});

test("an empty pipe, one that never ends and one that is no UTF-8 are refused", async () => {
  for (const [bytes, reason] of [
    ["", /no password on standard input/],
    ["\n", /no password on standard input/],
    ["x".repeat(5000), /at most 4096 bytes/],
    [Buffer.from([0x61, 0xff]), /must be UTF-8/],
  ] as const) {
    const { input, output } = terminal(false);
    input.end(bytes);
    await assert.rejects(readNewPassword({ input, output }), reason);
  }
});

test("on a terminal it is asked for twice and never shown", async () => {
  const { input, output, shown } = terminal(true);
  input.write("correct horse\rcorrect horse\r");
  assert.equal(await readNewPassword({ input, output }), "correct horse");
  assert.equal(shown(), "New password: \nAgain: \n");
});

test("two that differ, Ctrl-C and Ctrl-D change nothing", async () => {
  for (const [typed, reason] of [
    ["correct horse\rwrong horse\r", /differ/],
    ["correct horse\u0003", /Nothing was changed/],
    ["\u0004", /Nothing was changed/],
  ] as const) {
    const { input, output, shown } = terminal(true);
    input.write(typed);
    await assert.rejects(readNewPassword({ input, output }), reason);
    assert.doesNotMatch(shown(), /horse/);
  }
});
