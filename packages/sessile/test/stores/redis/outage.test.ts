// Redis hangs, goes away and comes back, under real clients of both libraries with their queues as they come.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { inspect } from "node:util";
import { createClient } from "@redis/client";
import { isSessionError } from "sessile";
import { type RedisClient, redisStore } from "sessile/redis";
import type { SessionStore } from "sessile/store";
import { sampleRecord } from "sessile/testing";
import { startRedis } from "sessile-test-support/redis-server";
import { connectIoredis } from "./connect.ts";

interface Client {
  readonly client: RedisClient;
  /** Resolves when the connection is lost. */
  readonly lost: () => Promise<unknown>;
  /** Resolves when there is a new one. */
  readonly back: () => Promise<unknown>;
  readonly close: () => void;
}

const DEADLINE = 100;
const CLIENTS: Record<string, (port: number) => Promise<Client>> = {
  "@redis/client": async (port) => {
    const socket = { port, reconnectStrategy: 10 };
    const client = await createClient({ socket }).connect();
    return {
      client,
      lost: () => new Promise((resolve) => client.once("reconnecting", resolve)),
      back: () => new Promise((resolve) => client.once("ready", resolve)),
      close: () => client.destroy(),
    };
  },
  ioredis: async (port) => {
    const client = await connectIoredis(port, { retryStrategy: () => 10 });
    return {
      client,
      lost: () => new Promise((resolve) => client.once("close", resolve)),
      back: () => new Promise((resolve) => client.once("ready", resolve)),
      close: () => client.disconnect(),
    };
  },
};

for (const [name, connect] of Object.entries(CLIENTS)) {
  test(`P2, P4: while Redis hangs every call fails in time over ${name}, and no late answer goes astray`, async () => {
    const server = await startRedis();
    const { client, close } = await connect(server.port);
    const store = redisStore({ client, deadline: DEADLINE });
    const [one, two] = [sampleRecord({ userId: "u" }), sampleRecord({ userId: "u" })];
    await patiently(() => store.create(one));
    await patiently(() => store.create(two));
    process.kill(server.pid, "SIGSTOP");
    await failsInTime(async () => store.load(one.sid));
    await failsInTime(() => store.delete(one.sid));
    await failsInTime(() => store.list("u"));
    const commit = () => failsInTime(() => store.commit(one.sid, { at: one.createdAt, set: { a: 1 } }, one));
    await Promise.all(Array.from({ length: 100 }, commit));
    process.kill(server.pid, "SIGCONT");
    assert.equal((await patiently(async () => store.load(two.sid)))?.sid, two.sid);
    close();
    await server.close();
  });

  test(`P3: while Redis is away every call fails at once over ${name}, and nothing of it is done later`, async () => {
    const server = await startRedis();
    const { client, lost, back, close } = await connect(server.port);
    const store = redisStore({ client, deadline: DEADLINE });
    const [known, unknown, hanging] = [sampleRecord(), sampleRecord(), sampleRecord()];
    await patiently(() => store.create(known));
    process.kill(server.pid, "SIGSTOP");
    await failsInTime(() => store.create(hanging));
    const isLost = lost();
    await server.close();
    await isLost;
    for (let i = 0; i < 1000; i++) await assert.rejects(store.create(unknown), { message: /not connected/ });
    await assert.rejects(async () => store.load(known.sid), { code: "ERR_SESSION_STORE", message: /not connected/ });
    const isBack = back();
    const again = await startRedis(["--port", String(server.port)]);
    await isBack;
    assert.equal(await patiently(async () => store.load(known.sid)), null, "it kept nothing on disk");
    assert.equal(await writes(server.url), 0, "nothing was queued, nothing was sent again");
    close();
    await again.close();
  });
}

test("errors of a real Redis show neither keys nor data", async (t) => {
  const server = await startRedis();
  const node = await createClient({ url: server.url }).connect();
  const ioredis = await connectIoredis(server.port);
  t.after(async () => {
    node.destroy();
    ioredis.disconnect();
    await server.close();
  });
  const record = sampleRecord({ userId: "somebody", data: '{"secret":"plain text"}' });
  const change = { at: record.createdAt, set: { secret: "plain text" } };
  for (const client of [node, ioredis]) {
    const store: SessionStore = redisStore({ client, deadline: 10_000 });
    await store.create(record);
    await node.configSet("maxmemory", "1");
    const calls: (() => Promise<unknown>)[] = [
      () => store.commit(record.sid, change, record),
      () => store.create(sampleRecord({ userId: "somebody", data: record.data })),
    ];
    for (const call of calls) {
      const error: unknown = await call().catch((reason) => reason);
      assert.ok(isSessionError(error, "ERR_SESSION_STORE"));
      assert.match(error.message, /OOM/);
      const shown = inspect(error, { depth: 9, showHidden: true });
      for (const hidden of [record.sid, "plain text", record.secretDigest]) assert.ok(!shown.includes(hidden));
    }
    await node.configSet("maxmemory", "0");
    await node.flushDb();
  }
});

/** Fails, and long before a hundred that wait for each other would. */
async function failsInTime(call: () => Promise<unknown>): Promise<void> {
  const start = performance.now();
  await assert.rejects(call(), { code: "ERR_SESSION_STORE" });
  const took = performance.now() - start;
  assert.ok(took < DEADLINE * 50, `it took ${Math.round(took)} ms with a deadline of ${DEADLINE} ms`);
}

/** Tries again while this machine is too busy for the short deadline. */
async function patiently<T>(call: () => Promise<T>): Promise<T> {
  for (const givenUpAt = performance.now() + 30_000; ; await pause(20)) {
    try {
      return await call();
    } catch (error) {
      if (performance.now() > givenUpAt) throw error;
    }
  }
}

/** How many kinds of write a server was asked for since it started. */
async function writes(url: string): Promise<number> {
  const client = await createClient({ url }).connect();
  const stats = await client.info("commandstats");
  client.destroy();
  return (stats.match(/cmdstat_(set|evalsha|eval|getdel|del)\b/g) ?? []).length;
}
