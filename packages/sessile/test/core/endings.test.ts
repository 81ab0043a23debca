// A sign-out that the store does not confirm: the client keeps its token, and this process refuses it from then on.

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { cookieTransport } from "sessile";
import { Bench, ResponseRecorder, requestWith, sidOf } from "../support/requests.ts";

const HOUR = 3_600_000;
const NOT_ENDED = { code: "ERR_SESSION_NOT_ENDED", statusCode: 503 };
const down = (method: string): void => {
  if (method === "delete") assert.fail("down");
};

/** A user whose sign-out has failed once. */
async function unended(): Promise<{ bench: Bench; token: string }> {
  const bench = new Bench();
  const token = await bench.signIn();
  await fail(bench, token);
  return { bench, token };
}

async function fail(bench: Bench, token: string): Promise<void> {
  bench.spied.before = down;
  await assert.rejects(
    bench.send(token, (session) => session.signOut()),
    NOT_ENDED,
  );
}

/** Runs timers by hand. */
async function withTimer(run: (tick: () => Promise<void>) => Promise<void>): Promise<void> {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    await run(async () => {
      mock.timers.tick(1000);
      for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    });
  } finally {
    mock.timers.reset();
  }
}

test("F1: a sign-out that the store did not confirm keeps the cookie, and the next try is answered by its own delete", async () => {
  const bench = new Bench({ transports: [cookieTransport()] });
  const signIn = await bench.manager.open(requestWith());
  const token = await signIn.session.signIn("ann");
  await signIn.commit(200, new ResponseRecorder());
  const open = async (): ReturnType<typeof bench.open> =>
    bench.manager.open(requestWith({ cookie: `__Host-session=${token}` }));
  bench.spied.before = down;
  const { session, commit } = await open();
  const response = new ResponseRecorder();
  await assert.rejects(session.signOut(), NOT_ENDED);
  assert.equal(session.userId, "ann", "nobody may believe that the session is over");
  await commit(503, response);
  assert.equal(response.get("set-cookie"), undefined);
  for (let attempt = 0; attempt < 2; attempt++) await assert.rejects(open, NOT_ENDED);
  assert.notEqual(await bench.recordOf(token), null);
  bench.spied.before = () => {};
  const last = await open();
  assert.equal(await bench.recordOf(token), null, "the store has confirmed it before the handler runs");
  await last.session.signOut();
  await last.commit(200, response);
  assert.match(response.get("set-cookie") ?? "", /^__Host-session=; Max-Age=0/);
  assert.deepEqual(bench.takeEvents(), [
    "created",
    "signedIn",
    "storeFailed",
    "storeFailed",
    "storeFailed",
    "signedOut",
  ]);
});

test("F1: a sign-out that failed can be repeated in its request", async () => {
  const bench = new Bench();
  const token = await bench.signIn();
  await bench.send(token, async (session) => {
    bench.spied.before = down;
    await assert.rejects(session.signOut(), NOT_ENDED);
    bench.spied.before = () => {};
    await session.signOut();
    assert.equal(session.userId, null);
  });
  assert.deepEqual([await bench.recordOf(token), await bench.userOf(token)], [null, null]);
});

test("F1: this process takes a session for over at once when its sign-out failed: no list has it, its connections close", async () => {
  const bench = new Bench();
  const token = await bench.signIn("ann");
  const watching = await bench.open(token);
  let ends = 0;
  watching.session.onEnded(() => ends++);
  const slow = await bench.open(token);
  slow.session.set("late", 1);
  await fail(bench, token);
  assert.equal(ends, 1);
  assert.deepEqual((await bench.manager.list("ann")).sessions, []);
  assert.equal(await bench.manager.find(sidOf(token)), null);
  const before = await bench.recordOf(token);
  await slow.commit(200, new ResponseRecorder());
  assert.deepEqual(await bench.recordOf(token), before, "nothing extends it");
  await bench.manager.close();
});

test("F1: this process goes on deleting until the store answers, one try a second for all of them", async () => {
  await withTimer(async (tick) => {
    const { bench, token } = await unended();
    bench.spied.before = () => {};
    const second = await bench.signIn("bob");
    await fail(bench, second);
    bench.spied.take();
    await tick();
    await tick();
    assert.deepEqual(bench.spied.take(), { delete: 2 });
    bench.spied.before = () => {};
    bench.takeEvents();
    await tick();
    assert.deepEqual([await bench.recordOf(token), await bench.recordOf(second)], [null, null]);
    assert.deepEqual(bench.takeEvents(), ["signedOut", "signedOut"]);
    bench.spied.take();
    await tick();
    assert.deepEqual(bench.spied.take(), {}, "there is nothing left to do");
    assert.equal(await bench.userOf(token), null);
  });
});

test("F1: a session whose sign-out failed is given up at its last deadline, and when the manager closes", async () => {
  await withTimer(async (tick) => {
    const { bench } = await unended();
    bench.clock.now += 24 * HOUR;
    bench.spied.take();
    await tick();
    await tick();
    assert.deepEqual(bench.spied.take(), {});
  });
  await withTimer(async (tick) => {
    const { bench } = await unended();
    await bench.manager.close();
    bench.spied.take();
    await tick();
    assert.deepEqual(bench.spied.take(), {});
  });
});

test("F1: a session whose sign-out failed is over when an operator ends it", async () => {
  const { bench, token } = await unended();
  bench.spied.before = () => {};
  assert.equal(await bench.manager.revoke(sidOf(token)), true);
  assert.equal(await bench.userOf(token), null);
});

test("F1: at most 10,000 sign-outs that failed are remembered", async () => {
  const bench = new Bench();
  const tokens: string[] = [];
  for (let user = 0; user < 10_001; user++) tokens.push(await bench.signIn(`user${user}`));
  for (const token of tokens) await fail(bench, token);
  await assert.rejects(async () => bench.open(tokens[9999] as string), NOT_ENDED);
  assert.equal(
    await bench.userOf(tokens[10_000] as string),
    "user10000",
    "its client holds the token, and tries again",
  );
  await bench.manager.close();
});
