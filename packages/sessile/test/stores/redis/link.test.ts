// The way to Redis when it does not answer, answers late, or answers with an error that quotes what it was sent.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { isSessionError } from "sessile";
import { RedisLink, script } from "#dist/stores/redis/link.js";

const SECRET = "session-data-that-nobody-may-see";
const ARGS = ["SET", "sessile:s:x", SECRET];

function linkTo(send: () => Promise<unknown>, deadline = 10): RedisLink {
  return new RedisLink({ isReady: () => true, send }, deadline);
}

test("P2: a command that is not answered fails after the deadline", async () => {
  const error = await linkTo(() => new Promise(() => {}))
    .send("k", ARGS)
    .catch((reason) => reason);
  assert.ok(isSessionError(error, "ERR_SESSION_STORE"));
  assert.equal(error.message, "Redis did not answer `SET` within 10 ms.");
});

test("P4: an answer after the deadline, and an error, reaches nobody", async () => {
  let settle: ((how: "resolve" | "reject") => void) | undefined;
  const link = linkTo(() => {
    return new Promise((resolve, reject) => {
      settle = (how) => ({ resolve, reject })[how](new Error("late"));
    });
  });
  for (const how of ["resolve", "reject"] as const) {
    await assert.rejects(link.send("k", ARGS), { message: /did not answer/ });
    settle?.(how);
  }
});

test("an operation whose time is over sends nothing more", async () => {
  let sent = 0;
  const link = linkTo(async () => sent++);
  await assert.rejects(link.send("k", ARGS, performance.now() - 1), { code: "ERR_SESSION_STORE" });
  assert.equal(sent, 0);
});

test("M6: no error shows an argument, whatever the client puts into it", async () => {
  const quoting = [
    `ERR unknown command 'SET', with args beginning with: '${SECRET}'`,
    `ERR ${SECRET} is not an integer`,
    `WRONGTYPE "${SECRET}"`,
    SECRET,
    "",
  ];
  for (const message of quoting) {
    const reason = Object.assign(new Error(message), { command: { name: "set", args: ARGS }, args: ARGS });
    const error = await linkTo(() => Promise.reject(reason))
      .send("k", ARGS)
      .catch((thrown) => thrown);
    assert.ok(isSessionError(error, "ERR_SESSION_STORE"));
    assert.ok(!inspect(error, { depth: 9, showHidden: true }).includes(SECRET));
  }
});

test("an error says what Redis said, as far as that is safe", async () => {
  const said = async (message: string) => {
    return linkTo(() => Promise.reject(new Error(message)))
      .send("k", ARGS)
      .catch((error) => error.message);
  };
  assert.equal(
    await said("OOM command not allowed when used memory > 'maxmemory'."),
    "Redis failed to do `SET`: OOM command not allowed when used memory >",
  );
  assert.equal(await said("Socket closed unexpectedly"), "Redis failed to do `SET`: Socket closed unexpectedly");
  assert.equal(await said(`READONLY ${SECRET}`), "Redis failed to do `SET`: READONLY");
});

test("a script that Redis does not know is sent once, and no other error is tried again", async () => {
  const sent: string[] = [];
  const answers = [new Error("NOSCRIPT No matching script."), new Error("NOSCRIPT again"), new Error("ERR other")];
  const port = {
    isReady: () => true,
    send: (_key: string, [command = ""]: readonly string[]) => {
      sent.push(command);
      return Promise.reject(answers.shift());
    },
  };
  const link = new RedisLink(port, 1000);
  await assert.rejects(link.run(script("return 1"), "k", []), { message: /`EVAL`: NOSCRIPT again/ });
  await assert.rejects(link.run(script("return 1"), "k", []), { message: /`EVALSHA`: ERR other/ });
  assert.deepEqual(sent, ["EVALSHA", "EVAL", "EVALSHA"]);
});
