// E: when sessions end, on every store, whatever the clocks do.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { SessionStore } from "sessile/store";
import { countingStore, sampleRecord, testClock } from "sessile/testing";
import { byDepth } from "sessile-test-support/depth";
import { all, HandClock, SpiedStore, sidOf } from "../support/requests.ts";
import { redisClient, STORES } from "./every-store.ts";
import { DAY, HOUR, MINUTE, nodeOn, SECOND, signIn, TRANSPORTS, userOf, visit } from "./node.ts";

/** On Redis, that its own clock runs ahead makes it drop a record only so long after the deadline. */
const REDIS_MARGIN = MINUTE;
/** More than the sweeper removes at once. */
const SESSIONS = byDepth(1_100, 2_500, 25_000);
const DEAD = byDepth(5_000, 20_000, 200_000);

for (const { name, open } of STORES) {
  describe(`on ${name}`, () => {
    test(`E1: on ${name}, an idle session ends exactly at idleTimeout, over every transport`, async () => {
      for (const transport of TRANSPORTS) {
        const clock = testClock();
        const node = nodeOn(await (await open()).connect(), clock.now, { idleTimeout: HOUR, absoluteTimeout: DAY });
        const token = await signIn(node);
        clock.advance(HOUR - 1);
        assert.equal(await userOf(node, token, transport), "ann");
        clock.advance(1);
        assert.equal(await userOf(node, token, transport), null);
      }
    });

    test(`E1: on ${name}, a session in constant use ends exactly at absoluteTimeout`, async () => {
      const clock = testClock();
      const node = nodeOn(await (await open()).connect(), clock.now, { idleTimeout: HOUR, absoluteTimeout: 10 * HOUR });
      const token = await signIn(node);
      for (let minutes = 30; minutes < 600; minutes += 30) {
        clock.advance(30 * MINUTE);
        await visit(node, token);
      }
      clock.advance(30 * MINUTE - 1);
      assert.equal(await userOf(node, token), "ann");
      clock.advance(1);
      assert.equal(await userOf(node, token), null);
    });

    test(`E2: on ${name}, a restart with other limits leaves a session the shorter of the stored and the configured`, async () => {
      for (const [stored, configured, ends] of [
        [HOUR, 10 * HOUR, HOUR],
        [10 * HOUR, HOUR, HOUR],
      ] as const) {
        for (const limit of ["idleTimeout", "absoluteTimeout"] as const) {
          const place = await open();
          const clock = testClock();
          const before = nodeOn(await place.connect(), clock.now, { [limit]: stored, touchInterval: MINUTE });
          const token = await signIn(before);
          const after = nodeOn(await place.connect(), clock.now, { [limit]: configured, touchInterval: MINUTE });
          clock.advance(ends / 2);
          // In use, so that the idle timeout does not end it before.
          if (limit === "absoluteTimeout") assert.equal(await userOf(after, token), "ann", limit);
          clock.advance(ends / 2 - 1);
          assert.equal(await userOf(after, token), "ann", limit);
          clock.advance(1);
          assert.equal(await userOf(after, token), null, limit);
        }
      }
    });

    test(`E3: on ${name}, a token that was kept past its expiry or its sign-out opens nothing, over any transport`, async () => {
      const clock = testClock();
      const node = nodeOn(await (await open()).connect(), clock.now);
      const [expired, signedOut] = [await signIn(node), await signIn(node)];
      await visit(node, signedOut, (session) => session.signOut());
      clock.advance(DAY);
      for (const transport of TRANSPORTS) {
        for (const token of [expired, signedOut]) assert.equal(await userOf(node, token, transport), null);
      }
    });

    test(`E6: on ${name}, lifetimes of 1, 999, 1000 and 1001 ms and of 60 and 400 days are kept to the millisecond`, async () => {
      const place = await open();
      for (const lifetime of [1, 999, 1000, 1001, 60 * DAY, 400 * DAY]) {
        const clock = testClock();
        const limits = { idleTimeout: lifetime, absoluteTimeout: lifetime, touchInterval: 0 };
        const node = nodeOn(await place.connect(), clock.now, limits);
        const token = await signIn(node);
        if (lifetime > HOUR) {
          clock.advance(HOUR);
          assert.equal(await userOf(node, token), "ann", "an hour later");
          clock.advance(-HOUR);
        }
        clock.advance(lifetime - 1);
        assert.equal(await userOf(node, token), "ann", `${lifetime} ms`);
        clock.advance(1);
        assert.equal(await userOf(node, token), null, `${lifetime} ms`);
      }
    });

    test(`E7: on ${name}, a millisecond decides, the same way for a look, a touch, a write and a list`, async () => {
      const place = await open();
      for (const [step, isAlive] of [
        [-1, true],
        [0, false],
        [1, false],
      ] as const) {
        const clock = testClock();
        const node = nodeOn(await place.connect(), clock.now, { idleTimeout: HOUR, absoluteTimeout: DAY });
        const userId = `e7-${step}`;
        const tokens = await all(3, () => signIn(node, userId));
        clock.advance(HOUR + step);
        assert.equal((await node.list(userId)).sessions.length, isAlive ? 3 : 0);
        assert.equal(await userOf(node, tokens[0] as string), isAlive ? userId : null);
        await visit(node, tokens[1] as string);
        if (isAlive) await visit(node, tokens[2] as string, (session) => session.set("late", 1));
        else await visit(node, tokens[2] as string);
        clock.advance(-HOUR);
        for (const token of tokens) assert.equal(await userOf(node, token), isAlive ? userId : null);
      }
    });

    test(`E7: on ${name}, a commit a millisecond before the deadline is kept, at it and after it none is`, async () => {
      const store = await (await open()).connect();
      for (const [step, expected] of [
        [-1, "ok"],
        [0, "gone"],
        [1, "gone"],
      ] as const) {
        const record = sampleRecord();
        await store.create(record);
        const at = record.expiresAt + step;
        const answer = await store.commit(record.sid, { at, set: { k: 1 }, touch: { idleTimeout: HOUR } });
        assert.equal(answer.status, expected, `${step} ms`);
        if (expected === "gone") assert.equal((await store.load(record.sid))?.data ?? "{}", "{}");
      }
    });

    test(`E8: on ${name}, two processes whose clocks differ by a minute end a session at most that much early or late`, async () => {
      const place = await open();
      const [skewed, limits] = [
        [-30 * SECOND, 30 * SECOND] as const,
        { absoluteTimeout: 10 * MINUTE, idleTimeout: 5 * MINUTE },
      ];
      for (const [isIdle, lifetime] of [
        [true, limits.idleTimeout],
        [false, limits.absoluteTimeout],
      ] as const) {
        for (const begun of skewed) {
          for (const asked of skewed) {
            const time = testClock();
            const options = { ...limits, touchInterval: 10 * SECOND };
            const first = nodeOn(await place.connect(), () => time.now() + begun, options);
            const second = nodeOn(await place.connect(), () => time.now() + asked, options);
            const token = await signIn(first);
            // In use: the process that began it touches it as late as it can, so that only the absolute limit is left.
            for (let used = MINUTE; !isIdle && used < lifetime; used += MINUTE) {
              time.advance(MINUTE);
              await visit(first, token);
            }
            const ends = lifetime + begun - asked;
            const sofar = isIdle ? 0 : lifetime - MINUTE;
            time.advance(ends - sofar - 1);
            const why = `clocks ${begun} and ${asked} ms off, ${isIdle ? "idle" : "in use"}`;
            assert.equal(await userOf(second, token), "ann", why);
            time.advance(1);
            assert.equal(await userOf(second, token), null, why);
            assert.ok(Math.abs(ends - lifetime) <= 60 * SECOND);
            assert.equal(await userOf(first, token), null, `${why}: what one process ended is over for all`);
          }
        }
      }
    });

    test(`E9: on ${name}, a clock that goes back after an expiry was served revives nothing`, async () => {
      const clock = testClock();
      const node = nodeOn(await (await open()).connect(), clock.now, { idleTimeout: MINUTE, absoluteTimeout: HOUR });
      const token = await signIn(node);
      clock.advance(MINUTE);
      assert.equal(await userOf(node, token), null);
      clock.advance(-100 * SECOND);
      assert.equal(await userOf(node, token), null);
    });

    test(`E9, E10: on ${name}, a clock that jumps ahead ten years ends everything, and sweeping stays within its batches`, async () => {
      const clock = testClock();
      const spied = new SpiedStore(await (await open()).connect());
      const node = nodeOn(spied.store, clock.now);
      const tokens = await all(SESSIONS, (i) => signIn(node, `user-${i % 50}`));
      clock.advance(3650 * DAY);
      spied.calls.splice(0);
      const swept = await node.sweep();
      for (const { method, args } of spied.calls) {
        assert.equal(method, "deleteExpired");
        assert.ok((args[0] as { limit: number }).limit <= 1000);
      }
      assert.equal(swept, name === "redis" ? 0 : SESSIONS, "Redis drops records by itself");
      for (const token of tokens.slice(0, 50)) assert.equal(await userOf(node, token), null);
    });

    test(`E10: on ${name}, a session that is touched while it is swept lives or is gone, as its request was told`, async () => {
      const place = await open();
      const [toucher, sweeper] = [await place.connect(), await place.connect()];
      for (let round = 0; round < 5; round++) {
        const records = await all(100, async () => {
          const record = sampleRecord({ userId: `e10-${round}` });
          await toucher.create(record);
          return record;
        });
        const now = Math.max(...records.map(({ expiresAt }) => expiresAt));
        const touching = records.map((record) =>
          toucher.commit(record.sid, { at: record.expiresAt - 1, touch: { idleTimeout: HOUR } }, record),
        );
        const sweeping = all(5, () => sweeper.deleteExpired({ now, limit: 30 }));
        const [answers, swept] = await Promise.all([Promise.all(touching), sweeping]);
        const gone = new Set(swept.flat());
        for (const [i, { sid }] of records.entries()) {
          const isKept = answers[i]?.status === "ok";
          assert.equal((await sweeper.load(sid)) !== null, isKept || !gone.has(sid));
          if (isKept) assert.ok(!gone.has(sid), "a session that was touched in time is not swept");
        }
      }
    });
  });
}

