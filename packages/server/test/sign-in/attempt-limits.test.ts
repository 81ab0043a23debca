// K4: how often a password may be tried, by whom, and for how long not.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { testClock } from "sessile/testing";
import { byDepth } from "sessile-test-support/depth";
import { type Attempt, AttemptLimits } from "#dist/identity/sign-in/attempt-limits.js";
import { DELAY_RULES } from "#dist/identity/sign-in/delay.js";
import { openUserFile } from "#dist/identity/users/user-file.js";
import { UserStore } from "#dist/identity/users/user-store.js";
import { freshUserFile, login, PASSWORD, startSignIn } from "./sign-in-app.ts";

const FLOOD = byDepth(3_000, 20_000, 20_000);
const GUESSES = byDepth(200, 1_000, 1_900);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function open(path = freshUserFile(), clock = testClock()) {
  const file = openUserFile(path, { synchronous: "NORMAL" });
  const users = new UserStore(file, clock.now);
  users.add("alice", "no hash");
  const userId = users.find("alice")?.id as number;
  const limits = new AttemptLimits(file, { clock: clock.now });
  return { path, file, clock, userId, limits };
}

function address(index: number): string {
  return `198.${18 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
}

function guess(index: number, name = "alice", userId: number | null = null): Attempt {
  return { name, userId, address: address(index) };
}

test(`K4: of ${GUESSES} guesses on one account from as many addresses only the free ones are evaluated`, async (t) => {
  for (const name of ["alice", "nobody"]) {
    const app = await startSignIn(t);
    const statuses = new Map<number, number>();
    for (let i = 0; i < GUESSES; i++) {
      const { status, headers } = await login(app.url, name, `wrong password ${i}`, address(i));
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status === 429) assert.equal(headers.get("retry-after"), "1");
    }
    assert.deepEqual(
      [...statuses],
      [
        [401, DELAY_RULES.stranger.free],
        [429, GUESSES - DELAY_RULES.stranger.free],
      ],
      name,
    );
    assert.equal(app.hashed.length, DELAY_RULES.stranger.free);
    app.clock.advance(1000);
    assert.equal(
      (await login(app.url, "alice", PASSWORD, address(2000))).status,
      200,
      "the user after the short delay",
    );
  }
});

test("K4: 100 tries at the same moment cannot slip through together", async (t) => {
  const app = await startSignIn(t);
  const tries = Array.from({ length: 100 }, (_, i) => login(app.url, "alice", "wrong password!!", address(i)));
  const statuses = (await Promise.all(tries)).map(({ status }) => status);
  assert.equal(app.hashed.length, DELAY_RULES.stranger.free);
  assert.equal(statuses.filter((status) => status === 401).length, DELAY_RULES.stranger.free);
});

test("K4: the delay doubles with every failure up to 15 minutes, and refused tries do not lengthen it", () => {
  const { limits, clock } = open();
  const waits: number[] = [];
  for (let i = 0; i < 20; i++) {
    const wait = limits.take(guess(i));
    if (wait === 0) continue;
    waits.push(wait / 1000);
    clock.advance(wait - 1);
    assert.equal(limits.take(guess(1000 + i)), 1, "still one millisecond");
    clock.advance(1);
    assert.equal(limits.take(guess(2000 + i)), 0);
  }
  assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900, 900].slice(0, waits.length));
  assert.ok(waits.length > 10);
});

test("K4: an attacker who guesses on and on, from everywhere, gets 100 tries and then a day of rest, again and again", () => {
  const { limits, clock, userId } = open();
  limits.succeed(guess(1, "alice", userId));
  const evaluated: number[] = [];
  for (let index = 2; evaluated.length < 250; index++) {
    const waits = [1, index].map((from) => limits.take(guess(from, "alice", userId)));
    evaluated.push(...waits.filter((wait) => wait === 0).map(() => clock.now()));
    clock.advance(Math.min(...waits));
  }
  const pauses = evaluated.slice(1).map((at, index) => at - (evaluated[index] as number));
  const rests = pauses.flatMap((pause, index) => (pause >= DAY ? [index + 1] : []));
  assert.deepEqual(rests, [100, 200]);
  assert.equal(Math.max(...pauses), DAY, "and never more than a day, so nobody is locked out for good");
});

test("K4: success resets the account's failures, but not those of the network", () => {
  const { limits, userId } = open();
  for (let i = 0; i < 5; i++) assert.equal(limits.take(guess(1, "alice", userId)), 0);
  assert.ok(limits.take(guess(2, "alice", userId)) > 0);
  limits.succeed(guess(3, "alice", userId));
  for (let i = 0; i < 5; i++) assert.equal(limits.take(guess(10 + i, "alice", userId)), 0);
  let tried = 5;
  while (limits.take(guess(1, `other${tried}`)) === 0) tried++;
  assert.equal(tried, DELAY_RULES.network.free, "the five failures of the network still count");
});

test("K4: a user signs in from a network used before while strangers keep the account blocked", async (t) => {
  const app = await startSignIn(t);
  assert.equal((await login(app.url, "alice", PASSWORD, "203.0.113.9")).status, 200);
  for (let i = 0; i < 50; i++) await login(app.url, "alice", "wrong password!!", address(i));
  assert.equal((await login(app.url, "alice", PASSWORD, address(60))).status, 429, "from elsewhere not now");
  assert.equal((await login(app.url, "alice", PASSWORD, "203.0.113.9")).status, 200);
});

test("K4: a try that succeeds does not count against its network", () => {
  const { limits, userId } = open();
  for (let i = 0; i < 200; i++) {
    assert.equal(limits.take(guess(1, "alice", userId)), 0, String(i));
    limits.succeed(guess(1, "alice", userId));
  }
});

test("K4: one password tried on many accounts from one /64 meets the limit of the network", async (t) => {
  const app = await startSignIn(t);
  const statuses = [];
  for (let i = 0; i < 30; i++) {
    statuses.push((await login(app.url, `user${i}`, PASSWORD, `2001:db8:1:2:${i.toString(16)}::1`)).status);
  }
  assert.equal(statuses.indexOf(429), DELAY_RULES.network.free);
  assert.equal(
    (await login(app.url, "alice", PASSWORD, "2001:db8:1:3::1")).status,
    200,
    "the next /64 is another client",
  );
});

test("K4: the holder of an IPv6 /56 or /48 tries little more than one who holds a /64", () => {
  for (const { rule, step } of [
    { rule: DELAY_RULES.delegated, step: 1 },
    { rule: DELAY_RULES.site, step: 256 },
  ]) {
    const { limits, clock } = open();
    let evaluated = 0;
    const tryAll = (round: number): void => {
      for (let i = 0; i < 120; i++) {
        const address = `2001:db8:1:${(i * step).toString(16)}::1`;
        const attempt = { name: `user${round}-${i}`, userId: null, address };
        if (limits.take(attempt) === 0) evaluated++;
      }
    };
    tryAll(0);
    assert.equal(evaluated, rule.free, "at one moment");
    for (let seconds = 1; seconds <= 20; seconds++) {
      clock.advance(1000);
      tryAll(seconds);
    }
    assert.ok(evaluated <= rule.free + 1 + 20_000 / 1000, `${evaluated} in 20 seconds`);
    assert.equal(limits.take({ name: "bob", userId: null, address: "2001:db8:2::1" }), 0, "another /48");
  }
});

test("K4: clients behind a NAT64 gateway are told apart by their IPv4 addresses", () => {
  const { limits } = open();
  const from = (name: string, address: string): number => limits.take({ name, userId: null, address });
  let tried = 0;
  while (from(`user${tried}`, "64:ff9b::cb00:7107") === 0) tried++;
  assert.equal(tried, DELAY_RULES.network.free);
  assert.ok(from("bob", "203.0.113.7") > 0, "the same client, however it comes");
  assert.equal(from("carol", "64:ff9b::cb00:7108"), 0);
});

test("K5: a forwarded address of an untrusted peer does not make a new client", async (t) => {
  const app = await startSignIn(t);
  const statuses = [];
  for (let i = 0; i < 30; i++) {
    const forwarded = `${address(i)}, 203.0.113.77`;
    statuses.push((await login(app.url, `user${i}`, PASSWORD, forwarded)).status);
  }
  assert.equal(statuses.indexOf(429), DELAY_RULES.network.free);
});

test("K4: the failures survive a restart, and two processes count together", () => {
  const first = open();
  const second = { ...first, limits: new AttemptLimits(first.file, { clock: first.clock.now }) };
  for (let i = 0; i < 5; i++) assert.equal((i % 2 === 0 ? first : second).limits.take(guess(i)), 0);
  first.file.close();
  const again = open(first.path, first.clock);
  assert.equal(again.limits.take(guess(9)), 1000);
  assert.equal(again.limits.take(guess(9, "bob")), 0, "another account is free");
});

test(`K6: ${FLOOD} names and addresses leave a bounded table, and cannot push an account's failures out`, () => {
  const { limits, file, clock } = open();
  for (let i = 0; i < 5; i++) limits.take(guess(i));
  for (let i = 0; i < FLOOD; i++) limits.take(guess(100 + i, `flood${i}`));
  const { rows, largest } = file
    .prepare("SELECT count(*) AS rows, max(bucket) AS largest FROM sessile_attempts")
    .get() as {
    rows: number;
    largest: number;
  };
  assert.ok(
    rows <= 3 * FLOOD + 10 && largest < 6 * 2 ** 20,
    "a bucket is a number below 6 · 2^20, so there cannot be more rows",
  );
  assert.ok(limits.take(guess(99)) > 0, "the account is still delayed");
  clock.advance(25 * HOUR);
  new AttemptLimits(file, { clock: clock.now });
  const left = file.prepare("SELECT count(*) AS rows FROM sessile_attempts").get() as { rows: number };
  assert.equal(left.rows, 0, "what is forgotten is removed at the next start");
});

test("K4: a clock that is set back by years blocks no user for years", () => {
  const { limits, clock } = open();
  for (let i = 0; i < 8; i++) limits.take(guess(i));
  clock.advance(-5 * 365 * DAY);
  assert.equal(limits.take(guess(100)), 0);
});

test("K4: a network is known by its whole digest, so that no other one is known with it", () => {
  const { limits, file, userId } = open();
  limits.succeed(guess(1, "alice", userId));
  const known = file.prepare("SELECT network FROM sessile_networks").all() as { network: string }[];
  assert.deepEqual(
    known.map(({ network }) => /^[\da-f]{64}$/.test(network)),
    [true],
  );
});

test("N4: neither names that were typed nor addresses are kept", () => {
  const { limits, path, file, userId } = open();
  limits.take({ name: "my-secret-password", userId: null, address: "203.0.113.9" });
  limits.take({ name: "alice", userId, address: "203.0.113.9" });
  limits.succeed({ name: "alice", userId, address: "203.0.113.9" });
  file.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  const bytes = readFileSync(path);
  assert.ok(bytes.includes("alice"), "the search must be able to find");
  for (const text of ["my-secret-password", "203.0.113.9"]) assert.equal(bytes.includes(text), false, text);
});
