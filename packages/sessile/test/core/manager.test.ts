// Listing and ending sessions from elsewhere, limits per user, sweeping and closing.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { headerTransport, memoryStore, SessionManager } from "sessile";
import { sampleRecord } from "sessile/testing";
import { newSid } from "#dist/core/token.js";
import { all, Bench, Gate, SpiedStore, sidOf } from "../support/requests.ts";

const HOUR = 3_600_000;

describe("list", () => {
  test("L2: shows live sessions without token, digest or data", async () => {
    const bench = new Bench();
    const { issued } = await bench.send(null, (session) =>
      session.signIn("ann", { data: { private: "private-data" }, device: "Firefox" }),
    );
    const token = issued as string;
    const { sessions, next } = await bench.manager.list("ann");
    const at = bench.clock.now;
    const expected = {
      sid: sidOf(token),
      userId: "ann",
      createdAt: at,
      authenticatedAt: at,
      lastSeenAt: at,
      expiresAt: at + HOUR,
      absoluteExpiresAt: at + 24 * HOUR,
      idleTimeout: HOUR,
      persistent: true,
      device: "Firefox",
    };
    assert.deepEqual([sessions, next], [[expected], null]);
    const record = await bench.recordOf(token);
    const text = JSON.stringify(sessions);
    for (const secret of [token, record?.secretDigest, "private-data"]) assert.ok(!text.includes(secret as string));
  });

  test("C2: a listed sid is useless as a credential", async () => {
    const bench = new Bench();
    await bench.signIn();
    const { sid } = (await bench.manager.list("ann")).sessions[0] as { sid: string };
    for (const attempt of [sid, `ses_${sid}`, `ses_${sid}${"0".repeat(49)}`])
      assert.equal(await bench.userOf(attempt), null);
  });

  test("E1: hides what is over, also by a limit that became shorter", async () => {
    const bench = new Bench({ idleTimeout: HOUR });
    await bench.signIn();
    const shorter = new Bench({ store: bench.spied.inner, idleTimeout: HOUR / 2 });
    shorter.clock.now = bench.clock.now + HOUR / 2 - 1;
    assert.equal((await shorter.manager.list("ann")).sessions.length, 1);
    shorter.clock.now += 1;
    assert.equal((await shorter.manager.list("ann")).sessions.length, 0);
  });

  test("gives pages, and refuses ones that cannot be", async () => {
    const bench = new Bench();
    for (let i = 0; i < 5; i++) {
      bench.clock.now += 1;
      await bench.signIn();
    }
    const first = await bench.manager.list("ann", { limit: 3 });
    const second = await bench.manager.list("ann", { limit: 3, after: first.next as string });
    assert.deepEqual([first.sessions.length, second.sessions.length, second.next], [3, 2, null]);
    assert.equal(new Set([...first.sessions, ...second.sessions].map(({ sid }) => sid)).size, 5);
    for (const limit of [0, -1, 1001, 1.5, Number.NaN, "3" as never]) {
      await assert.rejects(bench.manager.list("ann", { limit }), { code: "ERR_SESSION_PAGE", statusCode: 400 });
    }
    for (const after of ["", "x", "1.x", `1.${newSid()}x`, "1 OR 1=1"]) {
      await assert.rejects(bench.manager.list("ann", { after }), { code: "ERR_SESSION_PAGE" });
    }
  });
});

