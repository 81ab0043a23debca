// Keys of the store that hold something else than the store wrote: another type, or far too much.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { createClient } from "@redis/client";
import { headerTransport, SessionManager } from "sessile";
import { rebuildUserIndex, redisStore } from "sessile/redis";
import type { SessionRecord, SessionStore } from "sessile/store";
import { mintSession, sampleRecord } from "sessile/testing";
import { startRedis } from "sessile-test-support/redis-server";
import { RedisKeys } from "#dist/stores/redis/keys.js";
import { requestWith } from "../../support/requests.ts";
import { connectIoredis, patientStore } from "./connect.ts";

const server = await startRedis();
const client = await createClient({ url: server.url }).connect();
const ioredis = await connectIoredis(server.port);
after(async () => {
  client.destroy();
  ioredis.disconnect();
  await server.close();
});

const OTHER_TYPES: Record<string, readonly string[]> = {
  list: ["RPUSH", "x"],
  set: ["SADD", "x"],
  "sorted set": ["ZADD", "1", "x"],
  hash: ["HSET", "x", "1"],
  stream: ["XADD", "*", "x", "1"],
};

const STORES: Record<string, (prefix: string) => SessionStore> = {
  "@redis/client": (prefix) => patientStore(client, prefix),
  ioredis: (prefix) => patientStore(ioredis, prefix),
  "strict sign-out": (prefix) => redisStore({ client, prefix, deadline: 10_000, confirmReplicas: 1 }),
};

async function replaceBy(key: string, [command, ...args]: readonly string[]): Promise<void> {
  await server.ask("DEL", key);
  await server.ask(command as string, key, ...args);
}

for (const [over, open] of Object.entries(STORES)) {
  describe(`over ${over}`, () => {
    for (const [type, command] of Object.entries(OTHER_TYPES)) {
      test(`G2: a session key that holds a ${type} is no session, over ${over}`, async () => {
        const prefix = `${over[0]}-${type[0]}${type.length}:`;
        const store = open(prefix);
        const [odd, even] = [sampleRecord({ userId: "anna" }), sampleRecord({ userId: "anna" })];
        for (const record of [odd, even]) await store.create(record);
        await replaceBy(`${prefix}s:${odd.sid}`, command);
        await assert.rejects(store.load(odd.sid), { code: "ERR_SESSION_RECORD" });
        for (const base of [undefined, odd]) {
          assert.deepEqual(await store.commit(odd.sid, { at: odd.createdAt, set: { a: 1 } }, base), { status: "gone" });
        }
        assert.deepEqual(sidsIn((await store.list("anna")).records), [even.sid]);
        assert.deepEqual(await store.create(odd), { status: "exists" });
        assert.deepEqual(await store.create({ ...odd, userId: null }), { status: "exists" });
        const third = sampleRecord({ userId: "anna" });
        assert.deepEqual(await store.create(third, { max: 2, onExceeded: "refuse" }), { status: "refused" });
        if (over === "strict sign-out") return;
        assert.equal(await store.delete(odd.sid), true);
        assert.equal(await server.ask("EXISTS", `${prefix}s:${odd.sid}`), 0);
        await replaceBy(`${prefix}s:${even.sid}`, command);
        assert.deepEqual(await store.deleteByUser("anna"), [even.sid]);
        assert.equal(await server.ask("EXISTS", `${prefix}s:${even.sid}`), 0);
      });
    }

    test(`a user's index that was replaced by another type is a lost one: sign-in makes it anew, over ${over}`, async () => {
      const prefix = `${over[0]}-index:`;
      const store = open(prefix);
      const former = sampleRecord({ userId: "anna" });
      await store.create(former);
      const index = new RedisKeys(prefix).user("anna");
      for (const call of [
        () => store.list("anna"),
        () => store.deleteByUser("anna"),
        () => store.create(sampleRecord({ userId: "anna" }), { max: 5, onExceeded: "refuse" }),
        () => rebuildUserIndex(client, prefix),
      ]) {
        await replaceBy(index, ["SET", "x"]);
        await call();
      }
      const { records } = await store.list("anna");
      assert.equal(records.length, 2);
    });
  });
}

test("a request with the token of a session whose key holds another type is anonymous, and may sign in", async () => {
  const store = patientStore(client, "odd:");
  const manager = new SessionManager({ store, transports: [headerTransport()] });
  const { sid, headers } = await mintSession(manager, "anna");
  await replaceBy(`odd:s:${sid}`, ["RPUSH", "x"]);
  const { session } = await manager.open(requestWith(headers));
  assert.equal(session.userId, null);
  await session.signIn("anna");
  await manager.close();
});

test("a record of 30 MB is no session, and is not looked into", async () => {
  const store = patientStore(client, "big:");
  const record = sampleRecord({ data: JSON.stringify({ text: "x".repeat(30_000_000) }) });
  await store.create(record);
  await assert.rejects(store.load(record.sid), { code: "ERR_SESSION_RECORD" });
  assert.deepEqual(await store.commit(record.sid, { at: record.createdAt, set: { a: 1 } }), { status: "gone" });
  assert.equal(await store.delete(record.sid), true);
});

function sidsIn(records: readonly SessionRecord[]): readonly string[] {
  return records.map(({ sid }) => sid);
}
