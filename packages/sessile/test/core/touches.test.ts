// Touches behind: when one may wait, what it does when it is written, and what becomes of it when it is not.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, test } from "node:test";
import { memoryStore, type SessionManagerOptions } from "sessile";
import { sqliteStore } from "sessile/sqlite";
import { temporaryFolder } from "sessile-test-support/folder";
import { all, Bench, Gate, ResponseRecorder, requestWith, sidOf } from "../support/requests.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

async function read(bench: Bench, token: string): Promise<string | null> {
  return (await bench.send(token, ({ userId }) => userId)).result;
}

/** A bench whose store takes several touches at once. */
class TouchBench extends Bench {
  constructor(options: Partial<SessionManagerOptions> = {}) {
    super(options);
    this.spied.takesTouches = true;
  }
}

/** A session whose touch is due, and nothing has asked the store since. */
async function due(options: Partial<SessionManagerOptions> = {}, after = 2 * MINUTE) {
  const bench = new TouchBench(options);
  const token = await bench.signIn();
  bench.clock.now += after;
  bench.spied.take();
  bench.takeEvents();
  const seenAt = async () => (await bench.recordOf(token))?.lastSeenAt;
  return { bench, token, seenAt };
}

describe("a touch that is due", () => {
  test("E5: waits for no store: the answer leaves while the store would hang, and one flush writes the latest use", async () => {
    const { bench, token, seenAt } = await due();
    const gate = new Gate();
    bench.spied.before = (method) => (method === "touch" ? gate.pass() : undefined);
    for (let reads = 0; reads < 5; reads++) {
      assert.equal(await read(bench, token), "ann");
      bench.clock.now += 10;
    }
    assert.deepEqual(bench.spied.take(), { load: 5 });
    const used = bench.clock.now - 10;
    const flushed = bench.manager.flush();
    await gate.reached;
    gate.open();
    await flushed;
    assert.deepEqual([await seenAt(), bench.spied.take()], [used, { touch: 1 }]);
    await bench.manager.flush();
    assert.deepEqual(bench.spied.take(), {}, "nothing waits any more");
  });

  test("E5: is written by itself within a second or so", async () => {
    const { bench, token } = await due();
    const written = new Promise<void>((resolve) => {
      bench.spied.after = (method) => method === "touch" && resolve();
    });
    const hold = setInterval(() => {}, 1000); // the timer of the touches keeps no process alive
    await read(bench, token);
    await written;
    clearInterval(hold);
  });

  test("E5: is carried by any other write of the session", async () => {
    const { bench, token, seenAt } = await due();
    await read(bench, token);
    bench.clock.now += 5;
    await bench.send(token, (session) => session.set("k", 1));
    await bench.manager.flush();
    assert.deepEqual([await seenAt(), bench.spied.take()], [bench.clock.now, { load: 2, commit: 1 }]);
  });

  test("E5: is written before the answer when half of the idle timeout has passed", async () => {
    const { bench, token, seenAt } = await due({}, 30 * MINUTE - 1);
    await read(bench, token);
    assert.deepEqual(bench.spied.take(), { load: 1 }, "a millisecond before");
    bench.clock.now += 1;
    await read(bench, token);
    assert.deepEqual([await seenAt(), bench.spied.take()], [bench.clock.now, { load: 1, commit: 1 }]);
  });

  test("E5: a process that crashes before each of its flushes ends no session in use", async () => {
    const store = memoryStore();
    const signsIn = new TouchBench({ store });
    const token = await signsIn.signIn();
    let { now } = signsIn.clock;
    for (let request = 0; request < 50; request++) {
      now += 20 * MINUTE;
      const restarted = new TouchBench({ store });
      restarted.clock.now = now;
      assert.equal(await read(restarted, token), "ann");
    }
  });

  test("E5: counts in this process before it is written: when a session is opened, listed, found and watched", async () => {
    const { bench, token } = await due({}, 29 * MINUTE);
    const { session } = await bench.open(token);
    let hasEnded = false;
    const stop = session.onEnded(() => {
      hasEnded = true;
    });
    await read(bench, token);
    const used = bench.clock.now;
    bench.clock.now += 45 * MINUTE; // the stored deadline has passed
    const { sessions } = await bench.manager.list("ann");
    assert.deepEqual([sessions[0]?.lastSeenAt, sessions[0]?.expiresAt], [used, used + HOUR]);
    assert.equal((await bench.manager.find(sidOf(token)))?.lastSeenAt, used);
    assert.equal(await bench.userOf(token), "ann");
    assert.equal(hasEnded, false);
    stop();
    bench.clock.now = used + HOUR;
    assert.equal(await bench.userOf(token), null);
  });

  test("E5: of 250 sessions is written a hundred at a time, other writes in between, and one event names the failures", async () => {
    const bench = new TouchBench();
    const tokens = await all(250, (i) => bench.signIn(`user${i}`));
    bench.clock.now += 2 * MINUTE;
    for (const token of tokens) await read(bench, token);
    bench.spied.take();
    bench.takeEvents();
    const sizes: number[] = [];
    bench.spied.before = (_method, [touches]) => {
      sizes.push((touches as readonly unknown[]).length);
      throw new Error("down");
    };
    await bench.manager.flush();
    assert.deepEqual([bench.spied.take(), sizes], [{ touch: 3 }, [100, 100, 50]]);
    assert.deepEqual(
      bench.events.map(([name, event]) => [name, "operation" in event && event.operation]),
      [["storeFailed", "touch 250 sessions"]],
    );
  });

  test("E5: of 250 sessions goes to a store that takes one at a time by commits, a hundred under way, and those that fail count", async () => {
    const bench = new Bench();
    const tokens = await all(250, (i) => bench.signIn(`user${i}`));
    bench.clock.now += 2 * MINUTE;
    for (const token of tokens) await read(bench, token);
    bench.spied.take();
    bench.takeEvents();
    let [running, most, begun] = [0, 0, 0];
    bench.spied.before = async () => {
      const isBad = begun++ % 5 === 0;
      most = Math.max(most, ++running);
      await new Promise(setImmediate);
      running--;
      if (isBad) throw new Error("down");
    };
    await bench.manager.flush();
    assert.deepEqual([bench.spied.take(), most], [{ commit: 250 }, 100]);
    assert.deepEqual(
      bench.events.map(([name, event]) => [name, "operation" in event && event.operation]),
      [["storeFailed", "touch 50 sessions"]],
    );
    const seen = await Promise.all(tokens.map(async (token) => (await bench.recordOf(token))?.lastSeenAt));
    assert.equal(seen.filter((at) => at === bench.clock.now).length, 200);
  });

  test("P3: that failed is not tried again; the next use of the session brings another", async () => {
    const { bench, token, seenAt } = await due();
    bench.spied.before = (method) => {
      if (method === "touch") throw new Error("down");
    };
    await read(bench, token);
    await bench.manager.flush();
    assert.deepEqual(bench.spied.take(), { load: 1, touch: 1 });
    bench.spied.before = () => {};
    await bench.manager.flush();
    assert.deepEqual(bench.spied.take(), {});
    bench.clock.now += 10;
    await read(bench, token);
    await bench.manager.flush();
    assert.deepEqual([await seenAt(), bench.spied.take()], [bench.clock.now, { load: 1, touch: 1 }]);
  });

  test("E5: waits with at most 10,000 others; one more is dropped and counted", async () => {
    const bench = new TouchBench();
    const tokens = await all(10_001, (i) => bench.signIn(`user${i}`));
    bench.clock.now += 2 * MINUTE;
    for (const token of tokens) await read(bench, token);
    bench.spied.take();
    bench.takeEvents();
    await bench.manager.flush();
    assert.deepEqual(bench.spied.take(), { touch: 100 });
    const [[name, event] = []] = bench.events;
    assert.deepEqual([name, event && "operation" in event && event.operation], ["storeFailed", "touch 1 sessions"]);
  });

  test("E5: leaves the version, which is the ETag of the data", async () => {
    const { bench, token } = await due();
    const before = await bench.manager.find(sidOf(token));
    await read(bench, token);
    await bench.manager.flush();
    const after = await bench.manager.find(sidOf(token));
    assert.equal(after?.version, before?.version);
    assert.notEqual(after?.lastSeenAt, before?.lastSeenAt);
  });

  test("E5: is written when the manager closes", async () => {
    const { bench, token, seenAt } = await due();
    await read(bench, token);
    const store = bench.spied.inner;
    const close = store.close.bind(store);
    store.close = async () => {};
    await bench.manager.close();
    assert.equal(await seenAt(), bench.clock.now);
    await close();
  });

  test('E5: is written before the answer with `touch: "before"`', async () => {
    const { bench, token, seenAt } = await due({ touch: "before" });
    await read(bench, token);
    assert.deepEqual([await seenAt(), bench.spied.take()], [bench.clock.now, { load: 1, commit: 1 }]);
  });

  test("E5: is written before the answer where the host may freeze, unless there is `afterResponse`", async () => {
    for (const options of [{}, { afterResponse: () => {} }]) {
      const { bench, token } = await due(options);
      const request = { ...requestWith({ "x-session-token": token }), mayFreeze: true };
      const gate = new Gate();
      bench.spied.before = (method) => (method === "commit" || method === "touch" ? gate.pass() : undefined);
      const { commit } = await bench.manager.open(request);
      let hasLeft = false;
      const left = Promise.resolve(commit(200, new ResponseRecorder())).then(() => {
        hasLeft = true;
      });
      await gate.reached;
      assert.equal(hasLeft, "afterResponse" in options);
      gate.open();
      await left;
    }
  });

  test("E5: is handed to `afterResponse`, which keeps the process alive for it", async () => {
    const works: Promise<void>[] = [];
    const { bench, token, seenAt } = await due({ afterResponse: (work) => works.push(work) });
    await read(bench, token);
    assert.equal(works.length, 1);
    await works[0];
    assert.equal(await seenAt(), bench.clock.now);
  });

  const endings = {
    "a sign-out": (bench: Bench, token: string) => bench.send(token, (session) => session.signOut()),
    "a revocation": (bench: Bench, token: string) => bench.manager.revoke(sidOf(token)),
    "the revocation of the user": (bench: Bench) => bench.manager.revokeUser("ann"),
    "a sign-out elsewhere": (bench: Bench, token: string) => bench.spied.inner.delete(sidOf(token)),
    "another sign-in at the user's limit": (bench: Bench) => bench.signIn(),
  };
  for (const [ending, end] of Object.entries(endings)) {
    test(`F3: after ${ending} brings nothing back, and is no failure`, async () => {
      const { bench, token } = await due({ userLimit: { max: 1, onExceeded: "evictOldest" } });
      await read(bench, token);
      await end(bench, token);
      await bench.manager.flush();
      assert.equal(await bench.recordOf(token), null);
      assert.equal(bench.takeEvents().includes("storeFailed"), false);
    });

    test(`F3: under way during ${ending} brings nothing back`, async () => {
      const { bench, token } = await due({ userLimit: { max: 1, onExceeded: "evictOldest" } });
      await read(bench, token);
      const gate = new Gate();
      bench.spied.before = (method) => (method === "touch" ? gate.pass() : undefined);
      const flushed = bench.manager.flush();
      await gate.reached;
      await end(bench, token);
      gate.open();
      await flushed;
      assert.equal(await bench.recordOf(token), null);
      assert.equal(bench.takeEvents().includes("storeFailed"), false);
    });
  }

  test("E5: written after the stored deadline finds nothing", async () => {
    const { bench, token } = await due({}, 29 * MINUTE);
    await read(bench, token);
    bench.clock.now += 31 * MINUTE;
    await bench.manager.flush();
    assert.equal((await bench.recordOf(token))?.lastSeenAt, bench.clock.now - HOUR, "as it was");
    assert.equal(await bench.userOf(token), null);
  });

  test("is written after a rotation that came between, and keeps it", async () => {
    const { bench, token, seenAt } = await due();
    await read(bench, token);
    const other = new TouchBench({ store: bench.spied.inner });
    other.clock.now = bench.clock.now;
    const { issued } = await other.send(token, (session) => session.rotate());
    bench.clock.now += 10;
    await bench.manager.flush();
    assert.equal(await seenAt(), bench.clock.now - 10);
    assert.equal(await bench.userOf(issued as string), "ann");
  });

  test("a clock that is stepped back or forward by less than half the idle timeout ends nothing", async () => {
    const { bench, token } = await due();
    await read(bench, token);
    bench.clock.now -= 20 * MINUTE;
    assert.equal(await read(bench, token), "ann");
    await bench.manager.flush();
    bench.clock.now += 45 * MINUTE;
    assert.equal(await read(bench, token), "ann");
  });

  test("outlives a write of a request that is no activity", async () => {
    const { bench, token, seenAt } = await due();
    await read(bench, token);
    const used = bench.clock.now;
    bench.clock.now += 5;
    await bench.send(token, (session) => {
      session.notActivity();
      session.set("k", 1);
    });
    await bench.manager.flush();
    assert.equal(await seenAt(), used);
  });

  test("E7: while the clock gives no time is a warning, and ends no process", async () => {
    const warnings: string[] = [];
    let isBroken = false;
    const { now: time } = new TouchBench().clock;
    const clock = (): number => (isBroken ? Number.NaN : time + minutes * MINUTE);
    let minutes = 0;
    const bench = new TouchBench({ clock, onWarning: (message) => warnings.push(message) });
    const token = await bench.signIn();
    minutes = 2;
    await read(bench, token);
    isBroken = true;
    await bench.manager.flush();
    assert.equal(warnings.length, 1);
    isBroken = false;
    await bench.manager.flush();
    assert.equal(await bench.userOf(token), "ann");
  });

  test("a request that is no activity, or fails, leaves none", async () => {
    const { bench, token } = await due();
    await bench.userOf(token);
    await bench.send(token, ({ userId }) => userId, { status: 500 });
    await bench.manager.flush();
    assert.deepEqual(bench.spied.take(), { load: 2 });
  });
});

