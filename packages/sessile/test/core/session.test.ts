// The session in a handler: reading, freshness, activity, and the parts it shows.

import assert from "node:assert/strict";
import { describe, mock, test } from "node:test";
import { format, inspect } from "node:util";
import { memoryStore } from "sessile";
import type { SessionRecord } from "sessile/store";
import { Session } from "#dist/core/session.js";
import { type Bag, Bench, sidOf } from "../support/requests.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe("a session", () => {
  test("shows who is signed in, since when and until when", async () => {
    const bench = new Bench({ idleTimeout: HOUR });
    const start = bench.clock.now;
    const token = await bench.signIn();
    bench.clock.now += 5 * MINUTE;
    await bench.send(token, ({ userId }) => userId);
    bench.clock.now += 1;
    await bench.send(token, (session) => {
      assert.ok(session instanceof Session);
      const { sid, userId, createdAt, authenticatedAt, lastSeenAt, expiresAt, hasCredential, version } = session;
      assert.deepEqual([sid, userId, createdAt, authenticatedAt], [sidOf(token), "ann", start, start]);
      assert.equal(version, 1, "a touch changes no data");
      assert.deepEqual([lastSeenAt, expiresAt, hasCredential], [start + 5 * MINUTE, start + 5 * MINUTE + HOUR, true]);
      assert.ok(session.isSignedIn());
    });
  });

  test("of an anonymous request shows nothing", async () => {
    const bench = new Bench();
    await bench.send(null, (session) => {
      const { sid, userId, createdAt, authenticatedAt, lastSeenAt, expiresAt, hasCredential, version } = session;
      assert.deepEqual(
        [sid, userId, createdAt, authenticatedAt, lastSeenAt, expiresAt, hasCredential, version],
        [null, null, null, null, null, null, false, null],
      );
      assert.deepEqual([session.isSignedIn(), session.keys(), session.get("a")], [false, [], undefined]);
    });
  });

  test("commits: true when the changes are stored or there are none, false when the session has ended", async () => {
    const bench = new Bench();
    const token = await bench.signIn();
    const { result } = await bench.send(token, async (session) => {
      const answers = [await session.commit()];
      session.set("k", 1);
      answers.push(await session.commit());
      await bench.manager.revoke(sidOf(token));
      session.set("k", 2);
      answers.push(await session.commit());
      session.set("k", 3);
      return [...answers, await session.commit(), session.sid];
    });
    assert.deepEqual(result, [true, true, false, false, null]);
    const { result: visitor } = await bench.send(null, async (session) => {
      const before = await session.commit();
      session.set("k", 1);
      return [before, await session.commit(), session.sid !== null];
    });
    assert.deepEqual(visitor, [true, true, true]);
    const leaving = await bench.signIn();
    bench.spied.before = (method) => (method === "delete" ? assert.fail("down") : undefined);
    const { result: failed } = await bench.send(leaving, async (session) => {
      session.set("k", 1);
      await assert.rejects(session.signOut(), { code: "ERR_SESSION_NOT_ENDED" });
      return session.commit();
    });
    assert.equal(failed, false);
  });

  test("G5: keeps its own fields out of reach of the data", async () => {
    const bench = new Bench();
    const token = await bench.signIn();
    const before = await bench.recordOf(token);
    await bench.send(token, (session) => {
      for (const name of ["sid", "userId", "authenticatedAt", "expiresAt", "version", "signOut", "commit"])
        session.set(name, "forged");
      assert.equal(session.userId, "ann");
      assert.throws(() => Object.assign(session, { userId: "root" }), { code: "ERR_SESSION_STATE" });
    });
    const after = await bench.recordOf(token);
    assert.deepEqual({ ...after, data: "", version: 0, writes: 0 }, { ...before, data: "", version: 0, writes: 0 });
  });

  test("G1: has no value for keys that every object inherits", async () => {
    const bench = new Bench();
    await bench.send(await bench.signIn(), (session) => {
      for (const key of ["constructor", "toString", "hasOwnProperty", "__proto__", "valueOf", "isPrototypeOf"]) {
        assert.deepEqual([session.get(key), session.has(key)], [undefined, false]);
      }
      session.set("constructor", 1);
      assert.deepEqual(
        [session.get("constructor"), session.has("constructor"), session.keys()],
        [1, true, ["constructor"]],
      );
      assert.throws(() => session.set("__proto__", {}), { code: "ERR_SESSION_VALUE" });
    });
  });

  test("G6: gives out values that are frozen to the bottom, and copies what it is given", async () => {
    const bench = new Bench();
    const token = await bench.signIn("ann", { list: [{ n: 1 }] });
    await bench.send(token, (session) => {
      const list = session.get("list") as unknown as { n: number }[];
      assert.throws(() => list.push({ n: 2 }), TypeError);
      assert.throws(() => {
        (list[0] as { n: number }).n = 9;
      }, TypeError);
      const mine = { deep: [1] };
      session.set("mine", mine);
      mine.deep.push(2);
      assert.deepEqual(session.get("mine"), { deep: [1] });
      session.update("list", (value) => [...(value as unknown as { n: number }[]), { n: 2 }]);
      assert.deepEqual(session.get("list"), [{ n: 1 }, { n: 2 }]);
    });
    assert.deepEqual(await bench.dataOf(token), { list: [{ n: 1 }, { n: 2 }], mine: { deep: [1] } });
  });

  test("G6: of one request shares nothing with that of another, on one store", async () => {
    const store = memoryStore();
    const bench = new Bench({ store });
    const token = await bench.signIn("ann", { list: [1] });
    const [first, second] = [await bench.open(token), await bench.open(token)];
    first.session.update("list", (list) => {
      (list as number[]).push(2);
      return list as number[];
    });
    assert.deepEqual([first.session.get("list"), second.session.get("list")], [[1, 2], [1]]);
  });

  test("requires a sign-in that is fresh enough, exactly", async () => {
    const bench = new Bench();
    const token = await bench.signIn();
    bench.clock.now += 5 * MINUTE;
    await bench.send(token, (session) => {
      session.requireFresh(5 * MINUTE + 1);
      for (const tooLong of [5 * MINUTE, 1, 0, Number.NaN, -1]) {
        assert.throws(() => session.requireFresh(tooLong), { code: "ERR_SESSION_STALE", statusCode: 403 });
      }
    });
  });

  test("D10: that is touched, rotated and written to becomes no fresher; a new sign-in does", async () => {
    const bench = new Bench();
    const token = await bench.signIn();
    bench.clock.now += 10 * MINUTE;
    const { issued } = await bench.send(token, (session) => {
      session.set("authenticatedAt", bench.clock.now);
      session.rotate();
    });
    await bench.send(issued as string, (session) => {
      assert.throws(() => session.requireFresh(5 * MINUTE), { code: "ERR_SESSION_STALE" });
    });
    const before = await bench.recordOf(token);
    const { issued: again } = await bench.send(issued as string, (session) => session.signIn("ann"));
    await bench.send(again as string, (session) => session.requireFresh(1));
    const after = await bench.recordOf(again as string);
    assert.equal(after?.absoluteExpiresAt, (before?.absoluteExpiresAt ?? 0) + 10 * MINUTE, "both timers start anew");
  });

  test("D10: that began with a proof of earlier is as fresh as that, and never fresh when its time is unknown", async () => {
    const bench = new Bench();
    for (const [earlier, least] of [
      [10 * MINUTE, 11 * MINUTE],
      [-MINUTE, 1], // by another machine's clock
    ] as const) {
      const authenticatedAt = bench.clock.now - earlier;
      const { issued } = await bench.send(null, (session) => session.signIn("ann", { authenticatedAt }));
      await bench.send(issued as string, (session) => {
        session.requireFresh(least);
        if (earlier > 0) assert.throws(() => session.requireFresh(earlier), { code: "ERR_SESSION_STALE" });
      });
    }
    const { issued } = await bench.send(null, (session) => session.signIn("ann", { authenticatedAt: 0 }));
    await bench.send(issued as string, (session) => {
      assert.equal(session.isSignedIn(), true);
      assert.throws(() => session.requireFresh(365 * 24 * HOUR), { code: "ERR_SESSION_STALE" });
    });
  });

  test("D10: that began while the clock was ahead is not fresh, but for a minute that clocks may differ by", async () => {
    for (const [ahead, isFresh] of [
      [24 * HOUR, false],
      [MINUTE + 1, false],
      [MINUTE, true],
      [1, true],
    ] as const) {
      const bench = new Bench();
      bench.clock.now += ahead;
      const token = await bench.signIn();
      bench.clock.now -= ahead;
      await bench.send(token, (session) => {
        assert.equal(session.userId, "ann");
        const require = () => session.requireFresh(HOUR);
        if (isFresh) require();
        else assert.throws(require, { code: "ERR_SESSION_STALE" });
      });
    }
  });

  test("D10: of an anonymous request is never fresh", async () => {
    const bench = new Bench();
    const { issued } = await bench.send(null, (session) => session.set("k", 1));
    for (const token of [null, issued as string]) {
      await bench.send(token, (session) => {
        assert.throws(() => session.requireFresh(HOUR), {
          code: "ERR_SESSION_REQUIRED",
          statusCode: 401,
          message: "Not authenticated",
        });
      });
    }
  });
});

