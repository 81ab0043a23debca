// The keys that the store leaves in Redis: their names, their lifetimes, and nothing that could be used or misread.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, test } from "node:test";
import { createClient } from "@redis/client";
import { headerTransport, SessionManager } from "sessile";
import { mintSession, sampleRecord } from "sessile/testing";
import { startRedis } from "sessile-test-support/redis-server";
import { patientStore, watchedStore } from "./connect.ts";

const MARGIN = 60_000;

const server = await startRedis();
const client = await createClient({ url: server.url }).connect();
after(async () => {
  client.destroy();
  await server.close();
});

test("C3: keys are a constant prefix and a sid or a digest, whatever the user is called", async () => {
  const userId = "{tag} *?[x]\r\nDEL \0 é🔑";
  const record = sampleRecord({ userId });
  await patientStore(client, "c3:").create(record);
  const digest = createHash("sha256").update(Buffer.from(userId, "utf16le")).digest("base64url");
  assert.deepEqual((await client.keys("c3:*")).sort(), [`c3:layout`, `c3:s:${record.sid}`, `c3:u:${digest}`].sort());
  assert.equal(await client.get("c3:layout"), "2");
  assert.deepEqual(await client.zRangeWithScores(`c3:u:${digest}`, 0, -1), [
    { value: `c${record.sid}`, score: record.createdAt },
  ]);
});

test("C4: user ids that only differ in half a character have lists of their own", async () => {
  const store = patientStore(client, "c4:");
  await store.create(sampleRecord({ userId: "\ufffd" }));
  assert.deepEqual((await store.list("\ud800")).records, []);
  assert.equal((await store.list("\ufffd")).records.length, 1);
});

test("C1: nothing in Redis opens a session", async () => {
  const manager = new SessionManager({
    store: patientStore(client, "c1:"),
    transports: [headerTransport()],
    sweepInterval: 0,
  });
  const { token } = await mintSession(manager, "42");
  const secret = token.slice("ses_".length + 22, -6);
  const keys = await client.keys("c1:*");
  const values = await Promise.all(
    keys.map(async (key) => ((await client.type(key)) === "zset" ? client.zRange(key, 0, -1) : client.get(key))),
  );
  const dump = JSON.stringify([keys, values]);
  assert.ok(dump.includes(createHash("sha256").update(secret).digest("base64url")), "its digest is there");
  for (const form of ["utf8", "hex", "base64", "base64url"] as const) {
    assert.ok(!dump.includes(Buffer.from(secret).toString(form)));
  }
});

test("E8: Redis drops a record a margin after its deadline, and the index a margin after the last one", async () => {
  const store = patientStore(client, "e8:");
  const record = sampleRecord({ userId: "u" });
  const longer = sampleRecord({ userId: "u", absoluteExpiresAt: record.absoluteExpiresAt + 5000 });
  const deadlineOf = (key: string) => client.pExpireTime(`e8:${key}`);
  await store.create(longer);
  await store.create(record);
  const [index = ""] = await client.keys("e8:u:*");
  assert.equal(await deadlineOf(`s:${record.sid}`), record.expiresAt + MARGIN);
  assert.equal(await client.pExpireTime(index), longer.absoluteExpiresAt + MARGIN);
  await store.commit(
    record.sid,
    { at: record.createdAt, touch: { idleTimeout: record.expiresAt + 7 - record.createdAt } },
    record,
  );
  assert.equal(await deadlineOf(`s:${record.sid}`), record.expiresAt + 7 + MARGIN);
  await store.commit(record.sid, { at: record.createdAt, set: { a: 1 } });
  assert.equal(await deadlineOf(`s:${record.sid}`), record.expiresAt + 7 + MARGIN);
});

test("E9: a record that Redis drops while the session lives is gone, and comes back with no commit", async () => {
  const store = patientStore(client, "e9:");
  const record = sampleRecord({ userId: "u" });
  await store.create(record);
  await client.del(`e9:s:${record.sid}`);
  assert.deepEqual(await store.commit(record.sid, { at: record.createdAt, set: { a: 1 } }, record), { status: "gone" });
  assert.deepEqual((await store.list("u")).records, []);
  assert.deepEqual(await client.keys("e9:u:*"), [], "the list forgets it");
});

test("another layout, newer or older, is refused by every call, and nothing is written", async () => {
  const record = sampleRecord({ userId: "u" });
  const refused = { code: "ERR_SESSION_STORE", message: /`new:layout` in Redis is not `2`/ };
  for (const layout of ["3", "1"]) {
    await client.set("new:layout", layout);
    const store = patientStore(client, "new:");
    await assert.rejects(store.create(record), refused);
    await assert.rejects(async () => store.load(record.sid), refused);
    await assert.rejects(store.commit(record.sid, { at: 0 }, record), refused);
    await assert.rejects(store.delete(record.sid), refused);
    await assert.rejects(store.list("u"), refused);
    await assert.rejects(store.deleteByUser("u"), refused);
    assert.deepEqual(await client.keys("new:*"), ["new:layout"]);
    assert.equal(await client.get("new:layout"), layout);
  }
});

test("a store asks for the layout once", async () => {
  const { store, sent } = watchedStore(client, "once:");
  await Promise.all([1, 2, 3].map(async () => store.load(sampleRecord().sid)));
  await store.load(sampleRecord().sid);
  assert.equal(sent.filter(([, key]) => key === "once:layout").length, 1);
});
