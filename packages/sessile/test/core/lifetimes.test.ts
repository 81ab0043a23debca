// Lifetimes that one sign-in asks for, beside those of its manager.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { cookieTransport, memoryStore, SessionManager, type SessionManagerOptions } from "sessile";
import { Bench, ResponseRecorder, requestWith, sidOf } from "../support/requests.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const longest = { absolute: 30 * DAY, idle: 30 * DAY };

async function signIn(
  bench: Bench,
  options: { absoluteTimeout?: number; idleTimeout?: number; persistent?: boolean; userId?: string },
): Promise<string> {
  const { userId = "ann", ...lifetimes } = options;
  const { result } = await bench.send(null, (session) => session.signIn(userId, lifetimes));
  return result;
}

describe("a sign-in that asks for lifetimes of its own", () => {
  test("E1: is remembered for 30 days, beside one with the manager's", async () => {
    const bench = new Bench({ longest });
    const remembered = await signIn(bench, { absoluteTimeout: 30 * DAY, idleTimeout: 30 * DAY });
    const usual = await signIn(bench, {});
    bench.clock.now += HOUR;
    assert.deepEqual([await bench.userOf(usual), await bench.userOf(remembered)], [null, "ann"]);
    bench.clock.now += 29 * DAY;
    await bench.send(remembered, (session) => session.set("k", 1));
    bench.clock.now += DAY - HOUR - 1;
    assert.equal(await bench.userOf(remembered), "ann");
    bench.clock.now += 1;
    assert.equal(await bench.userOf(remembered), null);
  });

  test("E2: of 15 minutes ends after these, however the manager is configured, and lives while it is used", async () => {
    const bench = new Bench();
    const token = await signIn(bench, { idleTimeout: 15 * MINUTE, absoluteTimeout: HOUR });
    for (let minutes = 10; minutes < 60; minutes += 10) {
      bench.clock.now += 10 * MINUTE;
      assert.equal((await bench.send(token, ({ userId }) => userId)).result, "ann");
    }
    bench.clock.now += 10 * MINUTE;
    assert.equal(await bench.userOf(token), null, "its absolute timeout");
    const idle = await signIn(bench, { idleTimeout: 15 * MINUTE });
    bench.clock.now += 15 * MINUTE;
    assert.equal(await bench.userOf(idle), null, "its idle timeout");
  });

  test("E5: with a short idle timeout is touched often enough to be kept", async () => {
    const bench = new Bench();
    const token = await signIn(bench, { idleTimeout: 20_000 });
    for (let used = 0; used < 20; used++) {
      bench.clock.now += 18_000;
      assert.equal((await bench.send(token, ({ userId }) => userId)).result, "ann");
    }
    bench.clock.now += 20_000;
    assert.equal(await bench.userOf(token), null);
  });

  test("keeps them through writes, rotations and the user's limit", async () => {
    const bench = new Bench({ longest, rotateAfter: 2 * HOUR, userLimit: { max: 2, onExceeded: "evictOldest" } });
    let token = await signIn(bench, { absoluteTimeout: 20 * DAY, idleTimeout: 10 * DAY, persistent: false });
    const lifetimes = async () => {
      const details = await bench.manager.find(sidOf(token));
      assert.ok(details);
      return [details.absoluteExpiresAt - details.createdAt, details.idleTimeout, details.persistent];
    };
    const asked = [20 * DAY, 10 * DAY, false];
    assert.deepEqual(await lifetimes(), asked);
    await bench.send(token, (session) => session.set("k", 1));
    for (let rotations = 0; rotations < 3; rotations++) {
      bench.clock.now += 3 * HOUR;
      token = (await bench.send(token, () => {})).issued ?? token;
      bench.clock.now += 2 * MINUTE;
      await bench.send(token, () => {});
    }
    token = (await bench.send(token, (session) => session.rotate())).issued as string;
    await signIn(bench, {});
    assert.deepEqual(await lifetimes(), asked);
    assert.equal((await bench.manager.list("ann")).sessions.length, 2);
    bench.clock.now += 9 * DAY;
    assert.equal(await bench.userOf(token), "ann");
    assert.equal((await bench.manager.list("ann")).sessions.length, 1, "the other one is over");
  });

  test("is fresh only as long as `requireFresh` says", async () => {
    const bench = new Bench({ longest });
    const token = await signIn(bench, { absoluteTimeout: 30 * DAY, idleTimeout: 30 * DAY });
    bench.clock.now += HOUR;
    await assert.rejects(
      bench.send(token, (session) => session.requireFresh(HOUR)),
      { code: "ERR_SESSION_STALE" },
    );
  });

  test("E2: ends after the longest timeouts of a process that is configured shorter", async () => {
    const store = memoryStore();
    const long = new Bench({ store, longest });
    const token = await signIn(long, { absoluteTimeout: 30 * DAY, idleTimeout: 20 * DAY });
    const short = new Bench({ store, longest: { absolute: 2 * DAY, idle: 2 * HOUR } });
    short.clock.now += 2 * HOUR - 1;
    assert.equal(await short.userOf(token), "ann");
    short.clock.now += 1;
    assert.equal((await short.manager.find(sidOf(token))) === null, true, "2 hours idle");
    long.clock.now += 2 * DAY - HOUR;
    await long.send(token, () => {});
    await long.manager.flush();
    const other = new Bench({ store, longest: { absolute: 2 * DAY, idle: 2 * HOUR } });
    other.clock.now += 2 * DAY - 1;
    assert.equal(await other.userOf(token), "ann");
    other.clock.now += 1;
    assert.equal(await other.userOf(token), null, "2 days in all");
  });

  test("O3: is refused, with the limit in words, where the manager allows less, or the value can be none", async () => {
    const bench = new Bench();
    const wrong = [
      { absoluteTimeout: DAY + 1 },
      { idleTimeout: HOUR + 1 },
      ...[0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "1h", null].flatMap((value) => [
        { absoluteTimeout: value as number },
        { idleTimeout: value as number },
      ]),
      ...["false", 0, null].map((value) => ({ persistent: value as unknown as boolean })),
    ];
    for (const options of wrong) {
      const [name] = Object.keys(options);
      const expected = { code: "ERR_SESSION_VALUE", message: new RegExp(`^\`${name}\` must be `) };
      await assert.rejects(signIn(bench, options), expected);
    }
    await assert.rejects(signIn(bench, { absoluteTimeout: DAY + 1 }), { message: /`longest\.absolute`/ });
    assert.equal((await bench.manager.stats()).sessions, 0);
  });
});