describe("listAll and find", () => {
  test("L2: show all live sessions without token or digest, in pages", async () => {
    const bench = new Bench();
    const tokens = [await bench.signIn("ann"), await bench.signIn("bob")];
    const { issued } = await bench.send(null, (session) => session.set("k", 1));
    const first = await bench.manager.listAll({ limit: 2 });
    const second = await bench.manager.listAll({ limit: 2, after: first.next as string });
    const shown = [...first.sessions, ...second.sessions];
    const sids = [...tokens, issued as string].map(sidOf);
    assert.deepEqual(shown.map(({ sid }) => sid).sort(), sids.sort());
    assert.deepEqual(shown.map(({ userId }) => userId).sort(), ["ann", "bob", null]);
    for (const session of shown) assert.equal("secretDigest" in session || "data" in session, false);
    await assert.rejects(bench.manager.listAll({ limit: 1001 }), { code: "ERR_SESSION_PAGE" });
    bench.clock.now += 2 * HOUR;
    assert.deepEqual((await bench.manager.listAll()).sessions, []);
  });

  test("L2: find gives one session's details, and its data only when asked", async () => {
    const bench = new Bench();
    const { issued } = await bench.send(null, (session) => session.signIn("ann", { data: { cart: [1] } }));
    const sid = sidOf(issued as string);
    const details = await bench.manager.find(sid);
    assert.deepEqual([details?.sid, details?.userId, details?.version], [sid, "ann", 1]);
    assert.equal(details?.rotatedAt, bench.clock.now);
    for (const name of ["data", "secretDigest", "rotation", "binding"]) assert.equal(name in (details ?? {}), false);
    assert.deepStrictEqual((await bench.manager.find(sid, { data: true }))?.data, { cart: [1] });
    for (const unknown of [newSid(), "", issued as string]) assert.equal(await bench.manager.find(unknown), null);
    bench.clock.now += 2 * HOUR;
    assert.equal(await bench.manager.find(sid), null);
  });
});

describe("revoke", () => {
  test("L3: ends the session of a sid, and with a userId only that user's", async () => {
    const bench = new Bench();
    const [ann, bob] = [await bench.signIn("ann"), await bench.signIn("bob")];
    assert.equal(await bench.manager.revoke(sidOf(bob), { userId: "ann" }), false);
    assert.equal(await bench.userOf(bob), "bob");
    assert.equal(await bench.manager.revoke(sidOf(ann), { userId: "ann" }), true);
    assert.equal(await bench.userOf(ann), null);
    assert.equal(await bench.manager.revoke(sidOf(bob)), true);
    assert.equal(await bench.manager.revoke(sidOf(bob)), false);
    const { issued } = await bench.send(null, (session) => session.set("k", 1));
    assert.equal(await bench.manager.revoke(sidOf(issued as string), { userId: "ann" }), false);
  });

  test("O4: a userId that turned out to be undefined or null means no user, not all users", async () => {
    const bench = new Bench();
    const token = await bench.signIn("ann");
    for (const userId of [undefined, null]) {
      assert.equal(await bench.manager.revoke(sidOf(token), { userId } as unknown as { userId: string }), false);
    }
    assert.equal(await bench.userOf(token), "ann");
  });

  test("B3: of anything that is no sid reaches no store", async () => {
    const bench = new Bench();
    const token = await bench.signIn();
    bench.spied.take();
    for (const sid of [
      "",
      "*",
      token,
      "__proto__",
      `${"x".repeat(21)}*`,
      undefined as never,
      5 as never,
      [newSid()] as never,
    ]) {
      assert.equal(await bench.manager.revoke(sid), false);
    }
    assert.deepEqual(bench.spied.take(), {});
  });

  test("D9: revokeUser ends all of a user's sessions but the one to keep, and tells how many", async () => {
    const bench = new Bench();
    const tokens = await all(5, () => bench.signIn("ann"));
    const bob = await bench.signIn("bob");
    bench.takeEvents();
    const kept = tokens[2] as string;
    assert.equal(await bench.manager.revokeUser("ann", { except: sidOf(kept) }), 4);
    assert.deepEqual(await Promise.all(tokens.map((token) => bench.userOf(token))), [null, null, "ann", null, null]);
    assert.deepEqual(
      bench.takeEvents(),
      Array.from({ length: 4 }, () => "revoked"),
    );
    assert.equal(await bench.manager.revokeUser("ann", { except: null }), 1);
    assert.equal(await bench.manager.revokeUser("ann"), 0);
    assert.equal(await bench.userOf(await bench.signIn("ann")), "ann", "a later sign-in works, at the same instant");
    assert.equal(await bench.userOf(bob), "bob");
  });
});

