// The way to Redis when it does not answer, answers late, or answers with an error that quotes what it was sent.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause, setImmediate as turn } from "node:timers/promises";
import { inspect } from "node:util";
import { isSessionError } from "sessile";
import { Breaker } from "#dist/stores/network/breaker.js";
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

test("P4: an answer after the deadline, and an error, reaches no caller", async () => {
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
  await assert.rejects(link.send("k", ARGS, link.endsAt() - 11), { code: "ERR_SESSION_STORE" });
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

/** A link whose commands fail with these errors, one after the other, and are answered `done` from then on. */
function failing(...errors: readonly Error[]): { link: RedisLink; sent: string[] } {
  const waiting = [...errors];
  const sent: string[] = [];
  const send = async (_key: string, [command = ""]: readonly string[]) => {
    sent.push(command);
    const error = waiting.shift();
    if (error !== undefined) throw error;
    return "done";
  };
  return { link: new RedisLink({ isReady: () => true, send }, 1000), sent };
}

const LOST = new Error("Socket closed unexpectedly");

test("P2: a read whose connection was lost is sent once more, and only once", async () => {
  const { link, sent } = failing(LOST);
  assert.equal(await link.send("k", ["GET", "k"]), "done");
  assert.deepEqual(sent, ["GET", "GET"]);
  const hopeless = failing(LOST, LOST);
  await assert.rejects(hopeless.link.send("k", ["EXISTS", "k"]), { code: "ERR_SESSION_STORE" });
  assert.equal(hopeless.sent.length, 2);
});

test("P2: a script that only reads is sent once more, and no write ever is", async () => {
  const reading = failing(LOST);
  assert.equal(await reading.link.run(script("return 1", true), "k", []), "done");
  for (const [command = ""] of [["SET"], ["GETDEL"], ["DEL"], ["ZREM"], ["EVAL"]]) {
    const { link, sent } = failing(LOST);
    await assert.rejects(link.send("k", [command, "k"]), { code: "ERR_SESSION_STORE" });
    assert.deepEqual(sent, [command]);
  }
  const writing = failing(LOST);
  await assert.rejects(writing.link.run(script("return 1"), "k", []), { code: "ERR_SESSION_STORE" });
  assert.equal(writing.sent.length, 1);
});

test("P2: a read that Redis refuses, or does not answer in time, is not sent again", async () => {
  for (const reason of ["NOPERM no", "OOM no", "WRONGTYPE no", "ERR no"]) {
    const { link, sent } = failing(new Error(reason));
    await assert.rejects(link.send("k", ["GET", "k"]), { code: "ERR_SESSION_STORE" });
    assert.equal(sent.length, 1, reason);
  }
  let sent = 0;
  const silent = linkTo(() => new Promise(() => sent++));
  await assert.rejects(silent.send("k", ["GET", "k"]), { message: /did not answer/ });
  assert.equal(sent, 1);
});

test("calls wait a moment for a connection that was just lost, and fail at once when that is over", async () => {
  let isReady = true;
  const sent: string[] = [];
  const send = async (_key: string, [command = ""]: readonly string[]) => sent.push(command);
  const link = new RedisLink({ isReady: () => isReady, send }, 10_000);
  await link.send("k", ["GET", "k"]);
  isReady = false;
  const waiting = [link.send("k", ["GET", "k"]), link.send("k", ["DEL", "k"])];
  await pause(10);
  assert.deepEqual(sent, ["GET"]);
  isReady = true;
  await Promise.all(waiting);
  assert.deepEqual(sent, ["GET", "GET", "DEL"]);
  isReady = false;
  const notConnected = { message: /not connected/ };
  await assert.rejects(link.send("k", ["GET", "k"]), notConnected);
  await rejectsAtOnce(link.send("k", ["GET", "k"]), notConnected);
});

test("a client that was never connected is not waited for", async () => {
  const link = new RedisLink({ isReady: () => false, send: async () => "done" }, 10_000);
  await rejectsAtOnce(link.send("k", ["GET", "k"]), { message: /not connected/ });
});

test("P5: lost connections and a Redis that serves nothing open the circuit; one that refuses commands does not", async () => {
  const stateAfter = async (reason: string) => {
    const link = linkTo(() => Promise.reject(new Error(reason)), 1000);
    for (let i = 0; i < 40; i++) await assert.rejects(link.send("k", ARGS), { code: "ERR_SESSION_STORE" });
    return link.circuit.state;
  };
  for (const said of ["LOADING", "MASTERDOWN", "CLUSTERDOWN", "BUSY", "NOAUTH"]) {
    assert.equal(await stateAfter(`${said} Redis is out`), "open", said);
  }
  for (const lost of ["Socket closed unexpectedly", "read ECONNRESET", "Connection is closed.", ""]) {
    assert.equal(await stateAfter(lost), "open", lost);
  }
  for (const said of ["OOM", "READONLY", "NOREPLICAS", "MISCONF", "NOPERM", "WRONGTYPE", "MOVED", "ERR"]) {
    assert.equal(await stateAfter(`${said} not this command`), "closed", said);
  }
});

test("P5: while the circuit is open calls fail at once, and nothing is sent", async () => {
  let sent = 0;
  const port = { isReady: () => true, send: () => Promise.reject(new Error(`lost ${sent++}`)) };
  const link = new RedisLink(port, 1000, new Breaker(() => 0));
  for (let i = 0; i < 24; i++) await assert.rejects(link.send("k", ARGS), { message: /lost/ });
  await rejectsAtOnce(link.send("k", ARGS), { message: /Nothing was sent/ });
  assert.equal(sent, 24);
});

test("an operation that ran out of time says nothing about Redis, and is no probe", async () => {
  const link = linkTo(async () => "done", 1000);
  for (let i = 0; i < 40; i++) await assert.rejects(link.send("k", ARGS, 0), { message: /did not answer/ });
  assert.deepEqual(link.circuit, { state: "closed", opened: 0 });
});

/** Before any timer and any answer of a network: within the present turn of the event loop. */
async function rejectsAtOnce(promise: Promise<unknown>, expected: { readonly message: RegExp }): Promise<void> {
  let isSettled = false;
  const rejected = assert.rejects(promise, expected).finally(() => {
    isSettled = true;
  });
  await turn();
  assert.ok(isSettled, "it waits for something");
  await rejected;
}