describe("`longest`", () => {
  test("O3: is no shorter than the manager's own timeouts, and has two members", () => {
    const make = (options: Partial<SessionManagerOptions>) => () =>
      new SessionManager({ store: memoryStore(), transports: [cookieTransport()], sweepInterval: 0, ...options });
    for (const longest of [
      { absolute: DAY - 1 },
      { idle: HOUR - 1 },
      { idle: 0 },
      { idel: DAY } as object,
      5 as never,
      { absolute: "30d" } as never,
    ])
      assert.throws(make({ longest }), { code: "ERR_SESSION_OPTION", message: /`longest(\.\w+)?`/ });
    make({ longest: {} })();
    make({ longest: { absolute: 30 * DAY } })();
  });
});

describe("a session that ends with the browser", () => {
  const cookieOf = async (manager: SessionManager, cookie: string | undefined, run: (s: never) => unknown) => {
    const { session, commit } = await manager.open(requestWith({ cookie }));
    await run(session as never);
    const response = new ResponseRecorder();
    await commit(200, response);
    return response.get("set-cookie") ?? "";
  };
  type Signs = { signIn(id: string, options?: object): Promise<string>; rotate(): void };

  test("has a cookie without Max-Age, also after a rotation", async () => {
    const now = Date.now();
    const options = { store: memoryStore(), transports: [cookieTransport()], sweepInterval: 0, clock: () => now };
    const manager = new SessionManager(options);
    const first = await cookieOf(manager, undefined, (s: Signs) => s.signIn("ann", { persistent: false }));
    assert.match(first, /^__Host-session=ses_\w{72}; Path=\/; Secure/);
    const second = await cookieOf(manager, first.split(";")[0], (s: Signs) => s.rotate());
    assert.match(second, /^__Host-session=ses_\w{72}; Path=\/; Secure/);
    const kept = await cookieOf(manager, undefined, (s: Signs) => s.signIn("ann"));
    assert.match(kept, /; Max-Age=86400;/);
  });

  test("is what every sign-in gets from `cookieTransport({ persistent: false })`", async () => {
    const transports = [cookieTransport({ persistent: false })];
    const manager = new SessionManager({ store: memoryStore(), transports, sweepInterval: 0 });
    for (const options of [{}, { persistent: true }])
      assert.doesNotMatch(await cookieOf(manager, undefined, (s: Signs) => s.signIn("ann", options)), /Max-Age/);
    assert.throws(() => cookieTransport({ persistent: "false" as never }), { code: "ERR_SESSION_OPTION" });
  });
});