test("a user's id that is no string is refused in words, and reaches no store", async () => {
  const bench = new Bench();
  await bench.signIn("42");
  bench.takeEvents();
  bench.spied.calls.length = 0;
  const refused = { code: "ERR_SESSION_VALUE", message: /`userId` must be .* Convert numbers with `String\(id\)`/ };
  for (const userId of [42, 42n, null, undefined, ["42"], { id: "42" }] as unknown as string[]) {
    await assert.rejects(bench.manager.list(userId), refused);
    await assert.rejects(bench.manager.revokeUser(userId), refused);
  }
  assert.deepEqual([bench.spied.calls, bench.takeEvents()], [[], []]);
  assert.equal(await bench.manager.revokeUser("42"), 1);
});

describe("userLimit", () => {
  test("D8: evicts the oldest of a user, and tells", async () => {
    const bench = new Bench({ userLimit: { max: 2, onExceeded: "evictOldest" } });
    const tokens = [];
    for (let i = 0; i < 4; i++) {
      bench.clock.now += 1;
      tokens.push(await bench.signIn("ann"));
    }
    assert.deepEqual(await Promise.all(tokens.map((token) => bench.userOf(token))), [null, null, "ann", "ann"]);
    const evictions = bench.events.flatMap(([name, event]) => (name === "revoked" ? [event] : []));
    assert.deepEqual(
      evictions.map(({ sid, reason }) => [sid, reason]),
      [
        [sidOf(tokens[0] as string), "limit"],
        [sidOf(tokens[1] as string), "limit"],
      ],
    );
  });

  test("D8: refuses with a typed error where that is the rule, and does not count the session that signs in", async () => {
    const bench = new Bench({ userLimit: { max: 1, onExceeded: "refuse" } });
    const token = await bench.signIn("ann");
    await assert.rejects(bench.signIn("ann"), { code: "ERR_SESSION_LIMIT", statusCode: 409 });
    assert.equal(await bench.userOf(token), "ann");
    const { issued } = await bench.send(token, (session) => session.signIn("ann"));
    assert.equal(await bench.userOf(issued as string), "ann");
  });

  test("D8: holds for 50 sign-ins at once, and not for anonymous sessions", async () => {
    for (const onExceeded of ["evictOldest", "refuse"] as const) {
      const bench = new Bench({ userLimit: { max: 3, onExceeded } });
      await Promise.allSettled(Array.from({ length: 50 }, () => bench.signIn("ann")));
      assert.equal((await bench.manager.list("ann")).sessions.length, 3);
      await all(10, () => bench.send(null, (session) => session.set("k", 1)));
      assert.equal((await bench.manager.stats()).sessions, 13);
    }
  });
});

describe("sweep", () => {
  test("E10: removes what is over and tells, and leaves the rest", async () => {
    const bench = new Bench();
    const dead = await all(7, () => bench.signIn("ann"));
    bench.clock.now += HOUR;
    const live = await bench.signIn("bob");
    bench.takeEvents();
    assert.equal(await bench.manager.sweep(3), 3);
    assert.equal(await bench.manager.sweep(), 4);
    assert.equal(await bench.manager.sweep(), 0);
    const expired = bench.events.flatMap(([name, event]) => (name === "expired" ? [event.sid] : []));
    assert.deepEqual(expired.sort(), dead.map(sidOf).sort());
    assert.equal(await bench.userOf(live), "bob");
  });

  test("E10: of nothing, of 0 and of NaN removes nothing", async () => {
    const bench = new Bench();
    await bench.signIn();
    bench.clock.now += HOUR;
    for (const limit of [0, -1, Number.NaN]) assert.equal(await bench.manager.sweep(limit), 0);
    assert.equal(await bench.manager.sweep(), 1);
  });

  test("E10: with sign-ins and sign-outs in between reaches every record in the end, and no live one", async () => {
    const bench = new Bench();
    const live = new Set<string>();
    for (let round = 0; round < 60; round++) {
      await all(10, () => bench.signIn("ann"));
      const token = await bench.signIn("bob");
      live.add(token);
      bench.clock.now += HOUR / 30;
      for (const other of live) await bench.send(other, ({ userId }) => userId);
      if (round % 3 === 0) {
        const gone = [...live][0] as string;
        live.delete(gone);
        await bench.send(gone, (session) => session.signOut());
      }
      await bench.manager.sweep(7);
    }
    for (const token of live) assert.equal(await bench.userOf(token), "bob");
    bench.clock.now += 48 * HOUR;
    for (let round = 0; round < 10; round++) await bench.manager.sweep();
    assert.equal((await bench.manager.stats()).sessions, 0);
  });

  test("E10: happens by itself, and a store that fails does not stop it", async () => {
    const store = memoryStore();
    let calls = 0;
    const spied = new SpiedStore(store);
    spied.before = (method) => (method === "deleteExpired" && calls++ === 0 ? assert.fail("down") : undefined);
    await store.create(sampleRecord({ expiresAt: 1 }));
    const manager = new SessionManager({ store: spied.store, transports: [headerTransport()], sweepInterval: 5 });
    let failures = 0;
    manager.on("storeFailed", () => failures++);
    const { promise: swept, resolve } = withResolvers();
    manager.on("expired", resolve);
    await whileAwake(swept);
    assert.equal(failures, 1);
    await manager.close();
  });

  test("P3: that takes longer than its interval is not joined by another", async () => {
    const spied = new SpiedStore(memoryStore());
    const gate = new Gate();
    spied.before = (method) => (method === "deleteExpired" ? gate.pass() : undefined);
    const manager = new SessionManager({ store: spied.store, transports: [headerTransport()], sweepInterval: 1 });
    await whileAwake(gate.reached);
    await sleep(30);
    assert.deepEqual(spied.take(), { deleteExpired: 1 });
    gate.open();
    await manager.close();
  });
});