describe("a property of a session", () => {
  /** Code of a module that is not strict: there a write that fails is silent, unless something throws. */
  const sloppy = (code: string) => new Function("session", code) as (session: Session<Bag>) => unknown;
  const LOST = { code: "ERR_SESSION_STATE", message: /`session\.set\(key, value\)`.*`session\.signOut\(\)`/ };
  const writes: Readonly<Record<string, (session: Session<Bag>) => unknown>> = {
    "a new name": (session) => Object.assign(session, { cart: ["a"] }),
    "a new name, from sloppy code": sloppy("session.cart = ['a']"),
    "a field of its own": (session) => Object.assign(session, { userId: "root" }),
    "a field of its own, from sloppy code": sloppy("session.userId = 'root'"),
    "a symbol": (session) => Object.assign(session, { [Symbol("mine")]: 1 }),
    "a symbol, from sloppy code": sloppy("session[Symbol.iterator] = 1"),
    "what promises have": sloppy("session.then = () => {}"),
    "what objects inherit": sloppy("session.hasOwnProperty = 1"),
    "by increment": sloppy("session.visits = (session.visits || 0) + 1"),
    "by Reflect.set": (session) => Reflect.set(session, "cart", 1),
    "of an object that inherits from it": sloppy("Object.create(session).cart = 1"),
  };
  for (const [what, write] of Object.entries(writes)) {
    test(`cannot be written: ${what}`, async () => {
      const bench = new Bench();
      const { session } = await bench.send(await bench.signIn(), (open) => void assert.throws(() => write(open), LOST));
      assert.deepEqual([session.userId, Object.keys(session)], ["ann", []]);
    });
  }

  test("may be a spy in place of a method", async () => {
    const bench = new Bench();
    await bench.send(await bench.signIn(), async (session) => {
      const spy = mock.method(session, "signOut", async () => {});
      await session.signOut();
      assert.equal(spy.mock.callCount(), 1);
      spy.mock.restore();
      session.requireFresh = () => {};
      session.requireFresh(0);
      assert.equal(session.userId, "ann");
    });
  });

  test("is looked up as on any other object", async () => {
    const bench = new Bench();
    await bench.send(null, async (session) => {
      const loose = session as unknown as Record<string, unknown>;
      assert.equal(await Promise.resolve(session), session);
      assert.deepEqual([loose["cart"], "cart" in session, Object.hasOwn(session, "userId")], [undefined, false, false]);
      assert.ok(session instanceof Object && session instanceof Session);
      assert.equal(`${session}`, "[object Session]");
    });
  });
});

