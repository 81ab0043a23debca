// N4: what is left of a user after `revokeUser`: nothing, in no store.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Redis } from "ioredis";
import { headerTransport, memoryStore, SessionManager } from "sessile";
import { redisStore } from "sessile/redis";
import { sqliteStore } from "sessile/sqlite";
import type { SessionStore } from "sessile/store";
import { mintSession } from "sessile/testing";
import { temporaryFolder } from "sessile-test-support/folder";
import { startRedis } from "sessile-test-support/redis-server";

const USER = "erased-user-7f3a";
const STAYS = "another-user-91c2";

/** Signs two users in and erases one; `dump` gives all bytes that the store keeps. */
async function eraseOne(store: SessionStore, dump: () => Promise<Buffer>): Promise<void> {
  const manager = new SessionManager({ store, transports: [headerTransport()], sweepInterval: 0 });
  const sids: string[] = [];
  for (let round = 0; round < 20; round++) {
    const { sid } = await mintSession(manager, USER, { data: { note: `private-${USER}` }, device: `phone of ${USER}` });
    sids.push(sid);
    await mintSession(manager, STAYS);
  }
  assert.ok((await dump()).includes(USER), "the search must be able to find");
  assert.equal(await manager.revokeUser(USER), 20);
  const left = await dump();
  assert.ok(left.includes(STAYS), "other users stay");
  for (const text of [USER, ...sids]) assert.equal(left.includes(text), false, `${text} is left`);
  assert.deepEqual((await manager.list(USER)).sessions, []);
  assert.equal((await manager.list(STAYS)).sessions.length, 20);
  await manager.close();
}

test("N4: revokeUser leaves nothing of the user in memory", async () => {
  const store = memoryStore();
  const records = async (): Promise<Buffer> => {
    const pages = await Promise.all([USER, STAYS].map((user) => store.list(user)));
    return Buffer.from(JSON.stringify(pages));
  };
  await eraseOne(store, records);
});

test("N4: revokeUser leaves nothing of the user in the SQLite file, nor in its log", {
  skip: process.getBuiltinModule?.("node:sqlite") === undefined,
}, async () => {
  const path = join(temporaryFolder(), "erase.db");
  const files = [path, `${path}-wal`, `${path}-shm`];
  await eraseOne(sqliteStore({ path }), async () =>
    Buffer.concat(files.filter((file) => existsSync(file)).map((file) => readFileSync(file))),
  );
});

test("N4: revokeUser leaves nothing of the user in Redis, neither keys nor values", async () => {
  const server = await startRedis();
  const client = new Redis(server.port, { autoResendUnfulfilledCommands: false });
  try {
    await client.ping();
    await eraseOne(redisStore({ client }), async () => {
      const keys = await client.keys("*");
      const values = keys.map(async (key) =>
        (await client.type(key)) === "string"
          ? client.get(key)
          : String(await client.zrange(key, "0", "-1", "WITHSCORES")),
      );
      return Buffer.from([...keys, ...(await Promise.all(values))].join("\n"));
    });
  } finally {
    client.disconnect();
    await server.close();
  }
});