test("E1: past its deadline a session is refused although Redis was told to keep it for ever", async () => {
  const [place, admin, clock] = [await openOf("redis"), await redisClient(), testClock()];
  const node = nodeOn(await place.connect(), clock.now);
  const token = await signIn(node);
  const [key = ""] = await admin.keys(`*s:${sidOf(token)}`);
  await admin.persist(key);
  clock.advance(HOUR);
  assert.equal(await userOf(node, token), null);
});

test("E1: an expired record that is never requested is removed all the same: by the sweeper, or by Redis itself", async () => {
  for (const name of ["memory", "sqlite"] as const) {
    const place = await openOf(name);
    const clock = testClock();
    const store = await place.connect();
    const node = nodeOn(store, clock.now);
    const token = await signIn(node);
    clock.advance(HOUR);
    await node.sweep();
    assert.equal(await store.load(sidOf(token)), null);
  }
  const [place, admin, clock] = [await openOf("redis"), await redisClient(), testClock()];
  const token = await signIn(nodeOn(await place.connect(), clock.now));
  const [key = ""] = await admin.keys(`*s:${sidOf(token)}`);
  assert.equal(await admin.pExpireTime(key), clock.now() + HOUR + REDIS_MARGIN);
});

test("E8: a Redis whose clock is an hour ahead ends sessions early, never late", async () => {
  const [place, now] = [await openOf("redis"), new HandClock()];
  now.now = Date.now() - HOUR; // so that Redis' clock is ahead of the application's
  const limits = { idleTimeout: 30 * MINUTE, absoluteTimeout: DAY };
  const node = nodeOn(await place.connect(), now.read, limits);
  const failures: unknown[] = [];
  node.on("storeFailed", ({ error }) => failures.push(error));
  const refused = { code: "ERR_SESSION_STORE", message: /Redis dropped the session.*by its clock/ };
  await assert.rejects(signIn(node), refused, "its deadline and the margin have passed for Redis");
  assert.equal(failures.length, 1);
  await assert.rejects(
    visit(node, null, (session) => session.set("cart", 1)),
    refused,
  );
  const longer = nodeOn(await place.connect(), now.read, { idleTimeout: 2 * HOUR, absoluteTimeout: DAY });
  const token = await signIn(longer);
  assert.equal(await userOf(longer, token), "ann", "an hour more than the skew is left");
  now.now += 2 * HOUR;
  assert.equal(await userOf(longer, token), null);
});

