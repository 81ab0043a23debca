// Listeners: they see everything and break nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { runInNewContext } from "node:vm";
import { EventHub } from "#dist/core/events.js";
import { Bench } from "../support/requests.ts";

const EVENT = { sid: "s", userId: null, at: 1 };

function hub(): { hub: EventHub; reported: unknown[] } {
  const reported: unknown[] = [];
  return { hub: new EventHub((message, error) => reported.push([message, (error as Error).message])), reported };
}

test("every listener of an event is called in order, until it is removed", () => {
  const { hub: events } = hub();
  const heard: string[] = [];
  const stop = events.on("expired", () => heard.push("first"));
  events.on("expired", ({ sid }) => heard.push(`second ${sid}`));
  events.on("revoked", () => heard.push("another event"));
  events.emit("expired", EVENT);
  stop();
  stop();
  events.emit("expired", EVENT);
  assert.deepEqual(heard, ["first", "second s", "second s"]);
});

test("F6: a listener that throws or rejects is reported, and the others are called", async () => {
  const { hub: events, reported } = hub();
  let last = 0;
  events.on("expired", () => {
    throw new Error("thrown");
  });
  events.on("expired", async () => {
    throw new Error("rejected");
  });
  // biome-ignore lint/suspicious/noThenProperty: a promise of another library is a thenable
  events.on("expired", () => ({ then: (_: unknown, fail: (error: Error) => void) => fail(new Error("thenable")) }));
  events.on("expired", () => runInNewContext("Promise.reject(new Error('another realm'))"));
  events.on("expired", () => last++);
  events.emit("expired", EVENT);
  await turn();
  assert.equal(last, 1);
  const message = 'A listener of the session event "expired" failed:';
  assert.deepEqual(reported.sort(), [
    [message, "another realm"],
    [message, "rejected"],
    [message, "thenable"],
    [message, "thrown"],
  ]);
});

test("F6: a reporter that throws or rejects breaks nothing either", async () => {
  for (const report of [() => assert.fail("the log is full"), async () => assert.fail("the log is full")]) {
    const events = new EventHub(report);
    let last = 0;
    events.on("expired", () => {
      throw new Error("thrown");
    });
    events.on("expired", async () => {
      throw new Error("rejected");
    });
    events.on("expired", () => last++);
    events.emit("expired", EVENT);
    await turn(); // an unhandled rejection would end the test run here
    assert.equal(last, 1);
  }
});

test("a listener cannot change the event for the next one", () => {
  const { hub: events, reported } = hub();
  let seen: unknown;
  events.on("expired", (event) => {
    (event as { sid: string }).sid = "forged";
  });
  events.on("expired", ({ sid }) => {
    seen = sid;
  });
  events.emit("expired", { ...EVENT });
  assert.equal(seen, "s");
  assert.equal(reported.length, 1);
});

test("listeners that come and go while an event is told neither disturb it nor hear it", () => {
  const { hub: events } = hub();
  const heard: string[] = [];
  const again = (name: string) => () => {
    heard.push(name);
    events.on("expired", again(`${name}+`));
    if (name === "a") stop();
  };
  events.on("expired", again("a"));
  const stop = events.on("expired", () => heard.push("removed meanwhile"));
  events.emit("expired", EVENT);
  assert.deepEqual(heard, ["a", "removed meanwhile"]);
});

test("F6: with every listener and the reporter failing, sign-in, rotation, sign-out, revocation and expiry do their work", async () => {
  const bench = new Bench({ onWarning: () => assert.fail("the log is full") });
  for (const name of [
    "created",
    "signedIn",
    "rotated",
    "signedOut",
    "revoked",
    "expired",
    "reuseDetected",
    "storeFailed",
  ] as const) {
    bench.manager.on(name, () => assert.fail("listener"));
    bench.manager.on(name, async () => assert.fail("listener"));
    bench.manager.on(name, () => new Promise(() => {}));
  }
  const first = await bench.signIn();
  const { issued: second } = await bench.send(first, (session) => session.rotate());
  assert.equal(await bench.userOf(second as string), "ann");
  await bench.send(second as string, (session) => session.signOut());
  assert.equal(await bench.recordOf(first), null);
  const third = await bench.signIn();
  assert.equal(await bench.manager.revokeUser("ann"), 1);
  assert.equal(await bench.recordOf(third), null);
  const fourth = await bench.signIn();
  bench.clock.now += 3_600_000;
  assert.equal(await bench.userOf(fourth), null);
  assert.equal(await bench.recordOf(fourth), null);
  await turn();
});

test("events carry what happened to whom, and no token, digest or data", async () => {
  const bench = new Bench({ userLimit: { max: 1, onExceeded: "evictOldest" } });
  const first = await bench.signIn("ann", { private: "private-data" });
  const { issued: second } = await bench.send(first, (session) => session.rotate());
  const record = await bench.recordOf(first);
  await bench.signIn("ann", { private: "private-data" });
  const told = bench.events.map(([name, event]) => [name, "sid" in event ? event.sid === record?.sid : null]);
  assert.deepEqual(told, [
    ["created", true],
    ["signedIn", true],
    ["rotated", true],
    ["created", false],
    ["signedIn", false],
    ["revoked", true],
  ]);
  const text = JSON.stringify(bench.events);
  for (const secret of [
    first.slice(26),
    second?.slice(26),
    record?.secretDigest,
    record?.rotation?.previous[0],
    "private-data",
  ]) {
    assert.ok(!text.includes(secret as string));
  }
});
