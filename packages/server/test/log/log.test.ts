// N1, N2: whatever is logged, a line is one line, harmless in a terminal, of bounded length, and holds no credential.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { byDepth } from "sessile-test-support/depth";
import { createLog } from "#dist/http/log/log.js";
import { SecurityLog } from "#dist/http/log/security-log.js";
import { nastyText } from "../hostile/nasty.ts";
import { startApp } from "../support/app.ts";
import { signIn } from "../support/client.ts";
import { raw } from "../support/raw.ts";

function capture(use: (log: ReturnType<typeof createLog>) => void): string {
  let text = "";
  const write = (line: string): void => {
    text += line;
  };
  use(createLog("trace", { write }));
  return text;
}

const HOSTILE = [
  'a\n{"level":"info","event":"signedIn"}',
  "a\r\nb",
  "\u001b[2J\u001b[31mred",
  "\u009b2J",
  "\u007f\u0085",
  "a\u2028b\u2029c",
  "\u202egnp.exe\u2066",
  "\u200b\ufeff",
  "\0",
];

/** Everything that ends a line, steers a terminal or turns text around. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;

test("N2: text of any kind stays inside its field and its line", () => {
  for (const text of HOSTILE) {
    const line = capture((log) => new SecurityLog(log).write("signInFailed", { userId: text, reason: text }));
    assert.equal(line.match(/\n/g)?.length, 1, JSON.stringify(text));
    assert.doesNotMatch(line, UNSAFE);
    const { event, userId } = JSON.parse(line) as Record<string, unknown>;
    assert.deepEqual([event, userId], ["signInFailed", text]);
  }
});

test("N1, N2: whatever is logged, wherever in a line, the line is one JSON object without a token", () => {
  const tokens = [`ses_${"Ab3".repeat(23)}xy`, `sak_${"0f".repeat(40)}`, "%41b".repeat(20)];
  const text = fc
    .tuple(nastyText(60), fc.constantFrom(...tokens, "x".repeat(40)), nastyText(60))
    .map(([before, token, after]) => ({ text: before + token + after, token }));
  fc.assert(
    fc.property(text, fc.integer({ min: 0, max: 6 }), ({ text, token }, place) => {
      const line = capture((log) => {
        const ways = [
          () => log.info(text),
          () => log.info({ value: text, nested: { list: [text, 1, null] } }, "message"),
          () => log.info({ [`k${text}`]: 1 }, text),
          () => log.error({ err: new Error(text, { cause: new Error(text) }) }, text),
          () => log.child({ bound: text }).info("message %s %o", text, { text }),
          () => new SecurityLog(log).write("signInFailed", { userId: text, reason: text, actor: text }),
          () => log.error(new TypeError(text)),
        ];
        ways[place]?.();
      });
      assert.equal(line.match(/\n/g)?.length, 1);
      assert.equal(typeof JSON.parse(line), "object", line);
      assert.doesNotMatch(line, UNSAFE);
      assert.ok(!line.includes(token), line);
    }),
    { numRuns: byDepth(400, 20_000, 1_000_000) },
  );
});

test("N1: a control character in front of what looks like a token is kept, and the line is JSON", () => {
  for (const control of ["\u001b", "\n", "\t", "\u0000", "\\", '"', "\u2028"]) {
    const line = capture((log) => log.info({ value: control + "x".repeat(40) }));
    assert.equal((JSON.parse(line) as { value: string }).value, `${control}[redacted]`);
  }
});

test("N2: a long field is cut", () => {
  const line = capture((log) => new SecurityLog(log).write("signInFailed", { userId: "é ".repeat(100_000) }));
  assert.ok(line.length < 1000);
});

test("N1: an error is logged by message and place, without what a driver attached to it", () => {
  const secret = `ses_${"x".repeat(72)}`;
  const error = Object.assign(new Error(`cannot SET ${secret}\nsecond line`), {
    command: ["SET", "key", "value-of-the-record"],
    code: "ERR_X",
    cause: new Error(`refused: ${secret}`),
  });
  const line = capture((log) => log.error({ err: error }, "request failed"));
  assert.equal(line.match(/\n/g)?.length, 1);
  assert.ok(!line.includes(secret) && !line.includes("value-of-the-record"));
  const { err } = JSON.parse(line) as { err: Record<string, string> };
  assert.equal(err["message"], "cannot SET [redacted]\nsecond line refused: [redacted]");
  assert.deepEqual([err["type"], err["code"]], ["Error", "ERR_X"]);
  assert.match(err["stack"] as string, /^ {4}at /);
});

test("N1, N2: hostile requests leave no token and no raw control character in the log", async () => {
  const app = await startApp({ keepDevice: true, logNetwork: true, trustProxy: ["127.0.0.1"] });
  try {
    const token = await signIn(app.url);
    const agent = "\u001b[31mFire\u009bfox/1.0 \xe9";
    for (const path of [
      `/nothing/${token}`,
      `/me/sessions/${token}`,
      "/%0a%1b[31m",
      "/\u009b31m",
      `/profile?t=${token}`,
    ]) {
      const headers = `Host: x\r\nUser-Agent: ${agent}\r\nX-Forwarded-For: ${agent}\r\nX-Session-Token: ${token}\r\nConnection: close`;
      await raw(app.url, Buffer.from(`DELETE ${path} HTTP/1.1\r\n${headers}\r\n\r\n`, "latin1"));
    }
    assert.ok(app.log().length > 500, "the log must say something");
    assert.ok(!app.log().includes(token));
    assert.doesNotMatch(app.log(), UNSAFE);
    for (const line of app.log().trimEnd().split("\n")) JSON.parse(line);
  } finally {
    await app.close();
  }
});