/** Signs in, uses the session two minutes later, and then does `last`. Prints the sid and the two times. */
const program = (path: string, last: string): string => `
  import { headerTransport, SessionManager } from "sessile";
  import { sqliteStore } from "sessile/sqlite";
  const { setTimeout } = globalThis;
  globalThis.setTimeout = (run, ms) => setTimeout(run, 10 * ms); // so that a slow machine ends the process first
  let now = 1_800_000_000_000;
  const store = sqliteStore({ path: ${JSON.stringify(path)} });
  const manager = new SessionManager({ store, transports: [headerTransport()], clock: () => now });
  const request = (token) => ({
    method: "POST", path: "/", header: (name) => (name === "x-session-token" ? token : undefined),
  });
  const response = { get: () => undefined, set() {}, append() {} };
  const first = await manager.open(request());
  const token = await first.session.signIn("ann");
  await first.commit(200, response);
  const signedInAt = now;
  now += 120_000;
  const second = await manager.open(request(token));
  if (second.session.userId !== "ann") throw new Error("not signed in");
  await second.commit(200, response);
  console.log(JSON.stringify({ sid: second.session.sid, signedInAt, usedAt: now }));
  ${last}`;

describe("a process whose only work left is a touch that waits", () => {
  const ends = {
    "ends at once, and the stored time of use stays": ["", "signedInAt"],
    "has written it when it has closed the manager": ["await manager.close();", "usedAt"],
  } as const;
  for (const [what, [last, time]] of Object.entries(ends))
    test(`E5: ${what}`, async (t) => {
      const path = join(temporaryFolder(), "sessions.db");
      const file = join(import.meta.dirname, `${time}.mjs`);
      writeFileSync(file, program(path, last));
      const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", file], {
        stdio: ["ignore", "pipe", "pipe"],
      });
      const [printed, errors, [code]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, "exit"),
      ]);
      assert.deepEqual([code, errors], [0, ""]);
      const used = JSON.parse(printed) as { sid: string; signedInAt: number; usedAt: number };
      const store = sqliteStore({ path });
      t.after(() => store.close());
      assert.equal((await store.load(used.sid))?.lastSeenAt, used[time]);
    });
});

test("O3: `touch` and `afterResponse` are checked", () => {
  for (const options of [{ touch: "after" }, { afterResponse: 5 }])
    assert.throws(() => new TouchBench(options as never), { code: "ERR_SESSION_OPTION" });
});