describe("a manager", () => {
  test("answers ERR_SESSION_STORE when it is closed", async () => {
    const bench = new Bench();
    const token = await bench.signIn();
    await bench.manager.close();
    await assert.rejects(bench.open(token), { code: "ERR_SESSION_STORE" });
    await assert.rejects(bench.manager.list("ann"), { code: "ERR_SESSION_STORE" });
    assert.equal((await bench.open(null)).session.userId, null);
  });

  test("with another prefix knows nothing of this one's tokens, on the same store", async () => {
    const bench = new Bench();
    const admin = new Bench({ store: bench.spied.inner, tokenPrefix: "adm_" });
    const token = await bench.signIn();
    assert.equal(await admin.userOf(token), null);
    assert.equal(await admin.userOf(token.replace("ses_", "adm_")), null);
    assert.equal(await bench.userOf(await admin.signIn("root")), null);
  });

  test("D9: a sign-in that was revoked while it began rejects and leaves no user signed in", async () => {
    const bench = new Bench();
    bench.spied.inner.create = async () => ({ status: "revoked" });
    const { response } = await bench.send(
      null,
      async (session) => {
        await assert.rejects(session.signIn("ann"), { code: "ERR_SESSION_REVOKED", statusCode: 409 });
        assert.equal(session.userId, null);
      },
      { status: 409 },
    );
    assert.equal(response.get("x-session-token"), undefined);
    assert.deepEqual(bench.takeEvents(), []);
  });

  test("D9: revokeUser during a sign-in leaves no session that is unknown", async () => {
    const bench = new Bench();
    const gate = new Gate();
    bench.spied.before = (method) => (method === "create" ? gate.pass() : undefined);
    const signingIn = bench.signIn("ann");
    await gate.reached;
    assert.equal(await bench.manager.revokeUser("ann"), 0);
    gate.open();
    const token = await signingIn;
    assert.deepEqual(
      (await bench.manager.list("ann")).sessions.map(({ sid }) => sid),
      [sidOf(token)],
    );
  });
});

test("what opens a request has no getter of its own, which V8 would keep, with all of the request, until a full collection", async () => {
  const manager = new SessionManager({ store: memoryStore(), transports: [headerTransport()] });
  const opened = await manager.open({ method: "GET", path: "/", header: () => undefined });
  const own = Object.values(Object.getOwnPropertyDescriptors(opened));
  assert.deepEqual(
    own.filter(({ get }) => get !== undefined),
    [],
  );
  assert.equal(opened.mustWait, false);
  await manager.close();
});

/** The sweeper alone does not keep a process alive. */
async function whileAwake(promise: Promise<void>): Promise<void> {
  const awake = setInterval(() => {}, 1000);
  await promise;
  clearInterval(awake);
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