describe("a session in a log", () => {
  test("shows its sid, its user and its keys, and neither token nor data", async () => {
    const bench = new Bench();
    const token = await bench.signIn("ann", { cart: ["secret"], name: "Ann" });
    await bench.send(token, async (session) => {
      const shown = { sid: sidOf(token), userId: "ann", keys: ["cart", "name"] };
      assert.deepEqual(JSON.parse(JSON.stringify({ session })), { session: shown });
      for (const text of [
        inspect(session),
        inspect({ request: { session } }),
        format("%s %o %j", session, session, session),
      ]) {
        assert.match(text, /Session \{[^}]*userId: 'ann'[^}]*'cart'/);
        assert.ok(text.includes(sidOf(token)));
        assert.doesNotMatch(text, /secret|Ann/);
        assert.ok(!text.includes(token.slice(26)));
      }
    });
    await bench.send(null, (session) => {
      assert.equal(JSON.stringify(session), '{"sid":null,"userId":null,"keys":[]}');
    });
  });

  test("whose data cannot be read still shows whose it is", async () => {
    const bench = new Bench();
    const token = await bench.signIn("ann");
    const record = await bench.recordOf(token);
    await bench.manager.revoke(sidOf(token));
    await bench.spied.inner.create({ ...(record as SessionRecord), data: "no JSON" });
    await bench.send(token, (session) => {
      assert.match(inspect(session), /userId: 'ann'/);
      assert.equal(JSON.stringify(session), `{"sid":"${sidOf(token)}","userId":"ann","keys":null}`);
    });
  });
});

