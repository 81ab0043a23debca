// Former sessions in requests that fail, overlap or are refused. A real application of express-session is tested beside
// `sessile import`.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { cookieTransport, SessionError, type SessionErrorCode, type SessionManagerOptions } from "sessile";
import { formerSessions, importFormerSession } from "sessile/former-sessions";
import type { SessionRecord } from "sessile/store";
import { all, Bench, Gate, ResponseRecorder, requestWith, sidOf } from "./support/requests.ts";

const SECRET = "the secret of the former application";
const ID = "an-id-of-the-former-application";
const HOUR = 3_600_000;
const signature = createHmac("sha256", SECRET).update(ID).digest("base64").replace(/=+$/, "");
const COOKIES = `connect.sid=${encodeURIComponent(`s:${ID}.${signature}`)}`;

/** A manager whose store holds one former session, of user 42. */
async function withFormer(options: Partial<SessionManagerOptions> = {}, data = '{"cart":["a-12"],"other":1}') {
  const bench = new Bench(options);
  const { now, read: clock } = bench.clock;
  const { inner } = bench.spied;
  const create = (record: SessionRecord) => inner.create({ ...record, data });
  await importFormerSession({ create }, { id: ID, userId: "42", data: {}, expiresAt: now + HOUR }, clock);
  const { sid } = (await inner.list("42")).records[0] as SessionRecord;
  const former = formerSessions({ store: bench.spied.store, secret: SECRET, clock });
  const exchange = (status = 200) =>
    bench.send(null, (session) => former.signIn(session, COOKIES, ({ cart = [] }) => ({ cart })), { status });
  const isThere = async () => (await inner.load(sid)) !== null;
  return { bench, former, exchange, isThere };
}

test("a former session is exchanged once, with the data that the application selects", async () => {
  const { bench, exchange, isThere } = await withFormer();
  const { result, issued } = await exchange();
  assert.equal(result, true);
  assert.deepEqual(await bench.dataOf(issued as string), { cart: ["a-12"] });
  assert.equal(await isThere(), false);
  assert.equal((await exchange()).result, false);
});

test("a cookie that ended with the browser is exchanged for one that does", async () => {
  for (const persistent of [false, true]) {
    const bench = new Bench();
    const { now, read: clock } = bench.clock;
    const { store } = bench.spied;
    await importFormerSession(store, { id: ID, userId: "42", data: {}, expiresAt: now + HOUR, persistent }, clock);
    const former = formerSessions({ store, secret: SECRET, clock });
    const { issued } = await bench.send(null, (session) => former.signIn(session, COOKIES));
    assert.equal((await bench.manager.find(sidOf(issued as string)))?.persistent, persistent);
  }
});

test("a request that is answered with 500 keeps the exchange, and hands out its token", async () => {
  const { bench, exchange } = await withFormer();
  const { issued } = await exchange(500);
  assert.equal(await bench.userOf(issued as string), "42");
});

test("a cross-site request, or a sign-in that the store does not take, costs nothing", async () => {
  const { bench, former, exchange, isThere } = await withFormer({ transports: [cookieTransport()] });
  const opened = await bench.manager.open(requestWith({ "sec-fetch-site": "cross-site" }));
  await assert.rejects(former.signIn(opened.session, COOKIES), { code: "ERR_SESSION_CROSS_SITE" });
  await opened.commit(403, new ResponseRecorder());
  assert.ok(await isThere());
  bench.spied.before = (method) => {
    if (method === "create") throw new SessionError("ERR_SESSION_STORE", "down");
  };
  await assert.rejects(exchange(), { code: "ERR_SESSION_STORE" });
  assert.ok(await isThere());
});

test("of ten requests at once one is signed in, and the others leave no session behind", async () => {
  const { bench, exchange } = await withFormer();
  const sent = await all(10, () => exchange());
  assert.equal(sent.filter(({ result, issued }) => result && issued !== undefined).length, 1);
  assert.equal((await bench.manager.list("42")).sessions.length, 1);
});

test("F3: a slow request with the old cookie brings nothing back after the sign-out", async () => {
  const { bench, exchange } = await withFormer();
  const gate = new Gate();
  let isSlow = true;
  bench.spied.before = (method) => {
    if (method !== "create" || !isSlow) return undefined;
    isSlow = false;
    return gate.pass();
  };
  const slow = exchange();
  await gate.reached;
  const { issued } = await exchange();
  await bench.send(issued as string, (session) => session.signOut());
  gate.open();
  const { result, issued: late } = await slow;
  assert.deepEqual([result, late], [false, undefined]);
  assert.equal((await bench.manager.list("42")).sessions.length, 0);
});

test("D8: a limit of one session lets the new one take the former one's place", async () => {
  const { bench, exchange } = await withFormer({ userLimit: { max: 1, onExceeded: "evictOldest" } });
  const { result, issued } = await exchange();
  assert.equal(result, true);
  assert.equal(await bench.userOf(issued as string), "42");
});

test("a former session that has ended by the manager's clock is none", async () => {
  const { bench, exchange } = await withFormer();
  bench.clock.now += HOUR;
  assert.equal((await exchange()).result, false);
});

test("G2: a former session that cannot be read is none", async () => {
  assert.equal((await (await withFormer({}, "[]")).exchange()).result, false);
  const { bench, exchange } = await withFormer();
  bench.spied.before = failLoads("ERR_SESSION_RECORD");
  assert.equal((await exchange()).result, false);
});

test("P1: a store that does not answer does not make the user a stranger", async () => {
  const { bench, exchange } = await withFormer();
  bench.spied.before = failLoads("ERR_SESSION_STORE");
  await assert.rejects(exchange(), { code: "ERR_SESSION_STORE" });
});

function failLoads(code: SessionErrorCode) {
  return (method: string) => {
    if (method === "load") throw new SessionError(code, "no");
  };
}