test("E8: a Redis whose clock is an hour behind ends sessions on time", async () => {
  const [place, admin, now] = [await openOf("redis"), await redisClient(), new HandClock()];
  now.now = Date.now() + HOUR;
  const node = nodeOn(await place.connect(), now.read, { idleTimeout: 30 * MINUTE, absoluteTimeout: DAY });
  const token = await signIn(node);
  now.now += 30 * MINUTE - 1;
  assert.equal(await userOf(node, token), "ann");
  now.now += 1;
  const [key = ""] = await admin.keys(`*s:${sidOf(token)}`);
  assert.ok((await admin.pTTL(key)) > HOUR, "Redis would keep it for more than an hour");
  assert.equal(await userOf(node, token), null);
});

test("E6: no timer is longer than Node can wait: a manager with lifetimes of years does not fire at once", async () => {
  const store = countingStore(await (await openOf("memory")).connect());
  const limits = { idleTimeout: 365 * DAY, absoluteTimeout: 3650 * DAY, sweepInterval: 2_147_483_647 };
  const node = nodeOn(store, testClock().now, limits);
  const token = await signIn(node);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(store.calls("deleteExpired"), 0);
  assert.equal(await userOf(node, token), "ann");
  await node.close();
});

for (const name of ["memory", "sqlite"] as const) {
  test(`E10: on ${name}, sweeping ${DEAD} expired sessions takes batches, leaves 1,000 live ones, and others work meanwhile`, async () => {
    const store: SessionStore = await (await openOf(name)).connect();
    const now = Date.now();
    const dead = { createdAt: now - DAY, expiresAt: now - 1, absoluteExpiresAt: now - 1 };
    for (let done = 0; done < DEAD; done += 5000) await all(5000, () => store.create(sampleRecord(dead)));
    const live = await all(1000, async () => {
      const record = sampleRecord({ userId: "live" });
      await store.create(record);
      return record;
    });
    let [removed, looks] = [0, 0];
    for (let batch = 1000; batch === 1000; removed += batch) {
      const sweeping = store.deleteExpired({ now, limit: 1000 });
      const looking = store.load(live[looks++ % 1000]?.sid as string);
      assert.notEqual(await looking, null);
      batch = (await sweeping).length;
    }
    assert.equal(removed, DEAD);
    assert.ok(looks >= DEAD / 1000);
    assert.equal((await store.stats()).sessions, 1000);
    for (const { sid } of live) assert.notEqual(await store.load(sid), null);
  });
}

function openOf(name: string) {
  return (STORES.find((kind) => kind.name === name) ?? (STORES[0] as (typeof STORES)[number])).open();
}
