// Open connections hear of the end of their session, once, and at the latest when the watch looks.

import assert from "node:assert/strict";
import { type MockTimersOptions, mock, test } from "node:test";
import { memoryStore, SessionError } from "sessile";
import type { SessionStore } from "sessile/store";
import { Bench, sidOf } from "../support/requests.ts";

const TICK = 500;
const HOUR = 3_600_000;

/** Runs the watch's timer by hand. */
async function withTimer(run: (tick: () => Promise<void>) => Promise<void>): Promise<void> {
  mock.timers.enable({ apis: ["setTimeout"] } satisfies MockTimersOptions);
  try {
    await run(async () => {
      mock.timers.tick(TICK);
      for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    });
  } finally {
    mock.timers.reset();
  }
}

/** A store that reports no ends, since it cannot. */
function silentStore(): SessionStore {
  return new Proxy(memoryStore(), {
    get: (target, name) =>
      name === "watch" ? undefined : (Reflect.get(target, name, target) as () => void).bind(target),
  });
}

for (const [kind, open] of [
  ["tells", memoryStore],
  ["does not tell", silentStore],
] as const) {
  test(`onEnded hears of the ends that this process makes, with a store that ${kind}`, async () => {
    const bench = new Bench({ store: open() });
    const ends = [
      (token: string) => bench.send(token, (session) => session.signOut()),
      (token: string) => bench.manager.revoke(sidOf(token)),
      () => bench.manager.revokeUser("ann"),
      (token: string) => bench.send(token, (session) => session.signIn("ann")),
    ];
    for (const end of ends) {
      const token = await bench.signIn();
      const { session } = await bench.open(token);
      let heard = 0;
      session.onEnded(() => heard++);
      await end(token);
      await new Promise(setImmediate);
      assert.equal(heard, 1);
    }
    await bench.manager.close();
  });

  test(`onEnded hears of an end that came between the load and the call, with a store that ${kind}`, async () => {
    await withTimer(async (tick) => {
      const bench = new Bench({ store: open() });
      const token = await bench.signIn();
      const { session } = await bench.open(token);
      assert.equal(session.userId, "ann");
      await bench.manager.revoke(sidOf(token));
      let heard = 0;
      session.onEnded(() => heard++);
      await tick();
      assert.equal(heard, 1);
      await bench.manager.close();
    });
  });

  test(`onEnded hears of an end elsewhere and of an expiry, with a store that ${kind}`, async () => {
    await withTimer(async (tick) => {
      const bench = new Bench({ store: open() });
      const [deleted, expired, live] = [await bench.signIn(), await bench.signIn(), await bench.signIn("bob")];
      const heard: string[] = [];
      for (const [name, token] of Object.entries({ deleted, expired, live })) {
        const { session } = await bench.open(token);
        session.onEnded(() => heard.push(name));
      }
      await tick();
      assert.deepEqual(heard, []);
      await bench.spied.inner.delete(sidOf(deleted));
      await tick();
      assert.deepEqual(heard, ["deleted"]);
      bench.clock.now += HOUR - 1;
      await bench.send(live, ({ userId }) => userId); // a touch moves the deadline that the watch remembers
      bench.clock.now += 1;
      await tick();
      await tick();
      assert.deepEqual(heard, ["deleted", "expired"]);
      await bench.manager.close();
    });
  });
}

test("stopping twice stops no other listener", async () => {
  const bench = new Bench();
  const token = await bench.signIn();
  const { session } = await bench.open(token);
  const heard: string[] = [];
  const stop = session.onEnded(() => heard.push("stopped"));
  stop();
  session.onEnded(() => heard.push("second"));
  stop();
  await bench.manager.revoke(sidOf(token));
  assert.deepEqual(heard, ["second"]);
  await bench.manager.close();
});

