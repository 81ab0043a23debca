// A write whose caller was told that it failed is done after all, once Redis goes on: what may come of it.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createClient } from "@redis/client";
import { isSessionError } from "sessile";
import { redisStore } from "sessile/redis";
import type { SessionRecord } from "sessile/store";
import { sampleRecord } from "sessile/testing";
import { startRedis } from "sessile-test-support/redis-server";
import { startTcpProxy } from "sessile-test-support/tcp-proxy";
import { waitUntil } from "sessile-test-support/wait-until";
import { RedisKeys } from "#dist/stores/redis/keys.js";
import { patientStore } from "./connect.ts";

const HOUR = 3_600_000;
const keys = new RedisKeys("late:");

/** A store whose commands get stuck and are done on `release`, and one with a way of its own. */
async function start(t: TestContext) {
  const server = await startRedis();
  const proxy = await startTcpProxy(server.port);
  const [stuck, free] = [
    await createClient({ socket: { port: proxy.port, host: "127.0.0.1" } }).connect(),
    await createClient({ url: server.url }).connect(),
  ];
  const end = [() => stuck.destroy(), () => free.destroy(), proxy.close, server.close];
  for (const each of end) t.after(() => each());
  const elsewhere = patientStore(free, "late:");
  const late = redisStore({ client: stuck, prefix: "late:", deadline: 100 });
  await waitUntil("the layout is known", async () => (await late.load(sampleRecord().sid)) === null);
  const record = sampleRecord({ userId: "anna" });
  await elsewhere.create(record);
  return {
    server,
    late,
    elsewhere,
    record,
    freeze: () => proxy.freeze(),
    /** The delayed commands are done; a later command over the same connection has been answered. */
    release: async () => {
      proxy.restore();
      await stuck.ping();
    },
  };
}

async function fails(call: Promise<unknown>): Promise<void> {
  const error = await call.catch((reason) => reason);
  assert.ok(isSessionError(error, "ERR_SESSION_STORE"), String(error));
}

test("a late commit is done only without a write in between", async (t) => {
  const { late, elsewhere, record, freeze, release } = await start(t);
  const { sid, createdAt: at } = record;
  freeze();
  await fails(late.commit(sid, { at, set: { late: 1 } }, record));
  await elsewhere.commit(sid, { at, set: { early: 1 } });
  await release();
  assert.deepEqual(JSON.parse((await elsewhere.load(sid))?.data ?? ""), { early: 1 });
  freeze();
  const now = (await elsewhere.load(sid)) as SessionRecord;
  await fails(late.commit(sid, { at, set: { late: 1 } }, now));
  await release();
  assert.deepEqual(JSON.parse((await elsewhere.load(sid))?.data ?? ""), { early: 1, late: 1 });
});

test("a late touch or rotation of a session that ended meanwhile does not bring it back", async (t) => {
  const { server, late, elsewhere, record, freeze, release } = await start(t);
  const { sid, createdAt: at, secretDigest: from } = record;
  freeze();
  await fails(
    late.commit(
      sid,
      { at, touch: { idleTimeout: HOUR }, rotate: { kind: "replace", from, to: "x", family: "f" } },
      record,
    ),
  );
  assert.equal(await elsewhere.delete(sid), true);
  await release();
  assert.equal(await elsewhere.load(sid), null);
  assert.equal(await server.ask("EXISTS", keys.session(sid), keys.user("anna")), 0);
});

test("a late rotation has one successor: the one that rotated meanwhile", async (t) => {
  const { late, elsewhere, record, freeze, release } = await start(t);
  const { sid, createdAt: at, secretDigest: from } = record;
  freeze();
  await fails(late.commit(sid, { at, rotate: { kind: "replace", from, to: "late", family: "f" } }, record));
  await elsewhere.commit(sid, { at, rotate: { kind: "replace", from, to: "early", family: "f" } });
  await release();
  assert.equal((await elsewhere.load(sid))?.secretDigest, "early");
});

test("a late sign-in leaves neither a session nor a place that counts against the user's limit", async (t) => {
  const { server, late, elsewhere, record, freeze, release } = await start(t);
  freeze();
  const mine = sampleRecord({ userId: "anna" });
  await fails(late.create(mine, { max: 2, onExceeded: "refuse" }));
  await release();
  assert.deepEqual(await server.ask("ZRANGE", keys.user("anna"), "0", "-1"), [`c${record.sid}`]);
  assert.equal(await elsewhere.load(mine.sid), null);
  const next = await elsewhere.create(sampleRecord({ userId: "anna" }), { max: 2, onExceeded: "refuse" });
  assert.equal(next.status, "created");
});

test("a sign-in whose record was stored before its process crashed is never listed, and goes at its deadline", async (t) => {
  const { server, elsewhere, record } = await start(t);
  const left = sampleRecord({ userId: "anna" });
  const now = left.createdAt;
  await server.ask("ZADD", keys.user("anna"), String(now + 60_000), `p${left.sid}`);
  await elsewhere.create({ ...left, userId: null });
  const later = { createdAt: now + 60_000, absoluteExpiresAt: now + 2 * HOUR };
  await elsewhere.create(sampleRecord({ userId: "anna", ...later }));
  const { records } = await elsewhere.list("anna");
  assert.ok(records.some(({ sid }) => sid === record.sid) && !records.some(({ sid }) => sid === left.sid));
  const lives = Number(await server.ask("PTTL", keys.session(left.sid)));
  assert.ok(lives > 0 && lives <= left.expiresAt - now + 60_000, `${lives} ms`);
});

test("a late anonymous session goes at its idle deadline", async (t) => {
  const { server, late, freeze, release } = await start(t);
  freeze();
  const mine = sampleRecord();
  await fails(late.create(mine));
  await release();
  const lives = Number(await server.ask("PTTL", keys.session(mine.sid)));
  assert.ok(lives > 0 && lives <= mine.expiresAt - mine.createdAt + 60_000, `${lives} ms`);
});

test("a late sign-out is done, and touches nothing that began since", async (t) => {
  const { late, elsewhere, record, freeze, release } = await start(t);
  freeze();
  await fails(late.delete(record.sid));
  const after = sampleRecord({ userId: "anna" });
  await elsewhere.create(after);
  await release();
  assert.equal(await elsewhere.load(record.sid), null);
  assert.equal((await elsewhere.load(after.sid))?.sid, after.sid);
  assert.deepEqual(
    (await elsewhere.list("anna")).records.map(({ sid }) => sid),
    [after.sid],
  );
});
