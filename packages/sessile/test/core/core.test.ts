// The rules that every request shares: how a session begins, and the one rule for a store that fails.

import assert from "node:assert/strict";
import { test } from "node:test";
import { headerTransport, memoryStore, SessionError } from "sessile";
import { Core } from "#dist/core/core.js";
import { resolveOptions } from "#dist/core/options.js";

function core(now = 1000): { core: Core; told: unknown[] } {
  const made = new Core(
    resolveOptions({
      store: memoryStore(),
      transports: [headerTransport()],
      clock: () => now,
      idleTimeout: 100,
      absoluteTimeout: 1000,
      touchInterval: 1,
    }),
  );
  const told: unknown[] = [];
  for (const name of ["created", "signedIn", "storeFailed"] as const)
    made.events.on(name, (event) => told.push([name, event]));
  return { core: made, told };
}

test("a session begins with a frozen record whose deadlines are set once", async () => {
  const { core: made, told } = core();
  const { record, token } = await made.create({ userId: "ann", device: "Firefox" });
  const { sid, secretDigest, ...rest } = record;
  assert.deepEqual(rest, {
    userId: "ann",
    rotation: null,
    data: "{}",
    createdAt: 1000,
    authenticatedAt: 1000,
    rotatedAt: 1000,
    lastSeenAt: 1000,
    expiresAt: 1100,
    absoluteExpiresAt: 2000,
    idleTimeout: null,
    persistent: true,
    binding: null,
    version: 1,
    writes: 1,
    device: "Firefox",
  });
  assert.ok(Object.isFrozen(record) && token.startsWith(`ses_${sid}`) && !token.includes(secretDigest));
  assert.deepEqual(told, [
    ["created", { sid, userId: "ann", at: 1000 }],
    ["signedIn", { sid, userId: "ann", device: "Firefox", at: 1000 }],
  ]);
});

test("an anonymous session is authenticated by no user and signs no user in", async () => {
  const { core: made, told } = core();
  const { record } = await made.create({ userId: null, data: '{"k":1}' });
  assert.deepEqual([record.userId, record.authenticatedAt, record.data], [null, null, '{"k":1}']);
  assert.equal(told.length, 1);
});

test("P1: whatever a store fails with becomes a SessionError with a cause, and one event", async () => {
  for (const failure of [new Error("ECONNRESET"), "text", undefined, null, new TypeError("x")]) {
    const { core: made, told } = core();
    const asking = made.ask("load a session", () => Promise.reject(failure));
    await assert.rejects(
      asking,
      (error: SessionError) =>
        error instanceof SessionError && error.code === "ERR_SESSION_STORE" && error.cause === failure,
    );
    assert.deepEqual(told, [["storeFailed", { operation: "load a session", error: failure, at: 1000 }]]);
  }
});

test("P1: a store that throws before it gives a promise has failed as well", async () => {
  const { core: made } = core();
  const asking = made.ask("load a session", () => {
    throw new Error("not even a promise");
  });
  await assert.rejects(asking, { code: "ERR_SESSION_STORE" });
});

test("a SessionError of the store is passed on as it is, and is an event only when the store is to blame", async () => {
  for (const [code, events] of [
    ["ERR_SESSION_STORE", 1],
    ["ERR_SESSION_RECORD", 1],
    ["ERR_SESSION_PAGE", 0],
  ] as const) {
    const { core: made, told } = core();
    const error = new SessionError(code, "x");
    await assert.rejects(
      made.ask("list sessions", () => Promise.reject(error)),
      error,
    );
    assert.equal(told.length, events);
  }
});