test("F6: a listener that throws or rejects is reported, and the others hear", async () => {
  const reported: string[] = [];
  const failed = 'A listener of the session event "ended" failed:';
  const bench = new Bench({
    onWarning: (message, error) => reported.push(`${message} ${(error as Error).message}`),
  });
  const token = await bench.signIn();
  const { session } = await bench.open(token);
  let heard = 0;
  session.onEnded(() => assert.fail("one"));
  session.onEnded(async () => assert.fail("two"));
  session.onEnded(() => heard++);
  await bench.manager.revoke(sidOf(token));
  await new Promise(setImmediate);
  assert.deepEqual([heard, reported.sort()], [1, [`${failed} one`, `${failed} two`]]);
  await bench.manager.close();
});

test("a store that does not answer is asked again at the next tick", async () => {
  await withTimer(async (tick) => {
    const bench = new Bench({ store: silentStore() });
    const token = await bench.signIn();
    const { session } = await bench.open(token);
    let heard = 0;
    session.onEnded(() => heard++);
    await bench.spied.inner.delete(sidOf(token));
    bench.spied.before = () => assert.fail("down");
    await tick();
    assert.equal(heard, 0);
    bench.spied.before = () => {};
    await tick();
    assert.equal(heard, 1);
    await bench.manager.close();
  });
});

for (const [code, isHeard] of [
  ["ERR_SESSION_RECORD", true],
  ["ERR_SESSION_STORE", false],
] as const) {
  test(`F6: a session whose load fails with ${code} keeps no listener from the ends of others, however many are watched`, async () => {
    await withTimer(async (tick) => {
      let bad = "";
      const store = silentStore();
      const load = store.load.bind(store);
      const failing = new Proxy(store, {
        get: (target, name) =>
          name !== "load"
            ? Reflect.get(target, name)
            : async (sid: string) => (sid === bad ? Promise.reject(new SessionError(code, "bad")) : load(sid)),
      });
      const bench = new Bench({ store: failing });
      const tokens: string[] = [];
      const heard = new Set<string>();
      for (let i = 0; i < 250; i++) {
        const token = await bench.signIn(`user ${i}`);
        (await bench.open(token)).session.onEnded(() => heard.add(token));
        tokens.push(token);
      }
      bad = sidOf(tokens[0] as string);
      for (const token of tokens.slice(1)) await bench.spied.inner.delete(sidOf(token));
      await tick();
      assert.equal(
        heard.has(tokens[0] as string),
        isHeard,
        "what cannot be read is no session, what was not answered may be one",
      );
      assert.equal(heard.size, isHeard ? 250 : 249);
      await bench.manager.close();
    });
  });
}

test("a store that tells is asked about a session once, and then every half minute", async () => {
  await withTimer(async (tick) => {
    const bench = new Bench();
    const token = await bench.signIn();
    const { session } = await bench.open(token);
    session.onEnded(() => {});
    bench.spied.take();
    await tick();
    assert.deepEqual(bench.spied.take(), { load: 1 });
    for (let ticks = 0; ticks < 50; ticks++) await tick();
    assert.deepEqual(bench.spied.take(), {});
    for (let ticks = 0; ticks < 15; ticks++) await tick();
    assert.deepEqual(bench.spied.take(), { load: 1 });
    await bench.manager.close();
  });
});

test("an anonymous session has no end to report, and a closed manager reports none", async () => {
  const bench = new Bench();
  const { session } = await bench.open(null);
  session.onEnded(() => assert.fail("nobody's session ended"))();
  const token = await bench.signIn();
  const { session: open } = await bench.open(token);
  open.onEnded(() => assert.fail("the manager is closed"));
  await bench.manager.close();
  await new Promise(setImmediate);
});

test("a listener that acts on the store finds it whole", async () => {
  const bench = new Bench({ userLimit: { max: 2, onExceeded: "evictOldest" } });
  const tokens = [await bench.signIn(), await bench.signIn()];
  const work: Promise<unknown>[] = [];
  for (const token of tokens) {
    const { session } = await bench.open(token);
    session.onEnded(() => work.push(bench.manager.list("ann"), bench.manager.revokeUser("ann"), bench.signIn("ann")));
  }
  await bench.signIn("ann");
  await new Promise(setImmediate);
  await Promise.all(work);
  const { sessions } = await bench.manager.list("ann");
  assert.ok(sessions.length <= 2);
  for (const token of tokens) assert.equal(await bench.userOf(token), null);
  await bench.manager.close();
});