describe("activity", () => {
  test("E5: is written down at most once per touchInterval", async () => {
    const bench = new Bench({ touchInterval: MINUTE, touch: "before" });
    const token = await bench.signIn();
    bench.spied.take();
    for (let request = 0; request < 180; request++) {
      bench.clock.now += 1000;
      await bench.send(token, ({ userId }) => userId);
    }
    assert.deepEqual(bench.spied.take(), { load: 180, commit: 3 });
  });

  test("E5: of parallel requests is no conflict", async () => {
    const bench = new Bench();
    const token = await bench.signIn();
    bench.clock.now += 2 * MINUTE;
    await Promise.all(Array.from({ length: 20 }, () => bench.send(token, ({ userId }) => userId)));
    await bench.manager.flush();
    assert.equal((await bench.recordOf(token))?.lastSeenAt, bench.clock.now);
  });

  test("E5: every idleTimeout − touchInterval keeps a session alive; the effective idle timeout is never longer than promised", async () => {
    const [idleTimeout, touchInterval] = [30 * MINUTE, 3 * MINUTE];
    for (const unwritten of [0, 1, touchInterval - 1]) {
      const bench = new Bench({ idleTimeout, touchInterval, absoluteTimeout: 1000 * HOUR });
      const token = await bench.signIn();
      for (let request = 0; request < 50; request++) {
        bench.clock.now += idleTimeout - touchInterval;
        assert.equal((await bench.send(token, ({ userId }) => userId)).result, "ann");
      }
      bench.clock.now += unwritten; // activity that the throttle may leave unwritten
      assert.equal((await bench.send(token, ({ userId }) => userId)).result, "ann");
      const last = bench.clock.now;
      bench.clock.now = last + idleTimeout - unwritten - 1;
      assert.equal(await bench.userOf(token), "ann");
      bench.clock.now = last + idleTimeout;
      assert.equal(await bench.userOf(token), null);
    }
  });

  test("E4: a touch is due exactly at touchInterval", async () => {
    for (const [since, commits] of [
      [MINUTE - 1, undefined],
      [MINUTE, 1],
      [MINUTE + 1, 1],
    ] as const) {
      const bench = new Bench({ touchInterval: MINUTE });
      const token = await bench.signIn();
      bench.spied.take();
      bench.clock.now += since;
      await bench.send(token, ({ userId }) => userId);
      await bench.manager.flush();
      assert.equal(bench.spied.take().commit, commits);
    }
  });

  test("is none in a request marked so, not even when it writes", async () => {
    const bench = new Bench({ idleTimeout: HOUR });
    const token = await bench.signIn();
    const before = await bench.recordOf(token);
    bench.clock.now += 30 * MINUTE;
    await bench.send(token, (session) => session.notActivity());
    assert.deepEqual(await bench.recordOf(token), before);
    await bench.send(token, (session) => {
      session.set("k", 1);
      session.notActivity();
    });
    const after = await bench.recordOf(token);
    assert.deepEqual(
      [after?.lastSeenAt, after?.expiresAt, after?.data],
      [before?.lastSeenAt, before?.expiresAt, '{"k":1}'],
    );
    bench.clock.now += 30 * MINUTE;
    assert.equal(await bench.userOf(token), null);
  });

  test("moves with a write even when no touch is due, because the write costs the same", async () => {
    const bench = new Bench();
    const token = await bench.signIn();
    bench.clock.now += 1000;
    await bench.send(token, (session) => session.set("k", 1));
    assert.equal((await bench.recordOf(token))?.lastSeenAt, bench.clock.now);
  });
});
