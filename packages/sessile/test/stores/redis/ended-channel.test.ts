// Other processes are told which sessions ended, over a connection of its own.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createClient } from "@redis/client";
import { type RedisClient, redisStore } from "sessile/redis";
import { sampleRecord } from "sessile/testing";
import { startRedis } from "sessile-test-support/redis-server";
import { connectIoredis, patientStore } from "./connect.ts";

const server = await startRedis();
const admin = await createClient({ url: server.url }).connect();
const elsewhere = patientStore(admin, "w:");
const ioredis = await connectIoredis(server.port, { retryStrategy: () => 10 });
const node = await createClient({ socket: { port: server.port, reconnectStrategy: 10 } }).connect();
after(async () => {
  for (const client of [admin, node]) client.destroy();
  ioredis.disconnect();
  await server.close();
});

interface Hearing {
  /** What the listener hears, one by one. */
  readonly next: () => Promise<string | null>;
  readonly close: () => Promise<void>;
}

/** Listens, and waits until it does: what ended before that may have been missed, so `null` comes twice. */
async function listen(client: RedisClient): Promise<Hearing> {
  const store = redisStore({ client, prefix: "w:" });
  const heard: (string | null)[] = [];
  let wake = () => {};
  store.watch?.((sid) => {
    heard.push(sid);
    wake();
  });
  const next = async () => {
    while (heard.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return heard.shift() as string | null;
  };
  assert.deepEqual([await next(), await next()], [null, null]);
  return { next, close: () => store.close() };
}

for (const [name, client] of Object.entries({ "@redis/client": node, ioredis })) {
  test(`a session that ends in another process is told over ${name}, however it ends`, async () => {
    const { next, close } = await listen(client);
    const [signedOut, revoked, evicted] = ["a", "b", "c"].map((userId) => sampleRecord({ userId }));
    for (const record of [signedOut, revoked, evicted]) await elsewhere.create(record!);
    await elsewhere.delete(signedOut!.sid);
    await elsewhere.deleteByUser("b");
    await elsewhere.create(sampleRecord({ userId: "c" }), { max: 1, onExceeded: "evictOldest" });
    const told = [await next(), await next(), await next()];
    assert.deepEqual(told, [signedOut?.sid, revoked?.sid, evicted?.sid]);
    await close();
    await elsewhere.deleteByUser("c");
  });

  test(`a lost connection is told over ${name}, because something may have been missed`, async () => {
    const { next, close } = await listen(client);
    await admin.sendCommand(["CLIENT", "KILL", "TYPE", "pubsub"]);
    assert.equal(await next(), null);
    await close();
  });

  test(`a store that is closed leaves no connection behind over ${name}`, async () => {
    const { close } = await listen(client);
    await close();
    while ((await admin.sendCommand<string>(["CLIENT", "LIST", "TYPE", "pubsub"])) !== "");
  });
}
